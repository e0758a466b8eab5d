from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.events import lanes
from agent.model.delivery import Head

K = 1024


def _heads(*sizes: int) -> list[Head]:
    return [Head(f"order/{n}", n, size, lanes.URGENT) for n, size in enumerate(sizes)]


@pytest.mark.parametrize(
    ("sizes", "most", "max_bytes", "chosen"),
    [
        ((), 10, 100 * K, []),
        ((1, 1, 1), 10, 100 * K, [0, 1, 2]),
        ((1, 1, 1), 2, 100 * K, [0, 1]),
        ((K, K, K), 10, 4 * K, [0, 1]),  # envelopes count too
        ((99 * K, 1, 1), 10, 4 * K, [0]),  # too large: the gateway says so itself
        ((1, 99 * K, 1), 10, 4 * K, [0]),  # nobody is overtaken
    ],
)
def test_which_go_together(
    sizes: tuple[int, ...], most: int, max_bytes: int, chosen: list[int]
) -> None:
    found = lanes.choose(_heads(*sizes), most=most, max_bytes=max_bytes)
    assert [head.sequence for head in found] == chosen


@given(
    st.lists(st.integers(0, 10 * K), max_size=30),
    st.integers(1, 20),
    st.integers(1, 50 * K),
)
def test_a_batch_keeps_its_bounds_and_its_order(
    sizes: list[int], most: int, max_bytes: int
) -> None:
    heads = _heads(*sizes)
    chosen = lanes.choose(heads, most=most, max_bytes=max_bytes)
    assert chosen == heads[: len(chosen)]
    assert bool(chosen) is bool(heads)
    assert len(chosen) <= most
    total = sum(head.size + lanes.ENVELOPE_BYTES for head in chosen)
    assert len(chosen) <= 1 or total <= max_bytes
    if len(chosen) < min(most, len(heads)):
        assert total + heads[len(chosen)].size + lanes.ENVELOPE_BYTES > max_bytes
