"""Which events are sound."""

from __future__ import annotations

from typing import Any

import pytest

from agent.demo import gateway_checks
from tests.demo.gateway_caller import event


@pytest.mark.parametrize("name", sorted(event(1).keys() - {"traceparent"}))
def test_an_attribute_that_is_missing_is_named(name: str) -> None:
    lacking = event(1)
    del lacking[name]
    assert (gateway_checks.complaint(lacking, "shop") or "").startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("specversion", "0.3"),
        ("id", "e-1"),
        ("id", "00000001-0000-4000-8000-000000000000"),
        ("source", "urn:woo-agent:store:other"),
        ("type", "retail.order.shipped.v1"),
        ("type", "woocommerce.order"),
        ("subject", "1022"),
        ("subject", "inventory/\ud800"),
        ("time", "2026-11-23 20:22:51"),
        ("recordedtime", "2026-11-23T20:22:51"),
        ("datacontenttype", "text/plain"),
        ("dataschema", ""),
        ("sequence", "17"),
        ("sequence", 18),
        ("correlationid", ""),
        ("causationid", 1),
        ("replay", "true"),
        ("backfill", 1),
        ("traceparent", "00-1-2-3"),
        ("data", None),
        ("data", []),
        ("delivery_id", "underscored"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: Any) -> None:
    wrong = event(1) | {name: value}
    assert (gateway_checks.complaint(wrong, "shop") or "").startswith(f"{name}: ")


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"replay": True, "backfill": False, "causationid": "0199"},
        {"subject": "inventory/MUG 1/ä"},
        {"time": "2026-11-23T20:22:51.5+01:00"},
        {"partitionkey": "of another extension"},
    ],
)
def test_a_sound_event_has_no_complaint(attributes: dict[str, Any]) -> None:
    assert gateway_checks.complaint(event(1, **attributes), "shop") is None


def test_other_topics_pass_through_without_a_schema() -> None:
    passed = event(1, type="woocommerce.subscription.updated.v1", subject="subscription/5")
    del passed["dataschema"], passed["traceparent"]
    assert gateway_checks.complaint(passed, "shop") is None
