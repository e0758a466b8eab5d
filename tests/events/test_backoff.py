from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.events import backoff

MANY = 400


def _waits(failures: int, asked_s: float | None = None) -> list[float]:
    rng = random.Random(5)
    return [backoff.wait_s(failures, rng, asked_s) for _ in range(MANY)]


@pytest.mark.parametrize(
    ("failures", "ceiling_s"),
    [(1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (17, 300), (10_000, 300)],
)
def test_the_ceiling_doubles_with_each_failure_and_jitter_is_full(
    failures: int, ceiling_s: float
) -> None:
    waits = _waits(failures)
    assert min(waits) < ceiling_s * 0.02
    assert ceiling_s * 0.98 < max(waits) <= ceiling_s


@pytest.mark.parametrize(
    ("asked_s", "at_least", "at_most"),
    [(0.0, 0, 0.1), (-5.0, 0, 0.1), (120.0, 120, 120.1), (10.0**9, 3600, 3600.1)],
)
def test_never_sooner_than_asked_within_reason(
    asked_s: float, at_least: float, at_most: float
) -> None:
    waits = _waits(1, asked_s)
    assert at_least <= min(waits) < max(waits) <= at_most


@given(st.integers(1, 10**6), st.none() | st.floats(allow_nan=False), st.randoms())
def test_every_wait_ends(failures: int, asked_s: float | None, rng: random.Random) -> None:
    assert 0 <= backoff.wait_s(failures, rng, asked_s) <= 3600 + 30
