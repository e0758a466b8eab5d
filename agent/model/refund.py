"""Money given back for an order, and the goods that came back with it."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel

from agent.model.meta import Meta
from agent.model.money import Amount
from agent.model.order import AppliedTax


class RefundLine(BaseModel, frozen=True, extra="forbid"):
    """Goods that were given money back for, without tax, positive.

    ``order_line_id`` is the ``line_id`` of the order, ``product_id``, ``variation_id``, ``sku`` and
    ``gtin`` are as in it. ``quantity`` is positive, and 0 where only money was given back.
    ``restocked_quantity`` are the units of it that the store put back into stock; null where the
    store does not tell.
    """

    line_id: int | None
    order_line_id: int | None
    product_id: int | None
    variation_id: int | None
    sku: str | None
    gtin: str | None
    name: str | None
    quantity: int
    restocked_quantity: int | None
    total: Amount
    total_tax: Amount
    taxes: tuple[AppliedTax, ...]


class RefundShippingLine(BaseModel, frozen=True, extra="forbid"):
    """Shipping that was given back, without tax, positive; ``method`` is the store's code."""

    line_id: int | None
    order_line_id: int | None
    method: str | None
    title: str | None
    total: Amount
    total_tax: Amount
    taxes: tuple[AppliedTax, ...]


class RefundFeeLine(BaseModel, frozen=True, extra="forbid"):
    """A fee that was given back, without tax, positive; negative if it was a deduction."""

    line_id: int | None
    order_line_id: int | None
    name: str | None
    total: Amount
    total_tax: Amount
    taxes: tuple[AppliedTax, ...]


class RefundTotals(BaseModel, frozen=True, extra="forbid"):
    """``goods + fees + shipping + tax + unallocated`` is the refund's ``amount``.

    ``unallocated`` was given back without saying for what: a store may give back any sum.
    """

    goods: Amount
    fees: Amount
    shipping: Amount
    tax: Amount
    unallocated: Amount


class Refund(BaseModel, frozen=True, extra="forbid"):
    """One refund: a snapshot. ``amount`` is what was given back, positive, with tax.

    ``id`` is the subject of its events, ``refund/1024``, ``order`` that of its order,
    ``order/1022``; ``refund_id`` and ``order_id`` are the store's own ids. ``currency`` (ISO 4217)
    is the order's, null where the store did not tell. ``refunded_by`` is the store's id of the
    person who did it. ``payment_refunded`` tells whether the payment provider was asked to pay it
    back; otherwise somebody has to. ``anomalies``: ``amount_unreadable``, ``time_unreadable``,
    ``total_mismatch`` (the lines come to more than the amount); more may come.
    """

    id: str
    refund_id: int
    order: str
    order_id: int
    currency: str | None
    amount: Amount
    reason: str | None
    created_at: AwareDatetime | None
    refunded_by: int | None
    payment_refunded: bool | None
    lines: tuple[RefundLine, ...]
    shipping_lines: tuple[RefundShippingLine, ...]
    fee_lines: tuple[RefundFeeLine, ...]
    totals: RefundTotals
    meta: tuple[Meta, ...]
    anomalies: tuple[str, ...]
