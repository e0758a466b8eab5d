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
    "date_on_sale_from_gmt,date_on_sale_to_gmt,date_modified_gmt"
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


def answers(body: Any, writes: Sequence[ItemWrite], parent_id: int) -> dict[int, ItemAnswer]:
    """The answers to a batch by product id, in whatever order they came. What the body does not
    answer, or answers in two ways, is left out: nobody knows what became of it."""
    rows = body.get("update") if isinstance(body, Mapping) else None
    named: dict[int, Any] = {}
    disputed: set[int] = set()
    for row in rows if isinstance(rows, list) else ():
        number = row.get("id") if isinstance(row, Mapping) else None
        if type(number) is int and named.setdefault(number, row) != row:
            disputed.add(number)
    found = {
        write.product.id: _answer(named[write.product.id], write, parent_id)
        for write in writes
        if write.product.id in named and write.product.id not in disputed
    }
    return {number: answer for number, answer in found.items() if answer is not None}


def _answer(row: Mapping[str, Any], write: ItemWrite, parent_id: int) -> ItemAnswer | None:
    """None for a row that shows neither an error nor the fields that were written."""
    error = row.get("error")
    if isinstance(error, Mapping):
        code = foreign.line(error.get("code")) or "error"
        return ItemAnswer(None, code, foreign.line(error.get("message")))
    shown = store_product.read(row, parent_id=parent_id, known=write.product)
    if shown is None or not all(_WRITTEN_AS[field] in row for field in write.values):
        return None
    return ItemAnswer(
        shown,
        figures=figures.digest(row),
        changed_at=fields.moment(row.get("date_modified_gmt")),
        stock=figures.stock(row),
    )
