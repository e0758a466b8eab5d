"""What comparing both ends costs a store with a long history, all of which is known to the gateway:
looks at what changed while nothing does, and a comparison of everything.

The daemon is a process of its own. How long it takes is its pace: the store is left alone much
longer than it is asked, and answers faster here than any real one. What that comes to at the
default pace is computed, with the daemon's own budget, on a clock on which waiting takes no time.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import tempfile
from collections import Counter
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent import clock as times
from agent.clock import SystemClock
from agent.demo.gateway import Gateway
from agent.demo.shop.work import MEASURED
from agent.model import content
from agent.model.delivery import Known, Reading
from agent.model.stock import HeldLine
from agent.reconcile.budget import Budget
from agent.settings.sections import ReconcileSettings
from agent.storage import (
    baseline,
    catalogue,
    comparing,
    cursors,
    database,
    outbox,
    register,
    stock_ledger,
)
from agent.woo import lists
from agent.woo.pages import PER_PAGE
from agent.woo.translate import reading
from tests import agents, processes
from tests.bench import feed, long_lists

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence
    from datetime import datetime

    from agent.model.listed import Listed
    from agent.model.product import StoreProduct
    from agent.storage.writer import Tx

ORDERS = int(os.environ.get("WOO_AGENT_BENCH_ORDERS", "100000"))
REFUNDS = int(os.environ.get("WOO_AGENT_BENCH_REFUNDS", "2000"))
SIMPLE = int(os.environ.get("WOO_AGENT_BENCH_SIMPLE", "15000"))
PARENTS = int(os.environ.get("WOO_AGENT_BENCH_PARENTS", "500"))
LOOKS = 5
PROMISED_REQUESTS = 3
_LOOKED_FOR = ("orders", "products", "variations")
_REPORT = "retail.reconciliation.report.v1"
_FASTEST = 6000
_CHUNK = 5000
_LEDGER = timedelta(days=30)
_WAIT_S = 0.2
_GIVEN_UP_S = 900.0


def measure() -> dict[str, Any]:
    """Requests by list, seconds, the most memory (VmHWM, MiB), and what the report says."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        return asyncio.run(_measure(Path(folder)))


async def _measure(folder: Path) -> dict[str, Any]:
    clock = SystemClock()
    now = clock.now()
    shop = long_lists.Shop(orders=ORDERS, refunds=REFUNDS, simple=SIMPLE, parents=PARENTS, now=now)
    gateway = Gateway(folder / "gateway.db", clock, token=agents.TOKEN)
    await _seed(folder / "state", shop, now)
    ends = _Ends(folder, shop, gateway)
    async with shop.site.serving(), gateway.serving():
        looks = await _looks(ends)
        sweep = await _sweep(ends)
        [report] = ends.reports()
    return {
        "benchmark": "reconcile",
        **{name: rows.count for name, rows in shop.rows.items()},
        "looks": looks,
        "sweep": sweep,
        "report": _told(report),
    }


async def _looks(ends: _Ends) -> dict[str, Any]:
    """One look after the other, while nothing changes; a look is known by since when it asks."""
    settings = {"orders_every": "2s", "sweep_every": "3650d"}
    async with ends.running(settings) as agent:
        await agent.until(lambda: min(ends.looks(name) for name in _LOOKED_FOR) > LOOKS)
    asked = [one for one in ends.asked() if one.since is not None]
    of_one = Counter((one.path, one.since) for one in asked)
    most = {name: max(n for (of, _), n in of_one.items() if of == name) for name in _LOOKED_FOR}
    others = Counter(one.path for one in ends.asked() if one.path not in _LOOKED_FOR)
    return {
        "of_each": {name: ends.looks(name) for name in _LOOKED_FOR},
        "most_requests_of_one": most,
        "together": sum(most.values()),
        "promised": PROMISED_REQUESTS,
        "is_kept": sum(most.values()) <= PROMISED_REQUESTS,
        "other_requests": others,
        "peak_mb": agent.peak_mb,
    }


