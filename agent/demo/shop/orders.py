"""Orders: what is kept of one, how it reads, and what writing to it sets off."""

from __future__ import annotations

import html
import string
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agent.demo.shop import bodies, dates, order_lines, php, products, stock, totals
from agent.demo.shop.refusal import Refusal

if TYPE_CHECKING:
    from datetime import datetime

    from agent.demo.shop.bodies import JSON
    from agent.demo.shop.state import Shop

STATUSES = (
    *("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed"),
    "checkout-draft",
)
_PAID = ("processing", "completed")
_UNPAID = ("pending", "on-hold", "failed", "cancelled")
_PLAIN = (
    *("currency", "customer_note", "payment_method", "payment_method_title"),
    *("transaction_id", "created_via", "parent_id"),
)
_IN_THE_POST = ("status", "customer_note", "parent_id")
_KEY_CHARACTERS = string.ascii_letters + string.digits


@dataclass
class Refund:
    """``fields`` is its body but for dates and links."""

    id: int
    order_id: int
    created: datetime
    fields: dict[str, Any]


@dataclass
class Order:
    """``fields`` is its body but for what changes with the time, the status and the refunds."""

    id: int
    fields: dict[str, Any]
    created: datetime
    modified: datetime
    paid: datetime | None = None
    completed: datetime | None = None
    stock_reduced: bool = False
    sales_counted: bool = False
    refunds: list[Refund] = field(default_factory=list)  # newest first
    notes: list[dict[str, Any]] = field(default_factory=list)  # newest first, as bodies

    @property
    def status(self) -> str:
        return str(self.fields["status"])


def body(shop: Shop, order: Order) -> JSON:
    """The same keys over REST and in a webhook."""
    fields, path = order.fields, f"orders/{order.id}"
    offset, status = shop.utc_offset, order.status
    url = shop.url(path)
    links = bodies.links(url, shop.url("orders"))
    mails = {"embeddable": True, "href": f"{url}/actions/email_templates"}
    links["email_templates"] = [mails]
    if fields["customer_id"]:
        links["customer"] = [{"href": shop.url(f"customers/{fields['customer_id']}")}]
    body = {
        **bodies.template("order"),
        **fields,
        "version": shop.profile.version,
        "line_items": [totals.shown(line) for line in fields["line_items"]],
        "id": order.id,
        "number": str(order.id),
        **dates.pair("date_created", order.created, offset),
        **dates.pair("date_modified", order.modified, offset),
        **dates.pair("date_paid", order.paid, offset),
        **dates.pair("date_completed", order.completed, offset),
        "refunds": [
            {"id": r.id, "reason": r.fields["reason"], "total": f"-{r.fields['amount']}"}
            for r in refunds(shop, order)
        ],
        "payment_url": (
            f"{shop.home()}/checkout/order-pay/{order.id}/"
            f"?pay_for_order=true&key={fields['order_key']}"
        ),
        "currency_symbol": html.unescape(products.currency_symbol(shop)),
        "is_editable": status in ("pending", "on-hold", "auto-draft"),
        "needs_payment": status in ("pending", "failed") and fields["total"] != "0.00",
        "needs_processing": bool(fields["line_items"]),
        "_links": links,
    }
    return shop.profile.shown("order", body)


def refunds(shop: Shop, order: Order) -> list[Refund]:
    """Newest first; where orders are posts, its refunds go to the trash with it."""
    return [] if shop.profile.orders_as_posts and order.status == "trash" else order.refunds


def place(shop: Shop, sent: JSON, *, created_via: str) -> Order:
    """A new order; fires order.created and order.updated, then takes stock as its status says."""
    template = bodies.template("order")
    fields: JSON = {
        "status": sent.get("status") or "pending",
        "currency": shop.currency,
        "prices_include_tax": shop.prices_include_tax,
        "created_via": created_via,
        "customer_id": 0,
        "order_key": "wc_order_" + "".join(shop.rng.choices(_KEY_CHARACTERS, k=13)),
        "billing": template["billing"],
        "shipping": template["shipping"],
        "meta_data": [],
        **{name: [] for name in (*order_lines.KINDS, "tax_lines")},
    }
    _set_plain(shop, fields, sent)
    order_lines.add_all(shop, fields, sent)
    totals.recalculate(shop, fields)
    order = Order(shop.post_id(), fields, shop.now(), shop.now())
    shop.orders[order.id] = order
    if order.status != "checkout-draft":
        shop.emit("order.created", order.id)
    _settle(shop, order, "", sent)
    return order


