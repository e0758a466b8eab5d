"""Lists of the store's resources with the few fields that tell whether one has to be read. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.model import money
from agent.model.listed import Listed
from agent.woo import statuses
from agent.woo.translate import fields, figures, order_figures, store_product

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Kind:
    """A list: whose subjects it shows, where it is and what of each row is asked for."""

    resource: str
    path: str
    fields: str
    query: Mapping[str, str] = field(default_factory=dict)


_DATES = "id,date_created_gmt,date_modified_gmt"
_PRODUCT = ",".join([_DATES, "parent_id,type,sku,status", *sorted(figures.NAMES)])
KINDS: Mapping[str, Kind] = {
    "orders": Kind("order", "orders", ",".join([_DATES, "status,currency", *order_figures.NAMES])),
    "refunds": Kind("refund", "refunds", "id,parent_id,date_created_gmt,amount"),
    "products": Kind("product", "products", _PRODUCT),
    "variations": Kind("product", "variations", _PRODUCT),
    "trashed products": Kind("product", "products", _PRODUCT, {"status": statuses.TRASH}),
    "trashed variations": Kind("product", "variations", _PRODUCT, {"status": statuses.TRASH}),
    "customers": Kind("customer", "customers", _DATES, {"role": "all"}),
    "coupons": Kind("coupon", "coupons", f"{_DATES},status"),
}


def read(kind: Kind, rows: Sequence[Mapping[str, Any]]) -> list[Listed]:
    """The rows, without checkouts that are no orders yet."""
    return [_read(kind, row) for row in rows if row.get("status") != statuses.DRAFT]


def _read(kind: Kind, row: Mapping[str, Any]) -> Listed:
    number = row["id"]
    parent, product, shown = "", None, b""
    if kind.resource == "refund":
        order = fields.reference(row.get("parent_id"))
        parent = f"order/{order}" if order else ""
        shown = (money.canonical(row.get("amount")) or "").removeprefix("-").encode()
    elif kind.resource == "order":
        shown = order_figures.digest(row)
    elif kind.resource == "product":
        product = store_product.read(row)
        shown = figures.digest(row)
    return Listed(
        subject=f"{kind.resource}/{number}",
        number=number,
        status=fields.text(row.get("status")) or "",
        created_at=fields.moment(row.get("date_created_gmt")),
        changed_at=fields.moment(row.get("date_modified_gmt")),
        figures=shown,
        parent=parent,
        currency=fields.text(row.get("currency")) or "",
        product=product,
    )
