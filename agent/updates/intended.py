"""What products should show by the figures in force: what a comparison of both ends goes by."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from agent.model.stock import Base
from agent.updates import unexplained

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from agent.model.in_force import InForce
    from agent.model.product import Shown, StoreProduct
    from agent.settings import Settings
    from agent.updates.figures import Figures
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
        none where stock is not the ERP's, or nothing is written. Units that are missing without an
        order are no reason for a lower one."""
        intended, _ = await self._figures(products)
        return intended

    async def missing(self, products: Sequence[StoreProduct], now: datetime) -> dict[int, Base]:
        """The units that each of those shows less than it should, and since when."""
        intended, figures = await self._figures(products)
        found = {}
        for one in products:
            shown, figure = one.values["quantity"], intended.get(one.id)
            if figure is None or not isinstance(shown, int) or shown >= figure:
                continue
            taken = unexplained.taken(figures.snapshots.get(one.id, ()))
            first = Base(shown, taken, figure - shown, now)
            found[one.id] = figures.bases.get(one.id, first)
        return found

    async def _figures(self, products: Sequence[StoreProduct]) -> tuple[Mapping[int, int], Figures]:
        """The intended figures, and what they were computed from."""
        in_force, groups = await self._in_force(products)
        figures = await self._stock.figures(groups)
        explained = replace(figures, bases={})
        intended = {
            one.id: explained.of(force, groups[one.sku]).quantity
            for one in products
            if one.manages_stock is True and (force := in_force.get(one.sku)) is not None
        }
        return intended, figures

    async def _in_force(
        self, products: Sequence[StoreProduct]
    ) -> tuple[Mapping[str, InForce], dict[str, list[StoreProduct]]]:
        """The updates in force, and the products that share each of their SKUs."""
        settings = self._settings()
        if settings.ownership.stock == "store" or settings.updates.mode == "observe":
            return {}, {}
        managed = {one.id: one for one in products if one.manages_stock is True and one.sku}
        in_force = await self._memory.in_force([one.sku for one in managed.values()])
        known = await self._memory.known(list(in_force), complete=False) if in_force else {}
        groups: dict[str, list[StoreProduct]] = {}
        for sku in in_force:
            others = {one.product.id: one.product for one in known.get(sku, ())}
            same = {number: one for number, one in managed.items() if one.sku == sku}
            groups[sku] = list((others | same).values())
        return in_force, groups
