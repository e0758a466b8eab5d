"""The stock level that a canonical product shows. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.model.inventory import InventoryLevel
from agent.woo.translate import product
from agent.woo.translate.errors import Untranslatable
from agent.woo.translate.rules import PLAIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.model.retail_product import Product
    from agent.woo.translate.rules import Rules


def translate(body: Mapping[str, Any], rules: Rules = PLAIN) -> InventoryLevel:
    """The level that a product's body shows, or the part of it that is about stock;
    ``Untranslatable`` without id and SKU."""
    found = level(product.translate(body, rules))
    if found is None:
        raise Untranslatable("sku", "missing")
    return found


def level(shown: Product) -> InventoryLevel | None:
    """None without a SKU: nobody could say whose stock it is."""
    if shown.sku is None:
        return None
    return InventoryLevel(
        id=f"inventory/{shown.sku}",
        sku=shown.sku,
        product_id=shown.parent_id or shown.product_id,
        variation_id=shown.product_id if shown.parent_id else None,
        quantity=shown.quantity,
        manages_stock=shown.manages_stock,
        stock_status=shown.stock_status,
        backorders=shown.backorders,
        changed_at=shown.modified_at,
    )
