"""A full feed of which one SKU in a hundred changed, against writing everything, on one store.

The store costs what was measured on a host (``agent.demo.shop.work.MEASURED``) and works at one
request at a time. Its costs are compressed; seconds are given as on that host: the time in which
the store had nothing to do, as it was, and the store's work at its full cost. That is an upper
bound: what the agent does while the store works is hidden better behind longer work.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from agent.clock import SystemClock
from tests import agents
from tests.bench import ends

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SKUS, CHANGED = 20_000, 200
SAMPLE = 200  # PUTs, of which one per SKU is extrapolated
SCALE = 0.05
_BATCH = 100
_LOOK_S = 0.1
_GIVEN_UP_S = 600.0


def measure() -> dict[str, Any]:
    """Requests and seconds of each way, and the ratios of the seconds."""
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd()) as folder,
        ends.serving(Path(folder), SKUS, SCALE) as both,
    ):
        return asyncio.run(_measure(Path(folder), both))


async def _measure(folder: Path, both: ends.Ends) -> dict[str, Any]:
    settings = agents.configured(
        folder / "state",
        store={"url": both.store_url, "connect_to": None, "auth": "basic"},
        gateway={"url": both.gateway_url, "timeout": "30s"},
        updates={"wait": "5s"},
    )
    async with agents.running(settings):
        cold = await _fed(both)
        warm = await _fed(both)
    everything = await _everything(both)
    puts = await _puts(both)
    return {
        "benchmark": "apply",
        "skus": SKUS,
        "changed": CHANGED,
        "costs_compressed_by": SCALE,
        "cold": cold,
        "warm": warm,
        "everything_in_batches": everything,
        "one_put_per_sku": puts | {"extrapolated_from": SAMPLE},
        "batches_to_cold": round(everything["seconds"] / cold["seconds"], 1),
        "batches_to_warm": round(everything["seconds"] / warm["seconds"], 1),
        "puts_to_cold": round(puts["seconds"] / cold["seconds"], 1),
        "puts_to_warm": round(puts["seconds"] / warm["seconds"], 1),
    }


async def _fed(both: ends.Ends) -> dict[str, Any]:
    """One feed, from its publication until every update has its result."""
    wanted = both.answered() + SKUS
    async with _measured(both) as figures:
        parents = both.publish(CHANGED)
        given_up = SystemClock().monotonic() + _GIVEN_UP_S
        while await asyncio.to_thread(both.answered) < wanted:  # the agent's loop must turn
            await SystemClock().sleep(_LOOK_S)
            if SystemClock().monotonic() > given_up:
                raise SystemExit(f"{wanted - both.answered()} updates have no result")
    if wrong := both.wrong():
        raise SystemExit(f"{wrong} figures are wrong")
    return figures | {"writing_requests_at_best": -(-CHANGED // _BATCH) + parents}


async def _everything(both: ends.Ends) -> dict[str, Any]:
    """Every figure, in full batches; variations by parent."""
    batches = [
        (parent, ids[start : start + _BATCH])
        for parent, ids in both.items().items()
        for start in range(0, len(ids), _BATCH)
    ]
    async with _session() as session, _measured(both) as figures:
        for parent, ids in batches:
            path = f"products/{parent}/variations/batch" if parent else "products/batch"
            body = {"update": [{"id": number, "stock_quantity": 7} for number in ids]}
            await _sent(session, "POST", f"{both.store_url}/wp-json/wc/v3/{path}", body)
    return figures


async def _puts(both: ends.Ends) -> dict[str, Any]:
    async with _session() as session, _measured(both) as figures:
        for number in both.items()[0][:SAMPLE]:
            url = f"{both.store_url}/wp-json/wc/v3/products/{number}"
            await _sent(session, "PUT", url, {"stock_quantity": 8})
    return {name: round(figure * SKUS / SAMPLE, 1) for name, figure in figures.items()}


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(auth=aiohttp.BasicAuth(agents.KEY, agents.SECRET))


async def _sent(session: aiohttp.ClientSession, method: str, url: str, body: Any) -> None:
    async with session.request(method, url, json=body) as response:
        await response.read()
        if response.status != 200:
            raise SystemExit(f"{method} {url}: {response.status}")


@asynccontextmanager
async def _measured(both: ends.Ends) -> AsyncIterator[dict[str, Any]]:
    figures: dict[str, Any] = {}
    before, started = both.work(), time.perf_counter()
    yield figures
    seconds, work = time.perf_counter() - started, both.work() - before
    idle_s = seconds - work.busy_s
    figures |= {
        "writing_requests": work.writes,
        "reading_requests": work.reads,
        "seconds": round(idle_s + work.worked_s, 2),
        "store_idle_s": round(idle_s, 2),
    }
