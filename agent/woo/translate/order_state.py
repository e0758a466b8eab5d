"""What an order's status means: for its money, its goods, and the stock it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.model.order import FulfilmentStatus, PaymentStatus
from agent.woo.translate import fields
from agent.woo.translate.rules import PLAIN

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from agent.woo.translate.rules import Rules

_CANCELLED = frozenset({"cancelled", "trash"})
_NOT_ACCEPTED = frozenset({"pending", "failed", "checkout-draft", "draft", "auto-draft", "new"})
_OVER = _CANCELLED | {"completed", "refunded", "failed"}
_OPEN = _NOT_ACCEPTED | {"processing", "on-hold"}


def payment_status(
    status: str,
    *,
    paid_at: datetime | None,
    total: Decimal | None,
    refunded: Decimal,
    rules: Rules = PLAIN,
) -> PaymentStatus:
    """By what was paid and given back, not by the status: ``processing`` may be cash on delivery.

    Only ``failed``, ``refunded`` and what the store's owner says of a status tell something about
    money that the figures may not tell. ``total`` is None where it can't be read; an accepted
    order of zero has nothing to be paid.
    """
    if status == "refunded" or (total is not None and 0 < refunded >= total):
        return PaymentStatus.REFUNDED
    if refunded > 0:
        return PaymentStatus.PARTIALLY_REFUNDED
    if status in rules.payment:
        return rules.payment[status]
    if status == "failed":
        return PaymentStatus.FAILED
    is_free = total == 0 and status not in _CANCELLED and status not in _NOT_ACCEPTED
    return PaymentStatus.PAID if paid_at or is_free else PaymentStatus.UNPAID


def fulfilment_status(
    status: str, *, completed_at: datetime | None, rules: Rules = PLAIN
) -> FulfilmentStatus:
    """``refunded`` and statuses that plugins add do not tell unless the store's owner does: there
    the date of completion tells.

    WooCommerce keeps that date when an order is opened again, so it counts nowhere else.
    """
    if status in rules.fulfilment:
        return rules.fulfilment[status]
    if status in _CANCELLED:
        return FulfilmentStatus.CANCELLED
    if status in _OPEN:
        return FulfilmentStatus.UNFULFILLED
    if status == "completed" or completed_at:
        return FulfilmentStatus.FULFILLED
    return FulfilmentStatus.CANCELLED if status == "refunded" else FulfilmentStatus.UNFULFILLED


def is_over(status: str, rules: Rules = PLAIN) -> bool:
    """Whether nothing is to be delivered any more. What a plugin's status means nobody knows unless
    the store's owner says so."""
    if status in rules.fulfilment:
        return rules.fulfilment[status] is not FulfilmentStatus.UNFULFILLED
    return status in _OVER


def committed_units(status: str, line: fields.Row, *, quantity: int, rules: Rules = PLAIN) -> int:
    """Units that the line takes out of stock.

    ``_reduced_stock`` is WooCommerce's own count, lowered by a restocking refund
    (wc-order-functions.php). It stays in place when an order fails or is trashed, although such an
    order claims nothing. A line without it was not counted: all its units are.
    """
    if status in rules.fulfilment:
        claims_nothing = rules.fulfilment[status] is FulfilmentStatus.CANCELLED
    else:
        claims_nothing = status in _CANCELLED or status in _NOT_ACCEPTED
    if claims_nothing:
        return 0
    reduced = _reduced(line)
    return max(0, quantity if reduced is None else reduced)


def restocked_units(line: fields.Row) -> int:
    """Units that refunds put back into stock: WooCommerce adds them up over all refunds."""
    return max(0, _counted(line, "_restock_refunded_items") or 0)


def held_units(line: fields.Row) -> int:
    """Units that WooCommerce has taken out of stock for the line, whatever the order claims."""
    return max(0, _reduced(line) or 0)


def _reduced(line: fields.Row) -> int | None:
    return _counted(line, "_reduced_stock")


def _counted(line: fields.Row, key: str) -> int | None:
    for entry in fields.rows(line.get("meta_data")):
        if entry.get("key") == key:
            return fields.whole(entry.get("value"))
    return None
