"""Recorded bodies, and what plugins and other versions may make of them."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests import recordings

if TYPE_CHECKING:
    from collections.abc import Sequence

Body = dict[str, Any]

_ODD = st.sampled_from(
    [
        *("", " ", "-0", "-5", "NaN", "1e999", "9" * 5000, "\ud800"),
        *("0000-00-00T00:00:00", "0001-01-01T00:00:00+14:00"),
        *(10**4000, -(2**63), 1e300, float("nan"), Decimal("1e400")),
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | _ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def of(resource: str) -> list[Body]:
    """Every recorded snapshot of that resource, from webhooks and REST."""
    sent = [hook.json() for hook in recordings.webhooks() if hook.topic.startswith(f"{resource}.")]
    return [body for body in sent if len(body) > 1 and "code" not in body]


def rest(name: str) -> Any:
    """The body of a recorded answer."""
    return recordings.rest(name)["response"]["body"]


@st.composite
def mutated(draw: st.DrawFn, bodies: Sequence[Body]) -> Body:
    """One of them in which a few values, at any depth, are gone or anything else."""
    body: Body = copy.deepcopy(draw(st.sampled_from(bodies)))
    for _ in range(draw(st.integers(1, 4))):
        holder, key = draw(st.sampled_from(_places(body)))
        if draw(st.booleans()):
            holder[key] = draw(_JSON)
        else:
            del holder[key]
    return body


def _places(value: Any) -> list[tuple[Any, Any]]:
    keys = list(value if isinstance(value, dict) else range(len(value)))
    nested = [value[key] for key in keys if isinstance(value[key], dict | list)]
    return [(value, key) for key in keys] + [place for inner in nested for place in _places(inner)]
