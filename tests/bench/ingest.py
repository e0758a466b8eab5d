"""The receiver (HMAC, commit to disk before 200) against a handler that only reads the body."""

from __future__ import annotations

import asyncio
import gc
import random
import statistics
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from aiohttp import web

from agent.clock import SystemClock
from agent.ops import http
from agent.settings import TcpAddress
from agent.storage import database, queues
from agent.storage.pressure import Pressure
from agent.woo.translate import reading
from agent.woo.webhook import Receiver
from tests import agents, recordings
from tests.bench import drain, load

CONNECTIONS = 64
ROUNDS = 5
SECONDS = 2.0
_ANY_PORT = TcpAddress("127.0.0.1", 0)


def measure() -> dict[str, Any]:
    """Both servers in turn, pair by pair; the ratio is the median of the pairs'."""
    return asyncio.run(_measure())


async def _measure() -> dict[str, Any]:
    order = recordings.webhook(14)
    sent = load.request("/webhooks", dict(order.headers), order.body)
    async with AsyncExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(dir=Path.cwd())))
        receiver = await _receiver(opened, folder)
        baseline = await _baseline(opened)
        gc.collect()
        gc.freeze()  # as the daemon does once it runs
        pairs = []
        for port in (receiver, baseline):  # warm
            await load.fire(port, sent, connections=CONNECTIONS, seconds=0.5)
        for _ in range(ROUNDS):
            ours = await load.fire(receiver, sent, connections=CONNECTIONS, seconds=SECONDS)
            theirs = await load.fire(baseline, sent, connections=CONNECTIONS, seconds=SECONDS)
            pairs.append((ours, theirs))
    during = await _during_drain(sent)
    if any(load.failed for pair in pairs for load in pair):
        raise SystemExit("not every request was answered 200")
    ratios = [ours.per_second / theirs.per_second for ours, theirs in pairs]
    return {
        "benchmark": "ingest",
        "body_bytes": len(order.body),
        "connections": CONNECTIONS,
        "receiver_per_second": round(statistics.median(p[0].per_second for p in pairs)),
        "receiver_p99_ms": round(statistics.median(p[0].p99_ms for p in pairs), 1),
        "baseline_per_second": round(statistics.median(p[1].per_second for p in pairs)),
        "p99_ms_during_drain": round(during.p99_ms, 1),
        "per_second_during_drain": round(during.per_second),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "ratio": round(statistics.median(ratios), 3),
    }


async def _during_drain(sent: bytes) -> load.Load:
    """The whole daemon judges what comes in and drains a backlog to a gateway all the while."""
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd()) as folder,
        drain.gateway(Path(folder)) as url,
    ):
        settings = agents.configured(Path(folder) / "state", gateway={"url": url})
        async with database.opened(settings.state.dir) as db:
            await drain.fill(db)
        async with agents.running(settings) as agent:
            assert isinstance(agent.webhooks, TcpAddress)
            port = agent.webhooks.port
            return await load.fire(port, sent, connections=CONNECTIONS, seconds=2 * SECONDS)


async def _receiver(opened: AsyncExitStack, folder: Path) -> int:
    db = await opened.enter_async_context(database.opened(folder))
    settings = agents.configured(folder)
    outbox = queues.Outbox(
        db,
        clock=SystemClock(),
        pressure=Pressure(db, lambda: settings.state, SystemClock()),
        reread=_never,
        version=reading.VERSION,
    )
    receiver = Receiver(
        settings.webhooks,
        outbox,
        clock=SystemClock(),
        rng=random.Random(),
        stored=asyncio.Event(),
    )
    return await _listen(opened, receiver.application())


async def _baseline(opened: AsyncExitStack) -> int:
    async def read(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(text="ok")

    application = web.Application(client_max_size=2**24)
    application.router.add_post("/webhooks", read)
    return await _listen(opened, application)


async def _listen(opened: AsyncExitStack, application: web.Application) -> int:
    address = await opened.enter_async_context(
        http.listening(application, _ANY_PORT, setting="bench")
    )
    assert isinstance(address, TcpAddress)
    return address.port


def _never(_: object) -> Any:
    raise AssertionError("nothing is judged here")
