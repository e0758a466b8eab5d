from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from agent.model import resend
from agent.model.resend import Resend
from agent.model.update import Code, Refusal
from tests.updates import json_values


def asks(**wanted: Any) -> dict[str, Any]:
    return {"id": "r-1", "kind": "resend"} | wanted


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"since_position": 0}, "since_position 0"),
        ({"subject": "inventory/Tasse groß", "type": None}, "subject inventory/Tasse groß"),
        ({"type": "retail.order.snapshot.v1", "why": "backup"}, "type retail.order.snapshot.v1"),
    ],
)
def test_it_asks_for_one_thing(wanted: dict[str, Any], told: str) -> None:
    read = resend.read(asks(**wanted))
    assert isinstance(read, Resend)
    assert read.told() == told


@pytest.mark.parametrize(
    ("wanted", "wrong"),
    [
        ({}, "one of since_position, subject and type"),
        ({"subject": "order/1", "type": "t"}, "one of since_position, subject and type"),
        ({"since_position": "7"}, "since_position"),
        ({"since_position": -1}, "since_position"),
        ({"since_position": True}, "since_position"),
        ({"since_position": 2**63}, "since_position"),
        ({"subject": ""}, "subject"),
        ({"subject": "order/1\n"}, "subject"),
        ({"type": "x" * 201}, "type"),
        ({"id": 7, "subject": "order/1"}, "id"),
    ],
)
def test_what_can_not_be_met_is_invalid(wanted: dict[str, Any], wrong: str) -> None:
    read = resend.read(asks(**wanted))
    assert isinstance(read, Refusal)
    assert read.code is Code.INVALID
    assert wrong in read.message


@given(json_values.items())
def test_any_item_is_read_or_refused_or_about_something_else(item: object) -> None:
    read = resend.read(item)
    is_asking = isinstance(item, dict) and item.get("kind") == "resend"
    assert (read is not None) is is_asking
    if isinstance(read, Resend):
        assert read.told().isprintable()
