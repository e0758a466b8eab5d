"""What products should show by the figures in force: what a comparison of both ends goes by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.model.in_force import InForce
    from agent.model.product import Shown, StoreProduct
    from agent.settings import Settings
    from agent.updates.stock_checks import StockChecks


class Memory(Protocol):
    """What is needed of the storage."""

    async def in_force(self, skus: Sequence[str]) -> dict[str, InForce]:
        """The stock updates in force."""

    async def known(self, skus: Sequence[str], *, complete: bool) -> dict[str, list[Shown]]:
        """Products by SKU as they were shown last."""


class Intended:
    """Computed as before a write."""

    def __init__(
        self, memory: Memory, stock: StockChecks, *, settings: Callable[[], Settings]
    ) -> None:
        self._memory = memory
        self._stock = stock
        self._settings = settings

    async def quantities(self, products: Sequence[StoreProduct]) -> Mapping[int, int]:
        """The intended figure of those that manage their stock and have an update in force, by id;
        none where stock is not the ERP's, or nothing is written."""
        settings = self._settings()
        if settings.ownership.stock == "store" or settings.updates.mode == "observe":
            return {}
        managed = [one for one in products if one.manages_stock is True and one.sku]
        in_force = await self._memory.in_force([one.sku for one in managed])
        if not in_force:
            return {}
        known = await self._memory.known(list(in_force), complete=False)
        shown = {one.id: one for one in managed}
        groups = {
            sku: list(
                {
                    **{other.product.id: other.product for other in known.get(sku, ())},
                    **{one.id: one for one in shown.values() if one.sku == sku},
                }.values()
            )
            for sku in in_force
        }
        figures = await self._stock.figures(groups)
        return {
            one.id: figures.of(force.update, force.fetched_at, groups[one.sku]).quantity
            for one in managed
            if (force := in_force.get(one.sku)) is not None
        }
