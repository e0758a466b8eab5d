"""People who order, cancel, pay again and return; and clerks who trash and edit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.flows.race import goods

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from agent.clock import Clock
    from agent.demo.shop.bodies import JSON
    from agent.demo.store import Store

_CLAIM_NOTHING = frozenset({"pending", "failed", "cancelled", "trash"})
_FATES = {
    "cancel": 25,
    "trash": 8,
    "trash, restore": 4,
    "return": 15,
    "fail": 5,
    "fail, pay again": 12,
    "edit": 12,
    "complete": 9,
    "nothing": 10,
}


class Shoppers:
    """``trading`` can be cleared: nobody does anything then. ``told`` hears of every order that
    changed."""

    def __init__(
        self, store: Store, clock: Clock, rng: random.Random, *, told: Callable[[int], None]
    ) -> None:
        self.trading = asyncio.Event()
        self.trading.set()
        self._store = store
        self._clock = clock
        self._rng = rng
        self._told = told

    async def run(self, *, orders: int, per_second: float) -> None:
        """So many orders, to the end of their lives."""
        async with asyncio.TaskGroup() as lives:
            for _ in range(orders):
                await self._pause(1 / per_second)
                lives.create_task(self._live())

    async def _live(self) -> None:
        bought = self._rng.sample(list(goods.POOL), self._rng.choice((1, 1, 2)))
        items = [(sku, self._rng.randint(1, 3)) for sku in bought]
        status = self._rng.choice(("processing", "processing", "on-hold", "pending"))
        order = self._store.place_order(items, status)
        self._told(order)
        await self._pause(1.0)
        if status == "pending":
            self._status(order, "processing")
            await self._pause(0.7)
        [fate] = self._rng.choices(list(_FATES), list(_FATES.values()))
        await self._befall(order, fate, items[0])

    async def _befall(self, order: int, fate: str, item: tuple[str, int]) -> None:
        sku, quantity = item
        match fate:
            case "cancel":
                self._status(order, "cancelled")
            case "trash" | "trash, restore":
                self._store.trash_order(order)
                self._told(order)
                if fate != "trash":
                    await self._pause(1.0)
                    self._store.restore_order(order)
                    self._told(order)
            case "return" if quantity > 1:
                self._store.refund(order, {sku: 1})
                self._told(order)
            case "fail" | "fail, pay again":
                self._status(order, "failed")
                if fate != "fail":
                    await self._pause(1.5)
                    self._status(order, "processing")
            case "edit":
                self._store.edit_line(order, sku, max(1, quantity + self._rng.choice((-1, 1, 2))))
                self._told(order)
            case "complete":
                self._status(order, "completed")

    def _status(self, order: int, status: str) -> None:
        self._store.set_status(order, status)
        self._told(order)

    async def _pause(self, mean_s: float) -> None:
        await self._clock.sleep(self._rng.expovariate(1 / mean_s))
        await self.trading.wait()


def claimed(store: Store, order: int) -> dict[str, int]:
    """Units of that order by figure, as the store has them."""
    fields = store.shop.orders[order].fields
    units: dict[str, int] = {}
    for line in fields["line_items"]:
        pool = goods.POOL[line["sku"]]
        claims = 0 if fields["status"] in _CLAIM_NOTHING else _reduced(line)
        units[pool] = units.get(pool, 0) + claims
    return units


def _reduced(line: JSON) -> int:
    found = (int(m["value"]) for m in line["meta_data"] if m["key"] == "_reduced_stock")
    return next(found, line["quantity"])
