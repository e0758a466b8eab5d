"""``/orders`` and the notes of an order."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from agent.demo.shop import bodies, dates, orders, php, query
from agent.demo.shop.refusal import already_trashed, invalid_id, invalid_params, missing_param
from agent.demo.shop.rest import EDIT, Answer, Call, Route, created

if TYPE_CHECKING:
    from agent.demo.shop.bodies import JSON
    from agent.demo.shop.orders import Order
    from agent.demo.shop.state import Shop

_SORT_KEYS = {
    "date": lambda o: o.created,
    "modified": lambda o: o.modified,
    "id": lambda o: o.id,
}
_LISTABLE = (*orders.STATUSES, "any", "trash", "auto-draft")


def _list(shop: Shop, call: Call) -> Answer:
    include = query.ids(call.query, "include")
    rows = list(shop.orders.values())
    if include:
        rows = [shop.orders[i] for i in dict.fromkeys(include) if i in shop.orders]
    statuses = query.words(call.query, "status")
    if not set(statuses) <= set(_LISTABLE):
        message = f"status[0] is not one of {', '.join(_LISTABLE)}."
        raise invalid_params({"status": ("rest_not_in_enum", message)})
    if not statuses or "any" in statuses:  # "any,trash" leaves out the trash too
        rows = [o for o in rows if o.status != "trash"]
    else:
        rows = [o for o in rows if o.status in statuses]
    found = query.dated(shop, call.query, rows)
    page, headers = query.listed(shop, "orders", call.query, found, _SORT_KEYS)
    return Answer([orders.body(shop, order) for order in page], headers=headers)


def _totals(shop: Shop, _: Call) -> Answer:
    """How many orders have each status; the trash is none."""
    count = Counter(order.status for order in shop.orders.values())
    return Answer([{"slug": s, "name": s.capitalize(), "total": count[s]} for s in orders.STATUSES])


def _get(shop: Shop, call: Call) -> Answer:
    return Answer(orders.body(shop, _existing(shop, call, 404)))


def _create(shop: Shop, call: Call) -> Answer:
    _check(call.body)
    order = orders.place(shop, call.body, created_via="rest-api")
    return created(shop, f"orders/{order.id}", orders.body(shop, order))


def _update(shop: Shop, call: Call) -> Answer:
    _check(call.body)
    order = _existing(shop, call, 400)
    orders.change(shop, order, call.body)
    return Answer(orders.body(shop, order))


def _delete(shop: Shop, call: Call) -> Answer:
    """Answers with the order as it was before; by force it goes without a webhook."""
    order = _existing(shop, call, 404)
    body = orders.body(shop, order)
    if call.forced:
        del shop.orders[order.id]
        for refund in order.refunds:
            del shop.refunds[refund.id]
    elif order.status == "trash":
        raise already_trashed("shop_order")
    else:
        orders.trash(shop, order)
    return Answer(body)


def _add_note(shop: Shop, call: Call) -> Answer:
    """Fires nothing."""
    order = _existing(shop, call, 404)
    if not call.body.get("note"):
        raise missing_param("note")
    note_id, path = shop.item_id(), f"orders/{order.id}/notes"
    body: JSON = {
        "id": note_id,
        "author": "WooCommerce",
        **dates.pair("date_created", shop.now(), shop.utc_offset),
        "note": str(call.body["note"]),
        "customer_note": bool(call.body.get("customer_note")),
        "_links": bodies.links(shop.url(f"{path}/{note_id}"), shop.url(path), allow="GET DELETE"),
    }
    body["_links"]["up"] = [{"href": shop.url(f"orders/{order.id}")}]
    body = shop.profile.shown("note", body)
    order.notes.insert(0, body)
    return created(shop, f"{path}/{note_id}", body)


def _notes(shop: Shop, call: Call) -> Answer:
    return Answer(_existing(shop, call, 404).notes)


def _check(sent: JSON) -> None:
    """The part of the schema that matters; ``trash`` is no status to be written."""
    problems = {}
    status = sent.get("status")
    if status is not None and status not in orders.STATUSES:
        allowed = ", ".join(orders.STATUSES)
        problems["status"] = ("rest_not_in_enum", f"status is not one of {allowed}.")
    if not php.is_integer(sent.get("customer_id") or 0):
        problems["customer_id"] = ("rest_invalid_type", "customer_id is not of type integer.")
    for name in ("line_items", "shipping_lines", "fee_lines", "coupon_lines", "meta_data"):
        if not isinstance(sent.get(name) or [], list):
            problems[name] = ("rest_invalid_type", f"{name} is not of type array.")
    if problems:
        raise invalid_params(problems)


def _existing(shop: Shop, call: Call, status: int) -> Order:
    order = shop.orders.get(call.ids["id"])
    if order is None:
        raise invalid_id("shop_order", status)
    return order


ROUTES = [
    Route("GET", "orders", _list),
    Route("GET", "reports/orders/totals", _totals),
    Route("POST", "orders", _create),
    Route("GET", "orders/{id}", _get),
    Route(EDIT, "orders/{id}", _update),
    Route("DELETE", "orders/{id}", _delete),
    Route("GET", "orders/{id}/notes", _notes),
    Route("POST", "orders/{id}/notes", _add_note),
]
