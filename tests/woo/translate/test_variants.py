"""What orders look like in other stores and other versions, made from recorded ones."""

from __future__ import annotations

import copy
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from agent.woo.translate import order
from agent.woo.translate.errors import Untranslatable
from tests import recordings

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.model.order import Order
    from tests.woo.translate.bodies import Body


def _body(number: int = 14) -> Body:
    """14: an account, a coupon, a fee, shipping, tax. 18: a guest with a name in two scripts."""
    return copy.deepcopy(recordings.webhook(number).json())


def _without(value: Any, names: frozenset[str]) -> Any:
    """The same without these keys, at any depth."""
    if isinstance(value, dict):
        return {key: _without(inner, names) for key, inner in value.items() if key not in names}
    return [_without(inner, names) for inner in value] if isinstance(value, list) else value


# Keys that WooCommerce added in the course of time: older stores do not have them.
_ADDED = {
    "coupons told in full": frozenset({"nominal_amount", "discount_type", "free_shipping"}),
    "GTIN": frozenset({"global_unique_id"}),
    "details of lines": frozenset({"tax_status", "rate_percent", "parent_name", "image"}),
    "links and hints": frozenset(
        {"needs_payment", "needs_processing", "is_editable", "payment_url", "_links"}
    ),
}


def _before(*added: str) -> Body:
    body = _without(_body(), frozenset().union(*(_ADDED[name] for name in added)))
    assert isinstance(body, dict)
    return body | {"version": "8.0.0"}


def _of_posts() -> Body:
    """Orders kept as posts: meta data of WordPress, no telephone for shipping."""
    body = _body()
    del body["shipping"]["phone"]
    body["meta_data"] = [{"id": 1, "key": "_edit_lock", "value": "1795465319:1"}]
    return body


def _with_more() -> Body:
    """Plugins add fields at any place."""
    body = _body() | {"wpml_language": "de", "subscription": {"id": 7}, "x": [1]}
    body["billing"]["vat_number"] = "DE123"
    body["line_items"][0]["bundled_by"] = "12"
    body["tax_lines"][0]["jurisdiction"] = None
    return body


def _with_two_taxes() -> Body:
    """19 % on one line, 7 % on the other; both on the fee, which is taxed twice."""
    body = _body(18)
    body |= {
        "currency": "EUR",
        "total": "139.00",
        "total_tax": "29.00",
        "cart_tax": "29.00",
        "shipping_total": "0.00",
        "shipping_tax": "0.00",
        "discount_total": "0.00",
        "discount_tax": "0.00",
        "shipping_lines": [],
        "coupon_lines": [],
        "refunds": [],
    }
    line = body["line_items"][0] | {"subtotal": "50.00", "total": "50.00", "quantity": 1}
    body["line_items"] = [
        line | {"id": 1, "subtotal_tax": "9.50", "total_tax": "9.50",
                "taxes": [{"id": 1, "total": "9.50"}, {"id": 2, "total": ""}]},
        line | {"id": 2, "subtotal_tax": "3.50", "total_tax": "3.50",
                "taxes": [{"id": 1, "total": ""}, {"id": 2, "total": "3.50"}]},
    ]  # fmt: skip
    body["fee_lines"] = [
        {"id": 3, "name": "Crate", "total": "10.00", "total_tax": "16.00",
         "taxes": [{"id": 1, "total": "1.90"}, {"id": 2, "total": "14.10"}]}
    ]  # fmt: skip
    body["tax_lines"] = [
        {"id": 4, "rate_id": 1, "rate_code": "DE-19", "tax_total": "11.40",
         "shipping_tax_total": "0.00", "rate_percent": 19, "compound": False},
        {"id": 5, "rate_id": 2, "rate_code": "DE-7", "tax_total": "17.60",
         "shipping_tax_total": "0.00", "rate_percent": "7.0000", "compound": True},
    ]  # fmt: skip
    return body


def _with_prices_including_tax() -> Body:
    """Two at 9.99 with 19 % in it: the store keeps net amounts, rounded line by line."""
    body = _with_two_taxes() | {
        "prices_include_tax": True,
        "total": "19.98",
        "total_tax": "3.19",
        "cart_tax": "3.19",
        "fee_lines": [],
    }
    body["line_items"] = [
        body["line_items"][0] | {
            "quantity": 2, "price": 8.394958, "subtotal": "16.79", "total": "16.79",
            "subtotal_tax": "3.19", "total_tax": "3.19", "taxes": [{"id": 1, "total": "3.19"}],
        }
    ]  # fmt: skip
    body["tax_lines"] = [body["tax_lines"][0] | {"tax_total": "3.19"}]
    return body


def _in_yen() -> Body:
    """A currency without decimals: whole numbers everywhere but in the price of one unit."""
    body = _with_prices_including_tax() | {"currency": "JPY", "prices_include_tax": False}
    body |= {"total": "1100", "total_tax": "100", "cart_tax": "100"}
    body |= dict.fromkeys(("discount_total", "discount_tax", "shipping_total", "shipping_tax"), "0")
    body["line_items"] = [
        body["line_items"][0] | {
            "quantity": 3, "price": 333.333333, "subtotal": "1000", "total": "1000",
            "subtotal_tax": "100", "total_tax": "100", "taxes": [{"id": 1, "total": "100"}],
        }
    ]  # fmt: skip
    body["tax_lines"] = [body["tax_lines"][0] | {"tax_total": "100", "shipping_tax_total": "0"}]
    return body


