"""Every resource: any body becomes a model that can be sent, or is untranslatable."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.model import content
from agent.model.types import TYPES
from agent.woo.translate import canonical, refund
from agent.woo.translate.errors import Untranslatable
from agent.woo.translate.rules import PLAIN, Rules
from tests import recordings
from tests.woo.translate import bodies

_COUPON = {
    "id": 7,
    "code": "welcome10",
    "amount": "10.00",
    "status": "publish",
    "date_created_gmt": "2026-11-23T20:15:52",
    "date_modified_gmt": "2026-11-23T20:15:52",
    "date_expires_gmt": None,
    "discount_type": "percent",
    "usage_limit": 0,
    "product_ids": [10, 11],
    "email_restrictions": ["*@example.com"],
    "minimum_amount": "0.00",
    "meta_data": [{"id": 1, "key": "_note", "value": "x"}],
}
_ORDER = bodies.rest("order_get_refunded")
_REFUNDS = [bodies.rest("refund_create_partial_restock"), bodies.rest("refund_create_rest")]
_RECORDED = {
    "order": bodies.of("order"),
    "refund": refund.of_order(_ORDER, _REFUNDS),
    "customer": [*bodies.of("customer"), bodies.rest("customer_create")],
    "product": [
        *bodies.of("product"),
        bodies.rest("product_variable_get"),
        *bodies.rest("variations_list"),
    ],
    "coupon": [_COUPON],
}
_RULES = Rules(meta=frozenset({"_note", "_reduced_stock", "size", "_refund_type"}))


@pytest.mark.parametrize("resource", _RECORDED)
def test_every_recorded_body_survives_json_and_its_own_model(resource: str) -> None:
    assert resource in canonical.RESOURCES
    for body in _RECORDED[resource]:
        translated = canonical.snapshot(resource, body, PLAIN)
        sent = content.encoded(translated)
        model = TYPES[f"retail.{resource}.snapshot.v1"]
        assert model.model_validate_json(sent) == translated
        assert json.loads(sent)["id"] == f"{resource}/{body['id']}"
        assert json.loads(sent)["anomalies"] == []


def test_every_recorded_webhook_translates_but_the_error_objects() -> None:
    left = [hook for hook in recordings.webhooks() if hook.topic]
    assert len(left) == 43
    for hook in left:
        resource, _, event = hook.topic.partition(".")
        if hook.number in (42, 43):
            with pytest.raises(Untranslatable):
                canonical.snapshot(resource, hook.json(), PLAIN)
        elif event == "deleted":
            number = hook.json()["id"]
            assert canonical.deletion(f"{resource}/{number}").resource_id == number
        else:
            canonical.snapshot(resource, hook.json(), PLAIN)


@pytest.mark.parametrize("subject", ["order/", "order/x", "inventory/MUG-1", "order"])
def test_what_has_no_number_was_no_resource(subject: str) -> None:
    with pytest.raises(Untranslatable):
        canonical.deletion(subject)


@settings(deadline=None, max_examples=300)
@given(st.data())
@pytest.mark.parametrize("resource", _RECORDED)
def test_any_body_becomes_what_can_be_sent_or_is_untranslatable(
    resource: str, data: st.DataObject
) -> None:
    body: dict[str, Any] = data.draw(bodies.mutated(_RECORDED[resource]))
    try:
        translated = canonical.snapshot(resource, body, _RULES)
    except Untranslatable:
        return
    sent = content.encoded(translated)
    assert sent.isascii()
    model = TYPES[f"retail.{resource}.snapshot.v1"]
    assert model.model_validate_json(sent) == translated


@settings(deadline=None, max_examples=100)
@given(bodies.mutated([_ORDER]), bodies.mutated(_REFUNDS), bodies.mutated(_REFUNDS))
def test_whatever_an_order_and_its_refunds_are_they_can_be_put_together(
    order: dict[str, Any], one: dict[str, Any], other: dict[str, Any]
) -> None:
    for body in refund.of_order(order, [one, other]):
        try:
            canonical.snapshot("refund", body, PLAIN)
        except Untranslatable:
            continue


def test_only_allowed_meta_data_is_told_in_a_steady_order() -> None:
    entries = [
        {"id": 3, "key": "_vat_number", "value": "DE1"},
        {"id": 2, "key": "_gift", "value": {"wrap": True, "card": ["Ann", 1]}},
        {"id": 1, "key": "_vat_number", "value": "AT1"},
        {"id": 4, "key": "_secret", "value": "x"},
        {"id": 5, "key": "_gift", "value": None},
        {"id": 6, "key": ["_gift"], "value": "x"},
        "broken",
    ]
    rules = Rules(meta=frozenset({"_vat_number", "_gift"}))
    for resource, recorded in _RECORDED.items():
        body = recorded[0] | {"meta_data": entries}
        told = json.loads(content.encoded(canonical.snapshot(resource, body, rules)))["meta"]
        assert told == [
            {"key": "_gift", "value": ""},
            {"key": "_gift", "value": '{"card":["Ann",1],"wrap":true}'},
            {"key": "_vat_number", "value": "AT1"},
            {"key": "_vat_number", "value": "DE1"},
        ], resource
        again = canonical.snapshot(resource, body | {"meta_data": entries[::-1]}, rules)
        assert json.loads(content.encoded(again))["meta"] == told
        assert not json.loads(content.encoded(canonical.snapshot(resource, body, PLAIN)))["meta"]