def change(shop: Shop, order: Order, sent: JSON) -> None:
    """A PUT, or what an administrator does; fires order.updated even if nothing changed."""
    before, post = order.status, _post(order)
    _set_plain(shop, order.fields, sent)
    order.fields["status"] = sent.get("status") or before
    touched = order_lines.edit(shop, order.fields, sent)
    if touched or "billing" in sent or "shipping" in sent:
        totals.recalculate(shop, order.fields)
    _settle(shop, order, before, sent)
    if not shop.profile.orders_as_posts or _post(order) != post:
        order.modified = shop.now()
    if order.stock_reduced and order.status in stock.REDUCING:
        for line in touched:
            stock.adjust_line(shop, order, line)


def _post(order: Order) -> list[Any]:
    """Lines, totals and addresses are kept beside it, and leave its date as it was."""
    return [order.fields.get(name) or "" for name in _IN_THE_POST]


def add_refund(
    shop: Shop, order: Order, amount: Decimal, reason: str, line_items: list[JSON]
) -> Refund:
    """The row alone: nothing is fired, and no stock moved."""
    kind = "full" if amount == left_to_refund(order) else "partial"
    fields = {
        "amount": totals.money(amount),
        "reason": reason,
        "meta_data": [shop.meta("_refund_type", kind)],
        "line_items": line_items,
    }
    refund = Refund(shop.post_id(), order.id, shop.now(), fields)
    shop.refunds[refund.id] = refund
    order.refunds.insert(0, refund)
    return refund


def left_to_refund(order: Order) -> Decimal:
    """The total without all refunds so far."""
    refunded = sum((Decimal(r.fields["amount"]) for r in order.refunds), Decimal(0))
    return Decimal(order.fields["total"]) - refunded


def trash(shop: Shop, order: Order) -> None:
    """Stock and ``_reduced_stock`` stay as they are; fires order.deleted and nothing else."""
    order.fields["meta_data"] = [
        *order.fields["meta_data"],
        shop.meta("_wp_trash_meta_status", f"wc-{order.status}"),
        shop.meta("_wp_trash_meta_time", str(int(shop.now().timestamp()))),
    ]
    order.fields["status"] = "trash"
    order.modified = shop.now()
    shop.emit("order.deleted", order.id)


def restore(shop: Shop, order: Order) -> None:
    """Out of the trash again, as an administrator does it; REST has no such call."""
    kept = {entry["key"]: entry["value"] for entry in order.fields["meta_data"]}
    order.fields["status"] = kept["_wp_trash_meta_status"].removeprefix("wc-")
    order.fields["meta_data"] = [
        e for e in order.fields["meta_data"] if not e["key"].startswith("_wp_trash_meta_")
    ]
    order.modified = shop.now()
    shop.emit("order.updated", order.id)
    shop.emit("order.restored", order.id)


def _set_plain(shop: Shop, fields: JSON, sent: JSON) -> None:
    customer_id = php.intval(sent.get("customer_id", fields["customer_id"]))
    if customer_id and customer_id not in shop.customers:
        message = "Customer ID is invalid."
        raise Refusal("woocommerce_rest_invalid_customer_id", message, 400)
    fields["customer_id"] = customer_id
    for name in _PLAIN:
        if sent.get(name) is not None:
            fields[name] = sent[name]
    for name in ("billing", "shipping"):
        if isinstance(sent.get(name), dict):
            known = {k: str(v) for k, v in sent[name].items() if k in fields[name]}
            fields[name] = {**fields[name], **known}
    if sent.get("meta_data"):
        fields["meta_data"] = shop.merged_meta(fields["meta_data"], sent["meta_data"])


def _settle(shop: Shop, order: Order, before: str, sent: JSON) -> None:
    """What the status brings with it: dates, order.updated, then stock, sales, customer."""
    if sent.get("set_paid") and order.status in _UNPAID:
        order.fields["status"] = "processing"
    if order.status in _PAID and order.paid is None:
        order.paid = shop.now()
    if order.status == "completed" != before:
        order.completed = shop.now()
    if order.status == "refunded" and left_to_refund(order) > 0:
        # wc_order_fully_refunded: the rest in one refund without lines, so without stock.
        add_refund(shop, order, left_to_refund(order), "Order fully refunded.", [])
    shop.emit("order.updated", order.id)
    if order.status == before:
        return
    stock.follow_status(shop, order)
    customer = shop.customers.get(order.fields["customer_id"])
    if order.status == "completed" and customer is not None:
        customer.fields["is_paying_customer"] = True
        customer.modified = shop.now()
        shop.emit("customer.updated", customer.id)