def _in_dinars() -> Body:
    """Three decimals."""
    body = _in_yen() | {"currency": "KWD", "total": "1.375", "total_tax": "0.125"}
    body["line_items"] = [
        body["line_items"][0] | {
            "price": "0.416666", "subtotal": "1.250", "total": "1.250",
            "subtotal_tax": "0.125", "total_tax": "0.125", "taxes": [],
        }
    ]  # fmt: skip
    body["tax_lines"] = [body["tax_lines"][0] | {"tax_total": "0.125"}]
    return body


def _with_numbers() -> Body:
    """A plugin that turns all amounts into numbers, and ids and quantities into text."""

    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: _turned(key, turned(inner)) for key, inner in value.items()}
        return [turned(inner) for inner in value] if isinstance(value, list) else value

    def _turned(key: str, value: Any) -> Any:
        if key in ("total", "total_tax", "subtotal", "discount_total", "shipping_total"):
            return float(value) if value else value
        return str(value) if key in ("id", "quantity", "customer_id", "product_id") else value

    body = turned(_body())
    assert isinstance(body, dict)
    return body


def _given_back(*totals: str) -> Body:
    refunds = [{"id": 2000 + n, "reason": "", "total": total} for n, total in enumerate(totals)]
    return _body() | {"refunds": refunds[::-1], "date_paid_gmt": "2026-11-23T20:22:51"}


def _on_delivery(**changed: object) -> Body:
    return _body() | {"payment_method": "cod", "date_paid_gmt": None} | changed


def _bought_by_nobody_known() -> Body:
    body = _body(18)
    body["billing"] |= {"email": "  Böb.Ł@EXAMPLE.com "}
    return body


_VARIANTS: list[tuple[str, Callable[[], Body], dict[str, object]]] = [
    ("guest, unicode", _bought_by_nobody_known,
     {"customer.kind": "guest", "customer.email": "böb.ł@example.com",
      "billing_address.line_1": "Łódź 1 🚚"}),
    ("account", _body, {"customer.kind": "account", "customer.id": "customer/3"}),
    ("coupon, fee", _body,
     {"totals.discount": "4.50", "totals.fees": "2.00", "totals.total": "56.41"}),
    ("several taxes", _with_two_taxes, {"totals.tax": "29.00", "totals.total": "139.00"}),
    ("prices including tax", _with_prices_including_tax,
     {"totals.total": "19.98", "totals.subtotal": "16.79", "prices_include_tax": True}),
    ("no decimals", _in_yen,
     {"totals.total": "1100.00", "totals.tax": "100.00", "currency": "JPY"}),
    ("three decimals", _in_dinars, {"totals.total": "1.375", "totals.tax": "0.125"}),
    ("partial refund", lambda: _given_back("-10.00"),
     {"payment_status": "partially_refunded", "totals.refunded": "10.00"}),
    ("two refunds, newest first", lambda: _given_back("-10.00", "-5.5"),
     {"payment_status": "partially_refunded", "totals.refunded": "15.50"}),
    ("full refund", lambda: _given_back("-10.00", "-46.41"),
     {"payment_status": "refunded", "totals.refunded": "56.41"}),
    ("cash on delivery", _on_delivery,
     {"payment_status": "unpaid", "fulfilment_status": "unfulfilled"}),
    ("cash on delivery, delivered",
     lambda: _on_delivery(status="completed", date_paid_gmt="2026-11-25T08:00:00"),
     {"payment_status": "paid", "fulfilment_status": "fulfilled"}),
    ("posts", _of_posts, {"meta": (), "shipping_address.phone": None}),
    ("more fields", _with_more, {"totals.total": "56.41"}),
    ("before all of them", lambda: _before(*_ADDED), {"totals.total": "56.41"}),
    ("numbers for text, text for numbers", _with_numbers,
     {"totals.total": "56.41", "totals.subtotal": "45.00", "customer.customer_id": 3}),
]  # fmt: skip


_VARIANTS += [
    (f"before {name}", partial(_before, name), {"totals.total": "56.41", "totals.tax": "9.01"})
    for name in _ADDED
]


@pytest.mark.parametrize(
    ("made", "told"),
    [(made, told) for _, made, told in _VARIANTS],
    ids=[name for name, _, _ in _VARIANTS],
)
def test_a_variant_adds_up_and_means_the_same(
    made: Callable[[], Body], told: dict[str, object]
) -> None:
    body = made()
    translated = order.translate(body)
    assert {name: _at(translated, name) for name in told} == told
    assert translated.anomalies == ()
    assert Decimal(translated.totals.total) == Decimal(str(body["total"]))


def _at(translated: Order, dotted: str) -> object:
    found: object = translated
    for name in dotted.split("."):
        found = getattr(found, name)
    return found


def test_several_taxes_are_told_by_line_and_by_rate() -> None:
    translated = order.translate(_with_two_taxes())
    applied = [[(tax.rate_id, tax.amount) for tax in line.taxes] for line in translated.lines]
    assert applied == [[(1, "9.50")], [(2, "3.50")]]
    assert [(tax.rate_id, tax.amount) for tax in translated.fee_lines[0].taxes] == [
        (1, "1.90"),
        (2, "14.10"),
    ]
    rates = [(tax.percent, tax.compound, tax.amount) for tax in translated.tax_lines]
    assert rates == [("19.00", False, "11.40"), ("7.00", True, "17.60")]


@pytest.mark.parametrize("gone", sorted(set(recordings.webhook(14).json())))
def test_a_body_without_one_of_its_fields_keeps_what_the_others_say(gone: str) -> None:
    body = _body()
    del body[gone]
    if gone in ("id", "status", "currency", "line_items"):
        with pytest.raises(Untranslatable):
            order.translate(body)
        return
    whole, left = order.translate(_body()), order.translate(body)
    assert left.id == whole.id
    assert [line.sku for line in left.lines] == [line.sku for line in whole.lines]
    if left.totals != whole.totals:
        assert left.anomalies, gone
