"""A WooCommerce refund as a canonical refund. Its amounts are negative in lines. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agent.model import money
from agent.model.refund import Refund
from agent.woo.translate import fields, order_sums, parts, restocked
from agent.woo.translate.rules import PLAIN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.woo.translate.parts import Part
    from agent.woo.translate.rules import Rules


def translate(body: Mapping[str, Any], rules: Rules = PLAIN) -> Refund:
    """The refund; ``Untranslatable`` without id, ``parent_id`` (its order), amount, or a line's
    quantity. ``of_order`` adds what ``orders/{id}/refunds`` does not say."""
    unreadable = fields.Unreadable()
    refund_id = fields.essential(body, "id", fields.reference)
    order_id = fields.essential(body, "parent_id", fields.reference)
    amount = fields.essential(body, "amount", money.canonical).removeprefix("-")
    data: Part = {
        "id": f"refund/{refund_id}",
        "refund_id": refund_id,
        "order": f"order/{order_id}",
        "order_id": order_id,
        "currency": fields.word(body.get("currency")),
        "amount": amount,
        "reason": fields.text(body.get("reason")),
        "created_at": unreadable.moment(body, "date_created_gmt"),
        "refunded_by": fields.reference(body.get("refunded_by")),
        "payment_refunded": _yes_or_no(body.get("refunded_payment")),
        "lines": [
            _line(row, f"line_items[{index}].", unreadable)
            for index, row in enumerate(fields.rows(body.get("line_items")))
        ],
        "shipping_lines": [
            _shipping_line(row, unreadable) for row in fields.rows(body.get("shipping_lines"))
        ],
        "fee_lines": [_fee_line(row, unreadable) for row in fields.rows(body.get("fee_lines"))],
        "meta": parts.meta(body, rules),
    }
    data["totals"] = totals = _totals(data)
    over = {"total_mismatch"} if Decimal(totals["unallocated"]) < 0 else set()
    data["anomalies"] = tuple(sorted(over | unreadable))
    return Refund.model_validate(data)


def of_order(
    order: Mapping[str, Any],
    refunds: Sequence[Mapping[str, Any]],
    past: Sequence[Mapping[str, Any] | None] = (),
) -> list[Part]:
    """Bodies of all refunds of an order with what only the order says: its id, its currency, and
    how many units of a line were put back into stock, which depends on its ``past`` refunds, as
    this gave them."""
    own = {"parent_id": order.get("id"), "currency": order.get("currency")}
    return [{**row, **own} for row in restocked.completed(order, refunds, past)]


def _line(row: fields.Row, within: str, unreadable: fields.Unreadable) -> Part:
    fields.essential(row, "quantity", fields.whole, within=within)
    return {
        **_named(row),
        **parts.article(row),
        "quantity": restocked.units(row),
        restocked.KEY: fields.whole(row.get(restocked.KEY)),
        **_given_back(row, unreadable),
    }


def _shipping_line(row: fields.Row, unreadable: fields.Unreadable) -> Part:
    return {
        **_named(row),
        "method": fields.text(row.get("method_id")),
        "title": fields.text(row.get("method_title")),
        **_given_back(row, unreadable),
    }


def _fee_line(row: fields.Row, unreadable: fields.Unreadable) -> Part:
    named = _named(row)
    return {**named, "name": fields.text(row.get("name")), **_given_back(row, unreadable)}


def _named(row: fields.Row) -> Part:
    return {"line_id": fields.reference(row.get("id")), "order_line_id": restocked.order_line(row)}


def _given_back(row: fields.Row, unreadable: fields.Unreadable) -> Part:
    charged = parts.charge(row, unreadable)
    return {
        "total": money.negated(charged["total"]),
        "total_tax": money.negated(charged["total_tax"]),
        "taxes": [{**tax, "amount": money.negated(tax["amount"])} for tax in charged["taxes"]],
    }


def _totals(data: Part) -> Part:
    lines = [*data["lines"], *data["shipping_lines"], *data["fee_lines"]]
    sums = {
        "goods": order_sums.added(data["lines"], "total"),
        "fees": order_sums.added(data["fee_lines"], "total"),
        "shipping": order_sums.added(data["shipping_lines"], "total"),
        "tax": order_sums.added(lines, "total_tax"),
    }
    sums["unallocated"] = Decimal(data["amount"]) - sum(sums.values())
    return {name: money.amount(value) for name, value in sums.items()}


def _yes_or_no(value: object) -> bool | None:
    return value if isinstance(value, bool) else None
