"""Prices and sales that the store shows otherwise than the ERP, who owns them, said last. Pure.

Stock is left out: sales lower it all the time, and what nothing explains has a name of its own.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.model.product import StoreProduct

PRICE = ("regular_price",)
SALE = ("sale_price", "sale_from", "sale_to")


def of(
    product: StoreProduct,
    said: Mapping[str, Any],
    now: datetime,
    same: Callable[[str, object, object], bool],
) -> tuple[str, ...]:
    """The fields whose value differs from what was ``said`` last, as its JSON has it."""
    values = {name: _value(name, value) for name, value in said.items()}
    if _is_over(product, values, now):
        values = {name: value for name, value in values.items() if name not in SALE}
    return tuple(product.lacks(values, same))


def _value(name: str, value: Any) -> Any:
    if name in ("sale_from", "sale_to") and isinstance(value, str):
        return datetime.fromisoformat(value)
    return value


def _is_over(product: StoreProduct, said: Mapping[str, Any], now: datetime) -> bool:
    """The store ends a sale by itself: at its end, and where it is no reduction any more."""
    end, sale = said.get("sale_to"), said.get("sale_price")
    regular = product.values["regular_price"]
    ended = end is not None and end <= now
    return ended or (
        sale is not None
        and not {"regular_price", "sale_price"} & product.unreadable.keys()
        and product.values["sale_price"] is None
        and (regular is None or Decimal(sale) >= Decimal(regular))
    )
