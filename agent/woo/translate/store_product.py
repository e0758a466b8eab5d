"""The row of a product or variation, from REST or a webhook, as stock and prices see it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from agent.model.product import StoreProduct
from agent.woo.translate import fields

_DECIMAL = re.compile(r"-?([0-9]+\.?[0-9]*|\.[0-9]+)")


def read(row: Any, *, parent_id: int = 0, known: StoreProduct | None = None) -> StoreProduct | None:
    """A product or variation, None where the row is none. Variations from
    ``products/{parent}/variations`` do not name their parent: ``parent_id`` does. What the row does
    not tell of the product itself is as it is ``known``."""
    number = fields.reference(row.get("id")) if isinstance(row, Mapping) else None
    if number is None or type(row["id"]) is not int:
        return None
    quantity, manages = row.get("stock_quantity"), row.get("manage_stock")
    managed: bool | str = "parent" if manages == "parent" else manages is True
    return StoreProduct(
        id=number,
        parent_id=fields.reference(row.get("parent_id")) or parent_id,
        type=fields.text(row.get("type")) or (known.type if known else ""),
        sku=(known.sku if known and "sku" not in row else fields.text(row.get("sku")) or ""),
        status=fields.text(row.get("status")) or (known.status if known else ""),
        manages_stock=managed,
        values={
            "quantity": quantity if type(quantity) in (int, float) else None,
            "regular_price": price(row.get("regular_price")),
            "sale_price": price(row.get("sale_price")),
            "sale_from": fields.moment(row.get("date_on_sale_from_gmt")),
            "sale_to": fields.moment(row.get("date_on_sale_to_gmt")),
            "manage_stock": managed,
        },
    )


def price(value: object) -> str | None:
    """Decimal text as it stands, None for the empty text that WooCommerce shows for no price, and
    for what only a plugin can have put there."""
    return value if isinstance(value, str) and _DECIMAL.fullmatch(value) else None
