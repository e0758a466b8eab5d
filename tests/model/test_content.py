from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import content

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def _turned(value: Any) -> Any:
    """The same content with the keys of every object the other way round."""
    if isinstance(value, dict):
        return {key: _turned(inner) for key, inner in reversed(value.items())}
    return [_turned(inner) for inner in value] if isinstance(value, list) else value


@given(_JSON)
def test_the_order_of_keys_and_the_way_over_the_wire_do_not_count(value: Any) -> None:
    sent = json.loads(json.dumps(_turned(value)))
    assert content.digest(sent) == content.digest(value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, {"a": "1"}),
        ({"a": None}, {}),
        ({"a": ""}, {"a": None}),
        ({"a": 0}, {"a": False}),
        ([1, 2], [2, 1]),
        ({"a": ["b"]}, {"a": "b"}),
        ({"a": "\ud800"}, {"a": "?"}),
    ],
)
def test_other_content_has_another_digest(one: Any, other: Any) -> None:
    assert content.digest(one) != content.digest(other)
    assert len(content.digest(one)) == 16
