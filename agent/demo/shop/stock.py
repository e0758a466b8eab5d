"""What orders and refunds do to stock (WC:includes/wc-stock-functions.php).

Each change is one step on the row itself, as the store's SQL does it; only REST loads, sets and
saves. What an order holds of a line's product is that line's ``_reduced_stock``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.demo.shop import php

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.demo.shop.bodies import JSON
    from agent.demo.shop.catalog import Product
    from agent.demo.shop.orders import Order
    from agent.demo.shop.state import Shop

REDUCING = ("processing", "on-hold", "completed")
_RESTORING = ("cancelled", "pending")
_REDUCED = "_reduced_stock"
_RESTOCKED = "_restock_refunded_items"


def product_id(line: JSON) -> int:
    """The id of the variation, or of the product where there is none."""
    return php.intval(line.get("variation_id") or line.get("product_id") or 0)


def follow_status(shop: Shop, order: Order) -> None:
    """Takes stock once, gives it back once; failed, refunded and trashed orders keep it."""
    if order.status in REDUCING:
        _count_sales(shop, order, counted=True)
        if not order.stock_reduced:
            order.stock_reduced = True
            for line in order.fields["line_items"]:
                _reduce(shop, order, line)
    elif order.status in _RESTORING:
        if order.status == "cancelled":
            _count_sales(shop, order, counted=False)
        if order.stock_reduced:
            order.stock_reduced = False
            for line in order.fields["line_items"]:
                _restore(shop, order, line)


def adjust_line(shop: Shop, order: Order, line: JSON) -> None:
    """After an edit: what the line holds becomes what it now needs (0: it was removed)."""
    holder = _holder(shop, line)
    if holder is None:
        return
    shop.late.catch_up(line)
    needed = line["quantity"] - _meta(line, _RESTOCKED) if line["quantity"] else 0
    _move(shop, holder, _meta(line, _REDUCED) - needed)
    _write(shop, order, line, lambda: _set_meta(shop, line, _REDUCED, needed))


def restock(shop: Shop, order: Order, line: JSON, quantity: int) -> None:
    """A refund puts ``quantity`` pieces back, out of what the order's ``line`` holds."""
    shop.late.catch_up(line)
    holder = _holder(shop, line)
    if holder is None or not quantity or not _meta(line, _REDUCED):
        return

    def written() -> None:
        _set_meta(shop, line, _REDUCED, _meta(line, _REDUCED) - quantity)
        _set_meta(shop, line, _RESTOCKED, _meta(line, _RESTOCKED) + quantity)

    _move(shop, holder, quantity)
    _write(shop, order, line, written)


def _reduce(shop: Shop, order: Order, line: JSON) -> None:
    shop.late.catch_up(line)
    holder = _holder(shop, line)
    if holder is not None and not _meta(line, _REDUCED):
        taken = line["quantity"]
        _move(shop, holder, -taken)
        _write(shop, order, line, lambda: _set_meta(shop, line, _REDUCED, taken))


def _restore(shop: Shop, order: Order, line: JSON) -> None:
    shop.late.catch_up(line)
    holder, held = _holder(shop, line), _meta(line, _REDUCED)

    def gone() -> None:
        line["meta_data"] = [m for m in line["meta_data"] if m["key"] != _REDUCED]

    if holder is not None and held:
        _move(shop, holder, held)
        _write(shop, order, line, gone)


def _write(shop: Shop, order: Order, line: JSON, change: Callable[[], None]) -> None:
    def saved() -> None:
        if not shop.profile.orders_as_posts:
            order.modified = shop.now()
        shop.emit("order.updated", order.id)

    shop.late.write(line, change, saved)


def _move(shop: Shop, holder: Product, pieces: int) -> None:
    if pieces:
        holder.stock = (holder.stock or 0) + pieces
        holder.settle_stock_status()
        holder.modified = shop.now()
        shop.emit("product.updated", holder.id)


def _holder(shop: Shop, line: JSON) -> Product | None:
    product = shop.catalog.get(product_id(line))
    return shop.catalog.stock_holder(product) if product else None


def _count_sales(shop: Shop, order: Order, *, counted: bool) -> None:
    """``total_sales`` of the product, not of the variation; no webhook tells of it."""
    if order.sales_counted == counted:
        return
    order.sales_counted = counted
    for line in order.fields["line_items"]:
        product = shop.catalog.get(line["product_id"])
        if product is not None:
            product.total_sales += line["quantity"] if counted else -line["quantity"]


def _meta(line: JSON, key: str) -> int:
    return next((php.intval(m["value"]) for m in line["meta_data"] if m["key"] == key), 0)


def _set_meta(shop: Shop, line: JSON, key: str, number: int) -> None:
    value = str(number)
    for entry in line["meta_data"]:
        if entry["key"] == key:
            entry.update(value=value, display_value=value)
            return
    line["meta_data"].append(shop.item_meta(key, value))
