"""What the inbound line knows of the store's products, as its users see it: each method is one
transaction or one read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from agent.clock import Clock
from agent.model.in_force import Check, Computed, Conclusion, InForce
from agent.model.product import Shown, StoreProduct
from agent.model.stock import Base, Snapshot
from agent.storage import baseline, catalogue, in_force, stock_ledger
from agent.storage.access import State
from agent.storage.writer import Tx


class Stock:
    """Catalogue, figures in force, and what is to be compared."""

    def __init__(self, database: State, *, clock: Clock) -> None:
        self._db = database
        self._clock = clock

    async def ready(self) -> bool:
        return await self._db.read(baseline.is_done)

    async def snapshots(
        self, product_ids: Sequence[int], in_flight: Collection[int]
    ) -> Mapping[int, Sequence[Snapshot]]:
        return await self._db.read(stock_ledger.snapshots, product_ids, in_flight)

    async def outdated(self, skus: Sequence[str]) -> list[str]:
        return await self._db.read(stock_ledger.outdated, skus)

    async def known(self, skus: Sequence[str], *, complete: bool) -> dict[str, list[Shown]]:
        return await self._db.read(catalogue.by_sku, skus, complete=complete)

    async def by_id(self, product_ids: Sequence[int]) -> dict[int, Shown]:
        return await self._db.read(catalogue.by_id, product_ids)

    async def looked_up(self, found: Mapping[str, Sequence[StoreProduct]]) -> None:
        now = self._clock.now()
        await self._db.write(lambda tx: catalogue.looked_up(tx, found, now))

    async def learn(self, products: Sequence[StoreProduct], *, written: bool) -> None:
        now = self._clock.now()
        await self._db.write(lambda tx: catalogue.learn(tx, products, now, written=written))

    async def listed(self, products: Sequence[StoreProduct]) -> None:
        await self._db.write(lambda tx: catalogue.listed(tx, products))

    async def skus(self, most: int) -> list[str]:
        return await self._db.read(catalogue.skus, most)

    async def gone(self, product_ids: Collection[int]) -> None:
        await self._db.write(lambda tx: catalogue.gone(tx, product_ids))

    async def in_force(self, skus: Sequence[str]) -> dict[str, InForce]:
        return await self._db.read(in_force.by_sku, skus)

    async def mark(self, product_ids: Collection[int]) -> None:
        now = self._clock.now()
        await self._db.write(lambda tx: in_force.unchecked(tx, product_ids, now))

    async def doubt(self, product_ids: Collection[int], *, stock: Collection[int]) -> None:
        now = self._clock.now()

        async def step(tx: Tx) -> None:
            await catalogue.distrust(tx, product_ids)
            await in_force.unchecked(tx, stock, now, ambiguous=True)

        await self._db.write(step)

    async def bases(self, product_ids: Collection[int]) -> dict[int, Base]:
        return await self._db.read(in_force.bases, product_ids)

    async def wrote(self, found: Mapping[int, Base]) -> None:
        await self._db.write(lambda tx: in_force.wrote(tx, found))

    async def checks(self, most: int) -> list[Check]:
        return await self._db.read(in_force.due, self._clock.now(), most)

    async def checked(
        self, conclusions: Sequence[Conclusion], computed: Mapping[str, Computed]
    ) -> None:
        now = self._clock.now()
        await self._db.write(lambda tx: in_force.checked(tx, conclusions, computed, now))

    async def checks_of(self, product_ids: Collection[int]) -> list[Check]:
        return await self._db.read(in_force.of, product_ids)