async def _sweep(ends: _Ends) -> dict[str, Any]:
    clock = SystemClock()
    async with ends.running({}) as agent:
        started_mb = agent.measured()
        await agent.until(lambda: bool(ends.reports()))
        ended = clock.monotonic()
    asked = [one for one in ends.asked() if one.is_whole]
    requests = Counter(one.listing for one in asked)
    least = sum(max(1, -(-ends.rows(listing) // PER_PAGE)) for listing in lists.KINDS)
    at_once, measured = [
        await _paced(requests.values(), seconds)
        for seconds in (0.0, MEASURED.read_s + PER_PAGE * MEASURED.read_row_s)
    ]
    total = requests.total()
    return {
        "requests": requests,
        "together": total,
        "least_possible": least,
        "ratio": round(total / least, 3),
        "other_requests": Counter(one.listing for one in ends.asked() if not one.is_whole),
        "requests_per_minute": _FASTEST,
        "seconds": round(ended - asked[0].at, 1),
        "default_requests_per_minute": ReconcileSettings().requests_per_minute,
        "seconds_at_default_pace": {
            "answered_at_once": round(at_once),
            "answered_as_measured": round(measured),
        },
        "peak_mb_when_started": started_mb,
        "peak_mb": agent.peak_mb,
    }


def _told(report: dict[str, Any]) -> dict[str, Any]:
    names = ("agreed", "skus", "accurate", "accuracy", "drifted_count", "hidden", "requests")
    compared = {
        name: {key: report[name][key] for key in ("in_store", "accepted", "gone")}
        for name in ("orders", "refunds", "products")
    }
    return {name: report[name] for name in names} | compared


class _Ends:
    """Both of them, and the daemon between."""

    def __init__(self, folder: Path, shop: long_lists.Shop, gateway: Gateway) -> None:
        self._folder = folder
        self._shop = shop
        self._gateway = gateway
        self._before = 0

    @asynccontextmanager
    async def running(self, reconcile: dict[str, Any]) -> AsyncIterator[_Agent]:
        """A daemon at the highest pace; what is asked from now on counts."""
        self._before = len(self._shop.asked)
        config = processes.write_config(
            self._folder,
            store={
                "url": self._shop.site.url,
                "connect_to": f"127.0.0.1:{self._shop.site.port}",
                "auth": "basic",
            },
            gateway={"url": self._gateway.url},
            reconcile={"requests_per_minute": _FASTEST, **reconcile},
        )
        async with processes.running(config) as process:
            agent = _Agent(process)
            yield agent
            agent.peak_mb = agent.measured()
            process.signal(signal.SIGTERM)
            if await process.ended():
                raise SystemExit("the daemon failed:\n" + "\n".join(process.log[-5:]))

    def asked(self) -> Sequence[long_lists.Asked]:
        """What the daemon asked the store since it started."""
        return self._shop.asked[self._before :]

    def looks(self, path: str) -> int:
        """How many looks there were, the last of which may not have ended."""
        return len({one.since for one in self.asked() if one.since and one.path == path})

    def rows(self, listing: str) -> int:
        """How many rows it has."""
        return 0 if listing.startswith("trashed") else self._shop.rows[listing].count

    def reports(self) -> list[dict[str, Any]]:
        """Those that the gateway has."""
        events = self._gateway.events(agents.STORE)
        return [event["data"] for event in events if event["type"] == _REPORT]


class _Agent:
    """A running daemon. ``peak_mb`` is the most that was resident, once it ended."""

    def __init__(self, process: processes.Agent) -> None:
        self._process = process
        self.peak_mb = 0.0

    def measured(self) -> float:
        """The most that was resident so far."""
        return round(feed.peak_mb(self._process.process.pid), 1)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits for it; SystemExit where the daemon ends, or it takes too long."""
        clock = SystemClock()
        given_up = clock.monotonic() + _GIVEN_UP_S
        while not condition():
            await clock.sleep(_WAIT_S)
            if self._process.process.returncode is not None or clock.monotonic() > given_up:
                raise SystemExit("that did not come:\n" + "\n".join(self._process.log[-5:]))


async def _paced(lists_of: Iterable[int], answered_in_s: float) -> float:
    """Seconds that lists of so many pages take at the default pace, looks in between."""
    clock = _Hasty()
    settings = ReconcileSettings()
    every_s = settings.orders_every.total_seconds()
    budget = Budget(
        per_minute=lambda: settings.requests_per_minute, busy=lambda: False, clock=clock
    )

    async def look() -> float:
        for _ in ("products", "variations", "coupons", "customers"):
            await budget.spend(lambda: clock.sleep(answered_in_s))
        return clock.monotonic()

    started = looked = await look()
    for pages in lists_of:
        for _ in range(pages):
            await budget.spend(lambda: clock.sleep(answered_in_s))
            if clock.monotonic() >= looked + every_s:
                looked = await look()
    return clock.monotonic() - started


class _Hasty(SystemClock):
    """A clock on which waiting takes no time."""

    def __init__(self) -> None:
        self._ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead_s

    async def sleep(self, seconds: float, *, or_when: Iterable[asyncio.Event] = ()) -> None:
        self._ahead_s += seconds


async def _seed(state: Path, shop: long_lists.Shop, now: datetime) -> None:
    """All that the store shows was told and accepted long ago, and last compared two days ago."""
    live = now - long_lists.HISTORY * 2
    numbers = itertools.count(times.micros(live))
    async with database.opened(state) as db:
        for listing, rows in shop.rows.items():
            for start in range(0, rows.count, _CHUNK):
                listed = lists.read(lists.KINDS[listing], rows.page(start, start + _CHUNK))
                await db.writer.write(partial(_learn, listed=listed, numbers=numbers, now=now))
                recent = [o for o in listed if listing == "orders" and _is_recent(o, now)]
                await db.writer.write(partial(_hold, listed=recent, shop=shop, numbers=numbers))

        async def done(tx: Tx) -> None:
            await baseline.start(tx, live, now)
            await outbox.number_above(tx, next(numbers))
            await baseline.finish(tx, 0, now)
            for name in ("products", "variations", "coupons"):
                await cursors.put(tx, name, times.iso(now))
            await cursors.put(tx, comparing.SWEPT, times.iso(now - timedelta(days=2)))

        await db.writer.write(done)


async def _learn(
    tx: Tx, *, listed: Sequence[Listed], numbers: Iterable[int], now: datetime
) -> None:
    """What was told of those; of products also what the ERP said, which they show."""
    await register.learn(
        tx,
        {
            row.subject: Known(
                sequence=number,
                digest=content.digest(row.subject),
                version=reading.VERSION,
                changed_at=row.changed_at or row.created_at,
                deleted=False,
                figures=row.figures,
                parent=row.parent,
            )
            for row, number in zip(listed, numbers, strict=False)
        },
    )
    products = [row.product for row in listed if row.product is not None]
    await catalogue.learn(tx, products, now)
    managed = [one for one in products if one.manages_stock is True]
    await tx.executemany(
        "INSERT INTO stock_in_force VALUES (?, ?, ?, ?)",
        [(one.sku, number, _update(one), times.micros(now)) for number, one in enumerate(managed)],
    )
    await tx.executemany(
        "INSERT INTO fences (kind, sku, field, version, effective_at, content)"
        " VALUES ('price', ?, 'regular_price', 1, 0, ?)",
        [(one.sku, json.dumps(one.values["regular_price"])) for one in managed],
    )


def _update(product: StoreProduct) -> str:
    update = {"id": f"u-{product.sku}", "kind": "stock", "sku": product.sku, "version": 1}
    return json.dumps(update | {"quantity": product.values["quantity"], "seen_position": 0})


def _is_recent(order: Listed, now: datetime) -> bool:
    return order.created_at is not None and order.created_at >= now - _LEDGER


async def _hold(
    tx: Tx, *, listed: Sequence[Listed], shop: long_lists.Shop, numbers: Iterable[int]
) -> None:
    """What those orders hold of the stock, which the ERP has seen."""
    for order, number in zip(listed, numbers, strict=False):
        product_id, sku = shop.bought(order.number)
        lines = (HeldLine(order.number, product_id, 0, sku, units=1, held=1),)
        await stock_ledger.assume_seen(tx, [Reading(subject=order.subject, lines=lines)], number)
