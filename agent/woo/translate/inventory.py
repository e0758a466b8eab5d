"""The stock level that a canonical product shows. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.model.inventory import InventoryLevel

if TYPE_CHECKING:
    from agent.model.retail_product import Product


def level(product: Product) -> InventoryLevel | None:
    """None without a SKU: nobody could say whose stock it is."""
    if product.sku is None:
        return None
    return InventoryLevel(
        id=f"inventory/{product.sku}",
        sku=product.sku,
        product_id=product.parent_id or product.product_id,
        variation_id=product.product_id if product.parent_id else None,
        quantity=product.quantity,
        manages_stock=product.manages_stock,
        stock_status=product.stock_status,
        backorders=product.backorders,
        changed_at=product.modified_at,
    )
