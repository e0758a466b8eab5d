"""Recorded WooCommerce orders become canonical orders."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from agent.model import content
from agent.model.order import Order
from agent.woo.translate import order
from agent.woo.translate.errors import Untranslatable
from tests import recordings
from tests.woo.translate import bodies

_WEBHOOKS = (14, 15, 18, 19, 20, 22, 25, 26, 28)
_REST = (
    "order_create_pending_guest",
    "order_create_processing",
    "order_delete_force",
    "order_get",
    "order_get_after_partial_refund",
    "order_get_refunded",
    "order_get_trashed",
    "order_trash",
    "order_update_cancelled",
    "order_update_on_hold",
    "tz_order_create",
)
_BODIES: dict[str, dict[str, Any]] = {
    **{str(number): recordings.webhook(number).json() for number in _WEBHOOKS},
    **{name: recordings.rest(name)["response"]["body"] for name in _REST},
}
_every_recording = pytest.mark.parametrize("body", _BODIES.values(), ids=_BODIES)


@_every_recording
def test_a_recorded_order_has_the_totals_of_the_store_and_its_parts_add_up(
    body: dict[str, Any],
) -> None:
    translated = order.translate(body)
    totals = {name: Decimal(text) for name, text in translated.totals}
    assert translated.totals.total == body["total"]
    assert translated.totals.tax == body["total_tax"]
    assert translated.totals.shipping == body["shipping_total"]
    assert translated.totals.discount == body["discount_total"]
    assert totals["total"] == (
        totals["subtotal"]
        - totals["discount"]
        + totals["fees"]
        + totals["shipping"]
        + totals["tax"]
    )
    assert translated.anomalies == ()


@_every_recording
def test_a_recorded_order_survives_json_and_its_own_model(body: dict[str, Any]) -> None:
    translated = order.translate(body)
    sent = content.encoded(translated)
    assert Order.model_validate_json(sent) == translated
    assert json.loads(sent) == translated.model_dump(mode="json")


@_every_recording
def test_it_makes_no_difference_how_the_caller_parses_numbers(body: dict[str, Any]) -> None:
    exact = json.loads(json.dumps(body), parse_float=Decimal)
    assert order.translate(exact) == order.translate(body)


@pytest.mark.parametrize(
    ("number", "store_status", "payment", "fulfilment", "refunded", "units"),
    [
        (14, "processing", "paid", "unfulfilled", "0.00", [2, 1]),
        (25, "processing", "partially_refunded", "unfulfilled", "10.00", [1, 1]),
        (26, "completed", "partially_refunded", "fulfilled", "10.00", [1, 1]),
        (28, "refunded", "refunded", "fulfilled", "56.41", [1, 1]),
        (18, "pending", "unpaid", "unfulfilled", "0.00", [0]),
        (20, "on-hold", "unpaid", "unfulfilled", "0.00", [3]),
        (22, "cancelled", "unpaid", "cancelled", "0.00", [0]),
    ],
)
def test_the_lives_of_orders_1022_and_1023(
    number: int, store_status: str, payment: str, fulfilment: str, refunded: str, units: list[int]
) -> None:
    translated = order.translate(_BODIES[str(number)])
    assert translated.store_status == store_status
    assert translated.payment_status == payment
    assert translated.fulfilment_status == fulfilment
    assert translated.totals.refunded == refunded
    assert [line.committed_units for line in translated.lines] == units


def test_a_trashed_order_commits_nothing_although_the_store_still_counts_it() -> None:
    trashed = order.translate(_BODIES["order_get_trashed"])
    assert trashed.fulfilment_status == "cancelled"
    assert [(line.quantity, line.committed_units) for line in trashed.lines] == [(2, 0)]


def test_every_part_of_an_order_is_there() -> None:
    translated = json.loads(content.encoded(order.translate(_BODIES["28"])))
    mug, shirt = translated["lines"]
    assert translated["id"] == "order/1022"
    assert translated["customer"] == {
        "kind": "account",
        "id": "customer/3",
        "customer_id": 3,
        "email": "ann.lee2@example.com",
    }
    assert translated["fulfilled_at"] == "2026-11-23T20:22:55Z"
    assert mug == {
        "line_id": 12,
        "product_id": 10,
        "variation_id": None,
        "sku": "MUG-1",
        "gtin": None,
        "name": "Mug",
        "quantity": 2,
        "committed_units": 1,
        "restocked_units": 1,
        "unit_price": "11.25",
        "subtotal": "25.00",
        "subtotal_tax": "4.75",
        "total": "22.50",
        "total_tax": "4.28",
        "taxes": [{"rate_id": 1, "amount": "4.28"}],
        "meta": [],
    }
    assert (shirt["product_id"], shirt["variation_id"], shirt["unit_price"]) == (11, 13, "18.00")
    assert [(line["method"], line["total"]) for line in translated["shipping_lines"]] == [
        ("flat_rate", "4.90")
    ]
    assert [(line["name"], line["total"]) for line in translated["fee_lines"]] == [
        ("Gift wrap", "2.00")
    ]
    assert [(line["code"], line["amount"]) for line in translated["discount_lines"]] == [
        ("welcome10", "4.50")
    ]
    assert translated["tax_lines"] == [
        {
            "line_id": 16,
            "rate_id": 1,
            "code": "DE-VAT-1",
            "label": "VAT",
            "percent": "19.00",
            "compound": False,
            "amount": "8.08",
            "shipping_amount": "0.93",
        }
    ]
    assert translated["refunds"] == [
        {"id": "refund/1024", "refund_id": 1024, "reason": "damaged", "amount": "10.00"},
        {"id": "refund/1025", "refund_id": 1025, "reason": None, "amount": "46.41"},
    ]
    assert translated["payment"]["method"] == "bacs"


def test_a_guest_keeps_name_and_street_in_any_script() -> None:
    guest = order.translate(_BODIES["18"])
    assert (guest.customer.kind, guest.customer.id) == ("guest", None)
    assert guest.fulfilled_at is None
    assert guest.billing_address is not None
    assert guest.billing_address.first_name == "Böb"
    assert guest.billing_address.line_1 == "Łódź 1 🚚"
    assert guest.shipping_address is None


def test_half_a_character_is_replaced_so_that_the_order_can_be_sent() -> None:
    broken = order.translate(_BODIES["14"] | {"customer_note": "Łódź \ud83d"})
    assert broken.customer_note == "Łódź \ufffd"


def test_times_are_the_utc_ones_on_a_site_five_hours_behind() -> None:
    body = _BODIES["tz_order_create"]
    assert body["date_created"] == "2026-11-23T16:00:34"
    created_at = order.translate(body).created_at
    assert created_at == datetime(2026, 11, 23, 21, 0, 34, tzinfo=UTC)


def test_an_email_is_trimmed_and_lowered() -> None:
    body = _BODIES["14"] | {"billing": {"email": " Ann.Lee@Example.COM "}}
    assert order.translate(body).customer.email == "ann.lee@example.com"


@pytest.mark.parametrize("kept", [{"line_items"}, {"line_items", "billing", "total"}])
def test_an_order_with_little_more_than_the_essential_translates(kept: set[str]) -> None:
    body = _BODIES["14"]
    essential = {"id", "status", "currency", *kept}
    translated = order.translate({key: body[key] for key in essential})
    assert translated.number == "1022"
    assert translated.created_at is None
    assert translated.payment_status == "unpaid"
    assert [line.committed_units for line in translated.lines] == [2, 1]


def test_a_line_needs_only_its_id_and_its_quantity() -> None:
    body = _BODIES["14"] | {"line_items": [{"id": 12, "quantity": "2"}]}
    [line] = order.translate(body).lines
    assert (line.quantity, line.committed_units, line.sku, line.total) == (2, 2, None, "0.00")


def test_what_cannot_be_read_is_named_and_the_order_still_goes() -> None:
    body = _BODIES["14"] | {"discount_tax": "abc", "date_paid_gmt": "yesterday"}
    translated = order.translate(body)
    assert translated.anomalies == ("amount_unreadable", "discount_mismatch", "time_unreadable")
    assert translated.totals.discount_tax == "0.00"


@pytest.mark.parametrize("gone", [None, True, [], {}, "", 1.5])
@pytest.mark.parametrize("field", ["id", "status", "currency"])
def test_without_an_essential_field_it_is_untranslatable(field: str, gone: object) -> None:
    with pytest.raises(Untranslatable) as raised:
        order.translate(_BODIES["14"] | {field: gone})
    assert raised.value.field == field


@pytest.mark.parametrize("gone", [None, True, [], {}, "", 1.5])
@pytest.mark.parametrize("field", ["id", "quantity"])
def test_without_an_essential_field_of_a_line_it_is_untranslatable(
    field: str, gone: object
) -> None:
    body = copy.deepcopy(_BODIES["14"])
    body["line_items"][1][field] = gone
    with pytest.raises(Untranslatable) as raised:
        order.translate(body)
    assert raised.value.field == f"line_items[1].{field}"


@pytest.mark.parametrize("lines", [None, "none", 3])
def test_without_its_lines_it_is_untranslatable(lines: object) -> None:
    with pytest.raises(Untranslatable) as raised:
        order.translate(_BODIES["14"] | {"line_items": lines})
    assert raised.value.field == "line_items"


@pytest.mark.parametrize("number", [42, 43])
def test_an_error_object_in_place_of_an_order_is_untranslatable(number: int) -> None:
    with pytest.raises(Untranslatable, match="missing"):
        order.translate(recordings.webhook(number).json())


@settings(deadline=None, max_examples=400)
@given(bodies.mutated(list(_BODIES.values())))
def test_any_body_becomes_an_order_that_can_be_sent_or_is_untranslatable(
    body: dict[str, Any],
) -> None:
    try:
        translated = order.translate(body)
    except Untranslatable:
        return
    sent = content.encoded(translated)
    assert sent.isascii()
    assert Order.model_validate_json(sent) == translated
