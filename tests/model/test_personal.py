from __future__ import annotations

import json
from typing import Any

import pytest

from agent.model import content, personal
from agent.model.personal import MASK
from agent.woo.translate import order
from tests import recordings


@pytest.mark.parametrize(
    ("shown", "masked"),
    [
        ({"email": "ada@example.com"}, {"email": MASK}),
        ({"email": "", "phone": None}, {"email": "", "phone": None}),
        ({"postcode": 10115}, {"postcode": MASK}),  # a plugin made a number of it
        ({"note": ["one", {"by": "Ada"}]}, {"note": [MASK, {"by": MASK}]}),
        (
            {"billing_email": "a@example.com", "allowed_emails": ["*@example.com"]},
            {"billing_email": MASK, "allowed_emails": [MASK]},
        ),
        (
            {"meta": [{"key": "_vat_number", "value": "DE123"}]},
            {"meta": [{"key": "_vat_number", "value": MASK}]},
        ),
        ({"email_restrictions": ["a@example.com"]}, {"email_restrictions": [MASK]}),
        ({"total": "12.90", "country": "DE"}, {"total": "12.90", "country": "DE"}),
        ({"lines": [{"sku": "MUG-1", "note": "x"}]}, {"lines": [{"sku": "MUG-1", "note": MASK}]}),
        ([{"city": "Köln"}, 3, None, True], [{"city": MASK}, 3, None, True]),
        ("plain", "plain"),
    ],
)
def test_what_is_hidden(shown: Any, masked: Any) -> None:
    assert personal.masked(shown) == masked


def test_what_is_handed_in_stays_as_it_is() -> None:
    shown = {"billing": {"email": "ada@example.com"}}
    personal.masked(shown)
    assert shown == {"billing": {"email": "ada@example.com"}}


_ADDRESS = ("first_name", "last_name", "company", "address_1", "address_2", "city", "postcode")


@pytest.mark.parametrize("number", [14, 18, 28])
def test_nothing_that_names_the_buyer_of_a_recorded_order_is_shown(number: int) -> None:
    body = recordings.webhook(number).json()
    names = [body["billing"][name] for name in (*_ADDRESS, "email", "phone")]
    names += [body["shipping"][name] for name in _ADDRESS]
    names += [body["order_key"], body["customer_ip_address"], body["transaction_id"]]
    hidden = [name for name in names if name]
    assert hidden
    for shown in (body, json.loads(content.encoded(order.translate(body)))):
        values = set(_texts(personal.masked(shown)))
        assert not values & set(hidden)
        assert body["currency"] in values
    assert json.dumps(personal.masked(body))


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return [value] if isinstance(value, str) else []


def test_what_plugins_keep_in_meta_data_is_hidden_and_the_units_out_of_stock_are_not() -> None:
    line = {
        "meta_data": [
            {"id": 1, "key": "_vat_number", "value": "DE123", "display_value": "DE123"},
            {"id": 2, "key": "_reduced_stock", "value": "2"},
        ]
    }
    [tax, units] = personal.masked(line)["meta_data"]
    assert (tax["key"], tax["value"], tax["display_value"]) == ("_vat_number", "•••", "•••")
    assert units["value"] == "2"


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ({"email": "ada@example.com", "id": 3}, {"email": "", "id": 3}),
        (
            {"postcode": 10115, "phone": None, "city": ""},
            {"postcode": None, "phone": None, "city": ""},
        ),
        ({"note": ["one", {"by": "Ada"}], "reason": {"Ada": 1}}, {"note": [], "reason": {}}),
        (
            {"meta_data": [{"key": "_vat_number", "value": "DE123", "display_value": True}]},
            {"meta_data": [{"key": "_vat_number", "value": "", "display_value": None}]},
        ),
        (
            {"meta_data": [{"key": "_reduced_stock", "value": "2"}]},
            {"meta_data": [{"key": "_reduced_stock", "value": "2"}]},
        ),
        (
            {"total": "12.90", "lines": [{"sku": "MUG-1"}]},
            {"total": "12.90", "lines": [{"sku": "MUG-1"}]},
        ),
        ("plain", "plain"),
        (None, None),
    ],
)
def test_what_is_erased(value: Any, left: Any) -> None:
    before = json.dumps(value)
    assert personal.erased(value) == left
    assert json.dumps(value) == before


@pytest.mark.parametrize("number", [14, 18, 28])
def test_an_erased_order_has_the_figures_it_had_and_names_nobody(number: int) -> None:
    body = recordings.webhook(number).json()
    left = personal.erased(body)
    assert not {body["billing"][name] for name in ("email", "last_name", "address_1")} & set(
        _texts(left)
    )
    sold, before = (order.translate(value) for value in (left, body))
    assert (sold.totals, sold.currency) == (before.totals, before.currency)
    assert len(sold.lines) == len(before.lines) > 0
