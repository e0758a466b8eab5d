"""Store and gateway stand-ins in a process of their own, commanded through a pipe."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agent.clock import SystemClock
from agent.demo.gateway import Gateway
from agent.demo.shop.work import MEASURED
from agent.demo.store import Store
from tests import agents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from pathlib import Path

PARENTS, SIZES = 20, 50


@dataclass(frozen=True)
class Work:
    """What the store had to do. ``worked_s`` is its cost as measured on a host, ``busy_s`` the
    time in which the stand-in did it."""

    reads: int
    writes: int
    worked_s: float
    busy_s: float

    def __sub__(self, before: Work) -> Work:
        return Work(
            self.reads - before.reads,
            self.writes - before.writes,
            self.worked_s - before.worked_s,
            self.busy_s - before.busy_s,
        )


@dataclass
class Ends:
    """The other side of the pipe; each call waits for its answer."""

    store_url: str
    gateway_url: str
    pipe: Connection

    def work(self) -> Work:
        """What the store had to do so far."""
        work: Work = self._ask("work")
        return work

    def publish(self, changed: int) -> int:
        """A full feed, in which so many figures are not the store's; the number of parents of the
        variations among them."""
        return int(self._ask("publish", changed))

    def answered(self) -> int:
        """How many updates have a result."""
        return int(self._ask("answered"))

    def wrong(self) -> int:
        """How many figures in the store are not those of the last feed."""
        return int(self._ask("wrong"))

    def items(self) -> dict[int, list[int]]:
        """The ids of all SKUs by parent, 0 for those without one."""
        items: dict[int, list[int]] = self._ask("items")
        return items

    def _ask(self, *command: Any) -> Any:
        self.pipe.send(command)
        return self.pipe.recv()


@contextmanager
def serving(folder: Path, skus: int, scale: float) -> Iterator[Ends]:
    """A store of so many SKUs with the measured costs, compressed, and a gateway."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(folder, skus, scale, there), daemon=True)
    process.start()
    try:
        store_url, gateway_url = here.recv()
        yield Ends(store_url, gateway_url, here)
    finally:
        process.terminate()
        process.join()


def _serve(folder: Path, skus: int, scale: float, pipe: Connection) -> None:
    asyncio.run(_commanded(folder, skus, scale, pipe))


async def _commanded(folder: Path, skus: int, scale: float, pipe: Connection) -> None:
    clock = SystemClock()
    store = Store(
        clock,
        consumer_key=agents.KEY,
        consumer_secret=agents.SECRET,
        rng=random.Random(1),
        ssl=True,
    )
    gateway = Gateway(folder / "gateway.db", clock, token=agents.TOKEN)
    shop = _Shop(store, gateway, skus)
    async with store.serving(deliver=False), gateway.serving():
        store.host.pace = replace(MEASURED, scale=scale)
        pipe.send((store.url, gateway.url))
        while True:
            name, *arguments = await asyncio.to_thread(pipe.recv)
            pipe.send(getattr(shop, name)(*arguments))


class _Shop:
    """A twentieth of the SKUs are variations, of 20 parents."""

    def __init__(self, store: Store, gateway: Gateway, skus: int) -> None:
        self._store = store
        self._gateway = gateway
        self._rng = random.Random(2)
        self._version = 0
        self._figures: dict[str, int] = {}
        self._variations = {f"TEE-{p}-{s}": p for p in range(PARENTS) for s in range(SIZES)}
        self._simple = [f"SKU-{n:05}" for n in range(skus - len(self._variations))]
        for sku in self._simple:
            store.add_product(sku, stock=100)
        for parent in range(PARENTS):
            sizes: dict[str, tuple[str, int | None]] = {
                sku: ("20.00", 100) for sku, p in self._variations.items() if p == parent
            }
            store.add_variable(f"TEE-{parent}", sizes)

    def publish(self, changed: int) -> int:
        self._version += 1
        some = self._rng.sample(list(self._variations), changed // 20)
        others = self._rng.sample(self._simple, changed - len(some))
        new = dict.fromkeys((*some, *others), 200 + self._version)
        self._figures = {sku: self._store.stock(sku) or 0 for sku in self._skus()} | new
        self._gateway.publish(
            agents.STORE,
            *(
                {
                    "id": f"u-{self._version}-{sku}",
                    "kind": "stock",
                    "sku": sku,
                    "version": self._version,
                    "quantity": figure,
                    "seen_position": 0,
                }
                for sku, figure in self._figures.items()
            ),
        )
        return len({self._variations[sku] for sku in some})

    def work(self) -> Work:
        host = self._store.host
        return Work(host.reads, host.writes, host.worked_s, host.busy_s)

    def answered(self) -> int:
        return self._gateway.answered(agents.STORE)

    def wrong(self) -> int:
        return sum(self._store.stock(sku) != figure for sku, figure in self._figures.items())

    def items(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for sku in self._skus():
            body = self._store.product(sku)
            found.setdefault(body["parent_id"], []).append(body["id"])
        return found

    def _skus(self) -> list[str]:
        return [*self._simple, *self._variations]
