"""A WooCommerce order body (wc/v3, webhook or REST: the same keys) as a canonical order."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agent.model import money
from agent.model.order import CustomerKind, FulfilmentStatus, Order
from agent.woo.translate import fields, order_state, order_sums, parts
from agent.woo.translate.rules import PLAIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.woo.translate.parts import Part
    from agent.woo.translate.rules import Rules


def translate(body: Mapping[str, Any], rules: Rules = PLAIN) -> Order:
    """The order; ``Untranslatable`` without id, status, currency, lines, a line's id or quantity.

    Anything else may be missing (WooCommerce 8 to 10, plugins), and unknown keys are left out.
    What can't be read or does not add up is named in ``anomalies``.
    """
    status = fields.essential(body, "status", fields.word)
    unreadable = fields.Unreadable()
    data = _head(body, unreadable)
    data["store_status"] = status
    completed_at = unreadable.moment(body, "date_completed_gmt")
    data["lines"] = _lines(body, status, unreadable, rules)
    data["meta"] = parts.meta(body, rules)
    for field, key, part in _OTHER_LINES:
        data[field] = [part(row, unreadable) for row in fields.rows(body.get(key))]
    data["refunds"] = _refunds(body, unreadable)
    data["totals"] = totals = _totals(body, data, unreadable)
    data["payment_status"] = order_state.payment_status(
        status,
        paid_at=data["paid_at"],
        total=money.decimal(body.get("total")),
        refunded=Decimal(totals["refunded"]),
        rules=rules,
    )
    data["fulfilment_status"] = order_state.fulfilment_status(
        status, completed_at=completed_at, rules=rules
    )
    data["fulfilled_at"] = (
        completed_at if data["fulfilment_status"] is FulfilmentStatus.FULFILLED else None
    )
    mismatches = order_sums.mismatches(data, unit=order_sums.last_place(body))
    data["anomalies"] = tuple(sorted(mismatches | unreadable))
    return Order.model_validate(data)


def _head(body: fields.Row, unreadable: fields.Unreadable) -> Part:
    order_id = fields.essential(body, "id", fields.reference)
    billing = fields.mapping(body.get("billing"))
    customer_id = fields.reference(body.get("customer_id"))
    return {
        "id": f"order/{order_id}",
        "order_id": order_id,
        "number": fields.text(body.get("number")) or str(order_id),
        "order_key": fields.text(body.get("order_key")),
        "currency": fields.essential(body, "currency", fields.word),
        "prices_include_tax": body.get("prices_include_tax") is True,
        "created_at": unreadable.moment(body, "date_created_gmt"),
        "modified_at": unreadable.moment(body, "date_modified_gmt"),
        "paid_at": unreadable.moment(body, "date_paid_gmt"),
        "customer": {
            "kind": CustomerKind.ACCOUNT if customer_id else CustomerKind.GUEST,
            "id": customer_id and f"customer/{customer_id}",
            "customer_id": customer_id,
            "email": fields.email(billing.get("email")),
        },
        "billing_address": parts.address(billing),
        "shipping_address": parts.address(fields.mapping(body.get("shipping"))),
        "payment": {
            "method": fields.text(body.get("payment_method")),
            "title": fields.text(body.get("payment_method_title")),
            "transaction_id": fields.text(body.get("transaction_id")),
        },
        "customer_note": fields.text(body.get("customer_note")),
    }


def _lines(
    body: fields.Row, status: str, unreadable: fields.Unreadable, rules: Rules
) -> list[Part]:
    """Goods are essential: an order that lost them would hold no stock."""
    listed = fields.essential(body, "line_items", fields.listed)
    return [
        _line(fields.mapping(row), f"line_items[{index}].", status, unreadable, rules)
        for index, row in enumerate(listed)
    ]


def _line(
    row: fields.Row, within: str, status: str, unreadable: fields.Unreadable, rules: Rules
) -> Part:
    quantity = fields.essential(row, "quantity", fields.whole, within=within)
    return {
        "line_id": fields.essential(row, "id", fields.reference, within=within),
        **parts.article(row),
        "quantity": quantity,
        "committed_units": order_state.committed_units(status, row, quantity=quantity, rules=rules),
        "restocked_units": order_state.restocked_units(row),
        "unit_price": unreadable.amount_or_none(row, "price"),
        "subtotal": unreadable.amount(row, "subtotal"),
        "subtotal_tax": unreadable.amount(row, "subtotal_tax"),
        "meta": parts.meta(row, rules),
    } | parts.charge(row, unreadable)


def _shipping_line(row: fields.Row, unreadable: fields.Unreadable) -> Part:
    return {
        "line_id": fields.reference(row.get("id")),
        "method": fields.text(row.get("method_id")),
        "title": fields.text(row.get("method_title")),
    } | parts.charge(row, unreadable)


def _fee_line(row: fields.Row, unreadable: fields.Unreadable) -> Part:
    return {
        "line_id": fields.reference(row.get("id")),
        "name": fields.text(row.get("name")),
    } | parts.charge(row, unreadable)


def _discount_line(row: fields.Row, unreadable: fields.Unreadable) -> Part:
    return {
        "line_id": fields.reference(row.get("id")),
        "code": fields.text(row.get("code")),
        "amount": unreadable.amount(row, "discount"),
        "tax": unreadable.amount(row, "discount_tax"),
    }


def _tax_line(row: fields.Row, unreadable: fields.Unreadable) -> Part:
    return {
        "line_id": fields.reference(row.get("id")),
        "rate_id": fields.reference(row.get("rate_id")),
        "code": fields.text(row.get("rate_code")),
        "label": fields.text(row.get("label")),
        "percent": unreadable.amount_or_none(row, "rate_percent"),
        "compound": row.get("compound") is True,
        "amount": unreadable.amount(row, "tax_total"),
        "shipping_amount": unreadable.amount(row, "shipping_tax_total"),
    }


def _refunds(body: fields.Row, unreadable: fields.Unreadable) -> list[Part]:
    """WooCommerce writes their totals negative and the newest first, by the second."""
    refunds = [
        {
            "id": refund_id and f"refund/{refund_id}",
            "refund_id": refund_id,
            "reason": fields.text(row.get("reason")),
            "amount": unreadable.amount(row, "total").removeprefix("-"),
        }
        for row in fields.rows(body.get("refunds"))
        for refund_id in (fields.reference(row.get("id")),)
    ]
    return sorted(refunds, key=lambda refund: refund["refund_id"] or 0)


def _totals(body: fields.Row, data: Part, unreadable: fields.Unreadable) -> Part:
    """The store's own word; a sum where the body has none (subtotal, fees, refunded)."""
    return {
        "subtotal": money.amount(order_sums.added(data["lines"], "subtotal")),
        "discount": unreadable.amount(body, "discount_total"),
        "discount_tax": unreadable.amount(body, "discount_tax"),
        "fees": money.amount(order_sums.added(data["fee_lines"], "total")),
        "shipping": unreadable.amount(body, "shipping_total"),
        "shipping_tax": unreadable.amount(body, "shipping_tax"),
        "tax": unreadable.amount(body, "total_tax"),
        "total": unreadable.amount(body, "total"),
        "refunded": money.amount(order_sums.added(data["refunds"], "amount")),
    }


_OTHER_LINES = (
    ("shipping_lines", "shipping_lines", _shipping_line),
    ("fee_lines", "fee_lines", _fee_line),
    ("discount_lines", "coupon_lines", _discount_line),
    ("tax_lines", "tax_lines", _tax_line),
)
