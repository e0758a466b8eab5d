"""The JSON fields of WooCommerce that we read and write, and their quirks. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from agent.model import foreign
from agent.model.product import ItemAnswer, ItemWrite
from agent.woo.translate import fields, figures, store_product

PRODUCT_FIELDS = (
    "id,parent_id,type,sku,status,manage_stock,stock_quantity,regular_price,sale_price,"
    "date_on_sale_from_gmt,date_on_sale_to_gmt"
)
_WRITTEN_AS = {
    "quantity": "stock_quantity",
    "regular_price": "regular_price",
    "sale_price": "sale_price",
    "sale_from": "date_on_sale_from_gmt",
    "sale_to": "date_on_sale_to_gmt",
    "manage_stock": "manage_stock",
}


def same(field: str, one: object, other: object) -> bool:
    """Whether two values of a field are the same figure: ``12.9`` is ``12.90``."""
    if one is None or other is None:
        return one is other
    if field in ("regular_price", "sale_price"):
        return Decimal(str(one)) == Decimal(str(other))
    if isinstance(one, datetime) and isinstance(other, datetime):  # kept to the second
        return one.replace(microsecond=0) == other.replace(microsecond=0)
    return one == other


def item(write: ItemWrite) -> dict[str, Any]:
    """One entry of a batch: the id and the fields we own, never the ``type``."""
    return {"id": write.product.id} | {
        _WRITTEN_AS[field]: _written(value) for field, value in write.values.items()
    }


def _written(value: object) -> object:
    if value is None:
        return ""  # null is ignored for dates, "" clears prices and dates alike
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return value


def answers(body: Any, writes: Sequence[ItemWrite], parent_id: int) -> list[ItemAnswer] | None:
    """The answers to a batch, in its order; None where the body is not one for that batch."""
    rows = body.get("update") if isinstance(body, Mapping) else None
    if not isinstance(rows, list) or len(rows) != len(writes):
        return None
    return [_answer(row, write, parent_id) for row, write in zip(rows, writes, strict=True)]


def _answer(row: Any, write: ItemWrite, parent_id: int) -> ItemAnswer:
    error = row.get("error") if isinstance(row, Mapping) else None
    if isinstance(error, Mapping):
        code = foreign.line(error.get("code")) or "error"
        return ItemAnswer(None, code, foreign.line(error.get("message")))
    shown = store_product.read(row, parent_id=parent_id)
    if shown is None or shown.id != write.product.id:
        return ItemAnswer(None, "broken_answer", "the answer names another product")
    return ItemAnswer(
        shown,
        figures=figures.digest(row),
        changed_at=fields.moment(row.get("date_modified_gmt")),
        stock=figures.stock(row),
    )
