"""The row of a product or variation, from REST or a webhook, as stock and prices see it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from agent.model.product import StoreProduct
from agent.woo.translate import fields, figures
from agent.woo.translate.errors import UnreadableFigureError

_READ: Mapping[str, tuple[str, Callable[[object], Any]]] = {
    "quantity": ("stock_quantity", figures.quantity),
    "regular_price": ("regular_price", figures.price),
    "sale_price": ("sale_price", figures.price),
    "sale_from": ("date_on_sale_from_gmt", figures.moment),
    "sale_to": ("date_on_sale_to_gmt", figures.moment),
    "manage_stock": ("manage_stock", figures.manages_stock),
}


def read(row: Any, *, parent_id: int = 0, known: StoreProduct | None = None) -> StoreProduct | None:
    """A product or variation, None where the row is none. Variations from
    ``products/{parent}/variations`` do not name their parent: ``parent_id`` does. What the row does
    not tell is as it is ``known``."""
    number = fields.reference(row.get("id")) if isinstance(row, Mapping) else None
    if number is None or type(row["id"]) is not int:
        return None
    values: dict[str, Any] = {}
    unreadable: dict[str, str] = {}
    for name, (field, reader) in _READ.items():
        if field in row:
            try:
                values[name] = reader(row[field])
                continue
            except UnreadableFigureError:
                why = f"{field} is not usable"
        elif known is not None and name not in known.unreadable:
            values[name] = known.values.get(name)
            continue
        else:
            why = f"{field} is missing"
        values[name], unreadable[name] = None, why
    return StoreProduct(
        id=number,
        parent_id=fields.reference(row.get("parent_id")) or parent_id,
        type=fields.text(row.get("type")) or (known.type if known else ""),
        sku=(known.sku if known and "sku" not in row else fields.text(row.get("sku")) or ""),
        status=fields.text(row.get("status")) or (known.status if known else ""),
        manages_stock=values["manage_stock"] or False,
        values=values,
        unreadable=unreadable,
    )
