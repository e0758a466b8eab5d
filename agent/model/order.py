"""A retail order: what an ERP needs to book it, in words that name no shop system."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel

from agent.model.address import Address
from agent.model.meta import Meta
from agent.model.money import Amount


class PaymentStatus(StrEnum):
    """Where the money is. ``unpaid`` covers cash on delivery until the cash is in."""

    UNPAID = "unpaid"
    FAILED = "failed"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"


class FulfilmentStatus(StrEnum):
    """Where the goods are. ``cancelled``: nothing is to be sent any more."""

    UNFULFILLED = "unfulfilled"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"


class CustomerKind(StrEnum):
    """Whether the store keeps an account for whoever ordered."""

    GUEST = "guest"
    ACCOUNT = "account"


class OrderCustomer(BaseModel, frozen=True, extra="forbid"):
    """Who ordered: an account, ``customer/3``, or a guest, who is known by the e-mail alone.

    ``id`` and ``customer_id`` are null for a guest; ``email`` is the one given for billing, trimmed
    and in lower case, so that one person's orders have one text.
    """

    kind: CustomerKind
    id: str | None
    customer_id: int | None
    email: str | None


class AppliedTax(BaseModel, frozen=True, extra="forbid"):
    """What one rate adds to one line; ``rate_id`` points to a tax line of the order."""

    rate_id: int | None
    amount: Amount


class OrderLine(BaseModel, frozen=True, extra="forbid"):
    """Goods. ``subtotal`` is before and ``total`` after discounts, for all units, without tax.

    ``product_id`` is the product, also of a ``variation_id``, which is null where there is none;
    both are null once the product is gone. ``gtin`` is a GTIN, EAN, UPC or ISBN. ``quantity`` is as
    ordered. ``unit_price`` is after discounts, without tax and not rounded. ``committed_units`` are
    the units that this line takes out of stock at present, ``restocked_units`` those that refunds
    have put back so far. ``meta`` is what the store's owner allows.
    """

    line_id: int
    product_id: int | None
    variation_id: int | None
    sku: str | None
    gtin: str | None
    name: str | None
    quantity: int
    committed_units: int
    restocked_units: int
    unit_price: Amount | None
    subtotal: Amount
    subtotal_tax: Amount
    total: Amount
    total_tax: Amount
    taxes: tuple[AppliedTax, ...]
    meta: tuple[Meta, ...]


class ShippingLine(BaseModel, frozen=True, extra="forbid"):
    """A way of shipping and its price without tax; ``method`` is the store's code for it."""

    line_id: int | None
    method: str | None
    title: str | None
    total: Amount
    total_tax: Amount
    taxes: tuple[AppliedTax, ...]


class FeeLine(BaseModel, frozen=True, extra="forbid"):
    """A charge that is neither goods nor shipping, without tax; negative if it is a deduction."""

    line_id: int | None
    name: str | None
    total: Amount
    total_tax: Amount
    taxes: tuple[AppliedTax, ...]


class DiscountLine(BaseModel, frozen=True, extra="forbid"):
    """A coupon and what it took off, already contained in the totals of the order lines."""

    line_id: int | None
    code: str | None
    amount: Amount
    tax: Amount


class TaxLine(BaseModel, frozen=True, extra="forbid"):
    """One tax rate over the whole order; ``amount`` is on goods and fees, without shipping.

    ``percent`` is decimal text in the form of an amount: ``"19.00"``.
    """

    line_id: int | None
    rate_id: int | None
    code: str | None
    label: str | None
    percent: Amount | None
    compound: bool
    amount: Amount
    shipping_amount: Amount


class OrderTotals(BaseModel, frozen=True, extra="forbid"):
    """``subtotal - discount + fees + shipping + tax = total``; all but ``tax`` are without tax.

    ``tax`` contains ``shipping_tax`` and is what is left after ``discount_tax``. ``refunded`` is
    positive and not taken off ``total``.
    """

    subtotal: Amount
    discount: Amount
    discount_tax: Amount
    fees: Amount
    shipping: Amount
    shipping_tax: Amount
    tax: Amount
    total: Amount
    refunded: Amount


class OrderRefund(BaseModel, frozen=True, extra="forbid"):
    """A refund that the order names; ``amount`` is what was given back, positive.

    ``id`` is the subject of its own events, ``refund/1024``, which have its lines.
    """

    id: str | None
    refund_id: int | None
    reason: str | None
    amount: Amount


class Payment(BaseModel, frozen=True, extra="forbid"):
    """How it is paid; ``method`` is the store's code, ``transaction_id`` the payment provider's."""

    method: str | None
    title: str | None
    transaction_id: str | None


class Order(BaseModel, frozen=True, extra="forbid"):
    """One order as it stands now: a snapshot, not a transition.

    ``id`` is the subject of its events, ``order/1022``, and ``order_id`` the store's own id;
    ``number`` is what the customer knows, ``order_key`` the store's secret for the customer's link.
    ``currency`` (ISO 4217) is that of every amount. ``prices_include_tax`` tells how the store
    enters its prices: no amount here includes tax but ``totals.total`` and ``refunds``. Times are
    UTC; ``fulfilled_at`` is null unless ``fulfilment_status`` is ``fulfilled``. ``store_status`` is
    the store's own word. ``meta`` is what the store's owner allows. ``anomalies`` names what does
    not add up or could not be read (such an amount is then 0.00): ``total_mismatch``,
    ``discount_mismatch``, ``shipping_mismatch``, ``tax_mismatch``, ``refund_exceeds_total``,
    ``amount_unreadable``, ``time_unreadable``; more may come.
    """

    id: str
    order_id: int
    number: str
    order_key: str | None
    currency: str
    prices_include_tax: bool
    created_at: AwareDatetime | None
    modified_at: AwareDatetime | None
    paid_at: AwareDatetime | None
    fulfilled_at: AwareDatetime | None
    store_status: str
    payment_status: PaymentStatus
    fulfilment_status: FulfilmentStatus
    customer: OrderCustomer
    billing_address: Address | None
    shipping_address: Address | None
    lines: tuple[OrderLine, ...]
    shipping_lines: tuple[ShippingLine, ...]
    fee_lines: tuple[FeeLine, ...]
    discount_lines: tuple[DiscountLine, ...]
    tax_lines: tuple[TaxLine, ...]
    totals: OrderTotals
    refunds: tuple[OrderRefund, ...]
    payment: Payment
    customer_note: str | None
    meta: tuple[Meta, ...]
    anomalies: tuple[str, ...]
