"""Recorded refunds, with what only their order says."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from typing import Any

import pytest

from agent.model import content
from agent.woo.translate import refund
from agent.woo.translate.errors import Untranslatable
from tests.woo.translate import bodies

_ORDER = bodies.rest("order_get_refunded")
_PARTIAL, _REST = (
    bodies.rest("refund_create_partial_restock"),
    bodies.rest("refund_create_rest"),
)


def _told(body: dict[str, Any]) -> Any:
    return json.loads(content.encoded(refund.translate(body)))


def test_a_recorded_refund_says_what_came_back_for_which_line_of_which_order() -> None:
    partial, _ = refund.of_order(_ORDER, [_PARTIAL, _REST])
    assert _told(partial) == {
        "id": "refund/1024",
        "refund_id": 1024,
        "order": "order/1022",
        "order_id": 1022,
        "currency": "EUR",
        "amount": "10.00",
        "reason": "damaged",
        "created_at": "2026-11-23T20:22:54Z",
        "refunded_by": 1,
        "payment_refunded": False,
        "lines": [
            {
                "line_id": 20,
                "order_line_id": 12,
                "product_id": 10,
                "variation_id": None,
                "sku": "MUG-1",
                "gtin": None,
                "name": "Mug",
                "quantity": 1,
                "restocked_quantity": 1,
                "total": "10.00",
                "total_tax": "0.00",
                "taxes": [],
            }
        ],
        "shipping_lines": [],
        "fee_lines": [],
        "totals": {
            "goods": "10.00",
            "fees": "0.00",
            "shipping": "0.00",
            "tax": "0.00",
            "unallocated": "0.00",
        },
        "meta": [],
        "anomalies": [],
    }


def test_the_rest_of_an_order_given_back_by_its_status_names_no_lines() -> None:
    _, rest = refund.of_order(_ORDER, [_PARTIAL, _REST])
    told = _told(rest)
    assert (told["amount"], told["totals"]["unallocated"]) == ("46.41", "46.41")
    assert (told["reason"], told["lines"]) == (None, [])


def test_the_list_of_an_order_and_the_list_of_all_orders_say_the_same_of_a_refund() -> None:
    [listed] = [row for row in bodies.rest("refund_list") if row["id"] == 1024]
    [everywhere] = [row for row in bodies.rest("refunds_global") if row["id"] == 1024]
    assert refund.of_order(_ORDER, [listed]) == refund.of_order(_ORDER, [_PARTIAL])
    assert refund.translate(everywhere).order_id == 1022
    assert refund.translate(everywhere).lines[0].restocked_quantity is None


def test_goods_fees_shipping_and_taxes_add_up_to_the_amount() -> None:
    taxed = {"taxes": [{"id": 1, "total": "-1.90"}], "total_tax": "-1.90", "total": "-10.00"}
    body = _PARTIAL | {
        "parent_id": 1022,
        "amount": "40.00",
        "line_items": [{"id": 1, "quantity": -2, "sku": "MUG-1"} | taxed],
        "shipping_lines": [{"id": 2, "method_id": "flat_rate"} | taxed],
        "fee_lines": [{"id": 3, "name": "Deduction", "total": "2.00", "total_tax": "0.38"}],
    }
    told = refund.translate(body)
    amounts = {name: Decimal(text) for name, text in told.totals}
    assert sum(amounts.values()) == Decimal(told.amount)
    assert told.totals.model_dump() == {
        "goods": "10.00",
        "fees": "-2.00",
        "shipping": "10.00",
        "tax": "3.42",
        "unallocated": "18.58",
    }
    assert [tax.amount for line in told.lines for tax in line.taxes] == ["1.90"]
    assert told.anomalies == ()


def test_lines_that_come_to_more_than_the_amount_are_named() -> None:
    told = refund.translate(_PARTIAL | {"parent_id": 1022, "amount": "9.99"})
    assert told.totals.unallocated == "-0.01"
    assert told.anomalies == ("total_mismatch",)


@pytest.mark.parametrize(
    ("restocked", "quantities", "told"),
    [
        (None, [1], [0]),  # nothing of that line was ever put back
        ("0", [1, 2], [0, 0]),
        ("1", [1], [1]),
        ("3", [1, 2], [1, 2]),
        ("1", [1, 1], [None, None]),  # one of the two, the store does not tell which
        ("2", [1], [None]),  # a refund that is no more had put the other back
    ],
)
def test_units_put_back_into_stock_are_told_where_the_order_tells(
    restocked: str | None, quantities: list[int], told: list[int | None]
) -> None:
    order = copy.deepcopy(_ORDER)
    line = order["line_items"][0]
    line["meta_data"] = [{"key": "_restock_refunded_items", "value": restocked}]
    refunds = []
    for number, quantity in enumerate(quantities):
        body = copy.deepcopy(_PARTIAL) | {"id": 2000 + number}
        body["line_items"][0]["quantity"] = -quantity
        refunds.append(body)
    made = [refund.translate(body) for body in refund.of_order(order, refunds)]
    assert [one.lines[0].quantity for one in made] == quantities
    assert [one.lines[0].restocked_quantity for one in made] == told


def test_a_line_that_the_order_does_not_have_tells_nothing_of_stock() -> None:
    [body] = refund.of_order(_ORDER | {"line_items": []}, [_PARTIAL])
    assert refund.translate(body).lines[0].restocked_quantity is None


@pytest.mark.parametrize("field", ["id", "parent_id", "amount"])
def test_without_these_it_is_untranslatable(field: str) -> None:
    body = _PARTIAL | {"parent_id": 1022}
    del body[field]
    with pytest.raises(Untranslatable) as raised:
        refund.translate(body)
    assert raised.value.field == field


def test_a_line_without_its_quantity_is_untranslatable() -> None:
    body = copy.deepcopy(_PARTIAL) | {"parent_id": 1022}
    body["line_items"][0]["quantity"] = "some"
    with pytest.raises(Untranslatable) as raised:
        refund.translate(body)
    assert raised.value.field == "line_items[0].quantity"
