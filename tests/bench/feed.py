"""Memory of the daemon, a process of its own, through a feed of half a million updates.

Every update is about a SKU of its own, which the store has: one in a hundred figures is new, the
others stand already. Both ends make up what they say when they are asked and hold next to nothing,
so that the machine's memory is the daemon's.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from agent.clock import SystemClock
from agent.demo.shop.catalog import Catalog, Product
from agent.demo.site import Site
from agent.demo.store import Store
from tests import agents, processes

if TYPE_CHECKING:
    from collections.abc import Iterable

UPDATES = int(os.environ.get("WOO_AGENT_BENCH_UPDATES", "500000"))
CHANGED_EVERY = 100
PROMISED_MB = 120
_FIRST_ID = 1000
_STOCK, _NEW = 10, 11
_LOOK_S = 1.0


def measure() -> dict[str, Any]:
    """The most that was resident (VmHWM), in MiB, and how long it took."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        return asyncio.run(_measure(Path(folder)))


async def _measure(folder: Path) -> dict[str, Any]:
    clock = SystemClock()
    store = Store(
        clock, consumer_key=agents.KEY, consumer_secret=agents.SECRET, rng=random.Random(1)
    )
    store.shop.catalog = catalog = _Endless()
    feed = _Feed()
    async with store.serving(deliver=False), feed.site.serving():
        config = processes.write_config(
            folder,
            store={"url": store.url, "connect_to": f"127.0.0.1:{store.site.port}"},
            gateway={"url": feed.site.url},
        )
        started = clock.monotonic()
        async with processes.running(config) as agent:
            idle = peak_mb(agent.process.pid)
            while len(feed.answered) < UPDATES:
                await clock.sleep(_LOOK_S)
                if agent.process.returncode is not None:
                    raise SystemExit("the daemon ended:\n" + "\n".join(agent.log[-5:]))
            seconds = clock.monotonic() - started
            peak = peak_mb(agent.process.pid)
    return {
        "benchmark": "feed",
        "updates": UPDATES,
        "written": len(catalog.changed),
        "statuses": feed.statuses,
        "seconds": round(seconds),
        "updates_per_second": round(UPDATES / seconds),
        "peak_mb_when_started": round(idle, 1),
        "peak_mb": round(peak, 1),
        "promised_mb": PROMISED_MB,
    }


def peak_mb(pid: int) -> float:
    """VmHWM in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise SystemExit("no VmHWM")


def _sku(number: int) -> str:
    return f"SKU-{number:07}"


class _Endless(Catalog):
    """As many products as there are updates, each made when it is asked for; those that were
    written are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.changed: dict[int, int] = {}

    def get(self, product_id: int) -> Product | None:
        number = product_id - _FIRST_ID
        if not 0 <= number < UPDATES:
            return None
        at = SystemClock().now().replace(microsecond=0)
        product = Product(product_id, "simple", _sku(number), _sku(number).lower(), at, at)
        product.sku, product.regular_price = _sku(number), "10.00"
        product.manage_stock, product.stock = True, self.changed.get(product_id, _STOCK)
        return product

    def all(self) -> Iterable[Product]:
        """Only a few: nobody needs to read them all for this."""
        return filter(None, map(self.get, range(_FIRST_ID, _FIRST_ID + 100)))

    def sharing(self, sku: str, *, trashed: bool = False) -> list[Product]:
        number = sku.rpartition("-")[2]
        found = self.get(_FIRST_ID + int(number)) if number.isdigit() else None
        return [] if found is None else [found]

    def save(self, loaded: Product, draft: Product) -> None:
        assert draft.stock is not None
        self.changed[draft.id] = draft.stock


class _Feed:
    """A gateway that only has updates; ``answered`` are the numbers of those with a result."""

    def __init__(self) -> None:
        self.answered: set[int] = set()
        self.statuses: dict[str, int] = {}
        here = "/v1/stores/{store}"
        self.site = Site(
            [
                web.get(f"{here}/updates", self._page),
                web.post(f"{here}/updates/results", self._take),
                web.put(f"{here}/heartbeat", self._nothing),
                web.post(f"{here}/events", self._nothing_of_all),
                web.get(here, self._missing),
            ]
        )

    async def _page(self, request: web.Request) -> web.StreamResponse:
        start, limit = int(request.query.get("after") or 0), int(request.query["limit"])
        end = min(start + limit, UPDATES)
        if start == end:
            await SystemClock().sleep(float(request.query.get("wait", 0)))
        updates = [_update(number) for number in range(start, end)]
        return web.json_response({"updates": updates, "cursor": str(end)})

    async def _take(self, request: web.Request) -> web.StreamResponse:
        for result in (await request.json())["results"]:
            number = int(result["sku"].rpartition("-")[2])
            if number not in self.answered:
                self.statuses[result["status"]] = self.statuses.get(result["status"], 0) + 1
            self.answered.add(number)
        return web.json_response({"results": []})

    async def _nothing(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=204)

    async def _nothing_of_all(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"results": []})

    async def _missing(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=404)


def _update(number: int) -> dict[str, Any]:
    return {
        "id": f"u-{number}",
        "kind": "stock",
        "sku": _sku(number),
        "version": 1,
        "quantity": _STOCK if number % CHANGED_EVERY else _NEW,
        "seen_position": 0,
    }
