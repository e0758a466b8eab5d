"""What is sold: SKUs, and the SKU whose figure each of them lowers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.demo.store import Store

START = 500
_SIMPLE = [f"MUG-{n}" for n in range(6)]
_OWN, _SHARED = ["SHIRT-S", "SHIRT-M"], ["TEE-S", "TEE-M"]
POOL = {sku: sku for sku in (*_SIMPLE, *_OWN)} | dict.fromkeys(_SHARED, "TEE")
POOLS = sorted(set(POOL.values()))


def stock(store: Store) -> None:
    """Simple products, variations with figures of their own, variations of one figure."""
    for sku in _SIMPLE:
        store.add_product(sku, stock=START - 100)
    store.add_variable("SHIRT", dict.fromkeys(_OWN, ("20.00", START - 100)))
    parent = store.shop.catalog.get(
        store.add_variable("TEE", dict.fromkeys(_SHARED, ("9.00", None)))
    )
    assert parent is not None
    parent.manage_stock, parent.stock = True, START - 100
