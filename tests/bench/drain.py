"""A backlog of orders goes to a gateway in a process of its own, against a bare loop of POSTs."""

from __future__ import annotations

import asyncio
import functools
import json
import multiprocessing
import random
import statistics
import tempfile
import time
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from agent import clock
from agent.clock import SystemClock
from agent.demo.gateway import Gateway
from agent.events import verdicts
from agent.events.forwarder import Forwarder
from agent.events.sender import Sender
from agent.gateway import client
from agent.model import envelope
from agent.model.delivery import Event, Reading, Received, Webhook
from agent.storage import database, outbox_view, queues
from agent.woo.translate import payload, reading
from tests import agents, recordings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

EVENTS = 50_000
BARE = 1_000
ROUNDS = 5
_CHUNK = 500
_ORDER = recordings.webhook(14).json()


def measure() -> dict[str, Any]:
    """Both in turn, pair by pair; the ratio is the median of the pairs'."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder, gateway(Path(folder)) as url:
        return asyncio.run(_measure(Path(folder), url))


async def _measure(folder: Path, url: str) -> dict[str, Any]:
    settings = agents.configured(folder / "state", gateway={"url": url}).gateway
    async with AsyncExitStack() as opened:
        db = await opened.enter_async_context(database.opened(folder / "state"))
        await fill(db)
        calls = await opened.enter_async_context(
            client.opened(
                settings,
                store_id=agents.STORE,
                instance="i",
                clock=SystemClock(),
                rng=random.Random(2),
            )
        )
        outbox = _outbox(db)
        sender = Sender(
            outbox,
            calls,
            _encoded,
            settings=lambda: settings,
            clock=SystemClock(),
            rng=random.Random(1),
        )
        forwarder = Forwarder(
            outbox,
            sender,
            settings=lambda: settings,
            clock=SystemClock(),
            judged=asyncio.Event(),
        )
        pairs, cpu_s = [], 0.0
        for left in range(EVENTS - EVENTS // ROUNDS, -1, -EVENTS // ROUNDS):
            bare = await _bare(url)
            cpu_s -= time.process_time()
            pairs.append((await _drained(db, forwarder, left), bare))
            cpu_s += time.process_time()
    ratios = [ours / bare for ours, bare in pairs]
    return {
        "benchmark": "drain",
        "events": EVENTS,
        "events_per_second": round(statistics.median(ours for ours, _ in pairs)),
        "cpu_s_per_1000_events": round(cpu_s / EVENTS * 1000, 3),
        "bare_posts_per_second": round(statistics.median(bare for _, bare in pairs)),
        "ratios": [round(ratio, 2) for ratio in ratios],
        "ratio": round(statistics.median(ratios), 2),
    }


async def _drained(db: database.Database, forwarder: Forwarder, left: int) -> float:
    """Sends until no more than that are left; events per second."""
    before, stop = await _pending(db), asyncio.Event()
    started = time.perf_counter()
    running = asyncio.create_task(forwarder.run(stop))
    while await _pending(db) > left:
        await SystemClock().sleep(0.05)
    stop.set()
    await running
    seconds = time.perf_counter() - started
    return (before - await _pending(db)) / seconds


async def _pending(db: database.Database) -> int:
    pending: int = (await db.read(outbox_view.stats, datetime.now(UTC)))["pending"]
    return pending


async def _bare(url: str) -> float:
    """One POST per event, one session, no storage, nothing to translate; events per second."""
    headers = {
        "Authorization": f"Bearer {agents.TOKEN}",
        "Content-Type": envelope.BATCH_CONTENT_TYPE,
    }
    at = datetime.now(UTC)
    rng = random.Random()
    bodies = [
        envelope.batch([_encoded(_event(n, envelope.event_id(at, rng.getrandbits(74)), at))])
        for n in range(BARE)
    ]
    async with aiohttp.ClientSession(headers=headers) as session:
        started = time.perf_counter()
        for sent in bodies:
            async with session.post(f"{url}/v1/stores/bare/events", data=sent) as response:
                await response.json()
        return BARE / (time.perf_counter() - started)


def _encoded(event: Event) -> bytes:
    return payload.encoded(event, store_id=agents.STORE, payload="canonical")


def _body(number: int) -> bytes:
    return json.dumps(_ORDER | {"id": number + 1, "number": str(number + 1)}).encode()


def _event(number: int, event_id: str, at: datetime) -> Event:
    subject = f"order/{number + 1}"
    return Event(
        sequence=clock.micros(at) + number,
        id=event_id,
        type="retail.order.snapshot.v1",
        subject=subject,
        lane=subject,
        topic="order.updated",
        received_at=at,
        changed_at=None,
        attempts=0,
        replay=False,
        body=_body(number),
    )


async def fill(db: database.Database) -> None:
    """The backlog: recorded orders under ids of their own, taken in and judged."""
    rng = random.Random(1)
    outbox = _outbox(db)
    for first in range(0, EVENTS, _CHUNK):
        at = datetime.now(UTC)
        await asyncio.gather(
            *(
                outbox.append(
                    envelope.event_id(at, rng.getrandbits(74)),
                    Webhook(at, "order.updated", "", "", "", _body(number)),
                )
                for number in range(first, first + _CHUNK)
            )
        )
    while rows := await outbox.unjudged(_CHUNK):
        batch = [verdicts.Read(row.sequence, _read(row)) for row in rows]
        decide = functools.partial(verdicts.decide, batch, version=reading.VERSION)
        await outbox.judge(verdicts.subjects(batch), decide)


def _outbox(db: database.Database) -> queues.Outbox:
    return queues.Outbox(db, clock=SystemClock(), reread=_read, version=reading.VERSION)


def _read(received: Received) -> Reading:
    return reading.read(received.webhook, frozenset())


@contextmanager
def gateway(folder: Path) -> Iterator[str]:
    """A gateway in a process of its own; its URL."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(folder / "gateway.db", there), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()


def _serve(path: Path, told: Connection) -> None:
    async def serve() -> None:
        stand_in = Gateway(path, SystemClock(), token=agents.TOKEN)
        async with stand_in.serving():
            told.send(stand_in.url)
            await asyncio.Event().wait()

    asyncio.run(serve())
