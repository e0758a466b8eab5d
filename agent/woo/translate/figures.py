"""Stock and prices of a product: what our writes change, and what their answers show. Pure.

The same fields with the same values are in the answers of ``products/batch`` and
``variations/batch`` and in the webhooks that follow (recordings products_batch_mixed and 38,
variations_batch_mixed and 40, 41), whatever else differs between the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.model import content

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIELDS = (
    *("price", "regular_price", "sale_price", "date_on_sale_from_gmt", "date_on_sale_to_gmt"),
    *("on_sale", "purchasable", "manage_stock", "stock_quantity", "stock_status", "backordered"),
)
# The dates in site time say the same as those in UTC.
NAMES = frozenset({*_FIELDS, "date_on_sale_from", "date_on_sale_to"})


_STOCK = ("manage_stock", "stock_quantity", "stock_status")


def stock(product: Mapping[str, Any]) -> bytes:
    """Equal for equal stock, whatever the prices."""
    return content.digest([product.get(name) for name in _STOCK])


def digest(product: Mapping[str, Any]) -> bytes:
    """Equal for equal figures, in an answer and in a webhook."""
    return content.digest([product.get(name) for name in _FIELDS])
