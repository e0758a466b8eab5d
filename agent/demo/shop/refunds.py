"""Refunds: ``/orders/{order}/refunds`` and ``/refunds`` of all orders."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agent.demo.shop import bodies, dates, php, query, stock, totals
from agent.demo.shop.orders import Order, Refund, add_refund, change, left_to_refund, refunds
from agent.demo.shop.products import price_value
from agent.demo.shop.refusal import Refusal, invalid_id, trash_not_supported
from agent.demo.shop.rest import Answer, Call, Route, created

if TYPE_CHECKING:
    from agent.demo.shop.bodies import JSON
    from agent.demo.shop.state import Shop

_SORT_KEYS = {"date": lambda r: r.created, "id": lambda r: r.id}


def create(shop: Shop, order: Order, sent: JSON) -> Refund:
    """Fires product.updated per restocked product, then order.updated.

    What makes the whole total refunded turns the order's status to refunded.
    """
    lines = [line for line in sent.get("line_items") or () if _ordered(order, line)]
    amount, left = Decimal(str(sent.get("amount") or _sum(lines))), left_to_refund(order)
    if not 0 <= amount <= left:
        code = "woocommerce_rest_cannot_create_order_refund"
        raise Refusal(code, "Invalid refund amount.", 500)
    items = [_line(shop, _ordered(order, line), line) for line in lines]
    refund = add_refund(shop, order, amount, sent.get("reason") or "", items)
    if sent.get("api_restock", True):
        for line in lines:
            stock.restock(shop, order, _ordered(order, line), php.intval(line.get("quantity", 0)))
    order.modified = shop.now()
    change(shop, order, {"status": "refunded"} if amount == left else {})
    return refund


def share(line: JSON, quantity: int) -> JSON:
    """A refund's line for ``quantity`` pieces of the order's ``line``, at what was paid."""
    part = Decimal(quantity) / max(1, line["quantity"])
    taxes = [
        {"id": tax["id"], "refund_total": totals.money(Decimal(tax["total"]) * part)}
        for tax in line["taxes"]
    ]
    total = totals.money(Decimal(line["total"]) * part)
    return {"id": line["id"], "quantity": quantity, "refund_total": total, "refund_tax": taxes}


def body(shop: Shop, refund: Refund, *, of_all_orders: bool = False) -> JSON:
    """``of_all_orders``: the form of ``/refunds``, which has the order's id as ``parent_id``."""
    here = f"orders/{refund.order_id}/refunds"
    links = bodies.links(shop.url(f"{here}/{refund.id}"), shop.url(here), allow="GET DELETE")
    links["up"] = [{"href": shop.url(f"orders/{refund.order_id}")}]
    parent = {"parent_id": refund.order_id} if of_all_orders else {}
    created_at = dates.pair("date_created", refund.created, shop.utc_offset)
    values = {"id": refund.id, **parent, **created_at, **refund.fields, "_links": links}
    return shop.profile.shown("refund", {**bodies.template("refund"), **values})


def _line(shop: Shop, item: JSON, sent: JSON) -> JSON:
    """An order's line turned negative."""
    quantity = php.intval(sent.get("quantity", 0))
    total = Decimal(str(sent.get("refund_total") or 0))
    taxes = {t["id"]: totals.money(-Decimal(str(t["refund_total"]))) for t in _taxes(sent)}
    tax = totals.money(sum(map(Decimal, taxes.values()), Decimal(0)))
    return {
        **item,
        "id": shop.item_id(),
        "quantity": -quantity,
        "subtotal": totals.money(-total),
        "subtotal_tax": tax,
        "total": totals.money(-total),
        "total_tax": tax,
        "taxes": [{"id": i, "total": value, "subtotal": value} for i, value in taxes.items()],
        "meta_data": [shop.item_meta("_refunded_item_id", str(item["id"]))],
        "price": price_value(total / max(1, quantity)),
    }


def _ordered(order: Order, sent: JSON) -> Any:
    """The order's line that a refund's line is about; None where there is none."""
    return next((i for i in order.fields["line_items"] if i["id"] == sent.get("id")), None)


def _sum(lines: list[JSON]) -> Decimal:
    """The amount where none was sent: what the lines come to."""
    figures = [line.get("refund_total") or 0 for line in lines]
    figures += [tax["refund_total"] for line in lines for tax in _taxes(line)]
    return sum((Decimal(str(figure)) for figure in figures), Decimal(0))


def _taxes(sent: JSON) -> list[JSON]:
    return sent.get("refund_tax") or []


def _list_all(shop: Shop, call: Call) -> Answer:
    rows = shop.refunds.values()
    page, headers = query.listed(shop, "refunds", call.query, rows, _SORT_KEYS)
    return Answer([body(shop, refund, of_all_orders=True) for refund in page], headers=headers)


def _list(shop: Shop, call: Call) -> Answer:
    order = _order(shop, call)
    path, shown = f"orders/{order.id}/refunds", refunds(shop, order)
    page, headers = query.listed(shop, path, call.query, shown, _SORT_KEYS)
    return Answer([body(shop, refund) for refund in page], headers=headers)


def _get(shop: Shop, call: Call) -> Answer:
    return Answer(body(shop, _existing(shop, call)))


def _create(shop: Shop, call: Call) -> Answer:
    refund = create(shop, _order(shop, call), call.body)
    # The pattern of the route stands unfilled in the store's Location.
    path = rf"orders/(?P<order_id>[\d]+)/refunds/{refund.id}"
    return created(shop, path, body(shop, refund))


def _delete(shop: Shop, call: Call) -> Answer:
    """Fires nothing (woocommerce#26532), and takes no stock back."""
    refund = _existing(shop, call)
    if not call.forced:
        raise trash_not_supported("The shop_order_refund does not support trashing.")
    shop.orders[refund.order_id].refunds.remove(refund)
    del shop.refunds[refund.id]
    return Answer(body(shop, refund))


def _order(shop: Shop, call: Call) -> Order:
    order = shop.orders.get(call.ids["order"])
    if order is None:
        raise Refusal("woocommerce_rest_invalid_order_id", "Invalid order ID.", 404)
    return order


def _existing(shop: Shop, call: Call) -> Refund:
    refund = shop.refunds.get(call.ids["id"])
    if refund is None or refund.order_id != _order(shop, call).id:
        raise invalid_id("shop_order_refund", 404)
    return refund


ROUTES = [
    Route("GET", "refunds", _list_all),
    Route("GET", "orders/{order}/refunds", _list),
    Route("POST", "orders/{order}/refunds", _create),
    Route("GET", "orders/{order}/refunds/{id}", _get),
    Route("DELETE", "orders/{order}/refunds/{id}", _delete),
]
