"""A backlog of orders goes to a gateway in a process of its own, against a bare loop of POSTs."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import random
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from agent import clock
from agent.clock import SystemClock
from agent.demo.gateway import Gateway
from agent.events.forwarder import Forwarder
from agent.events.judge import Judge
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
BARE = 3_000
_CHUNK = 500
_ORDER = recordings.webhook(14).json()


def measure() -> dict[str, Any]:
    """Rates of both in one run; the bare loop sends fewer, its rate does not depend on how many."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder, gateway(Path(folder)) as url:
        return asyncio.run(_measure(Path(folder), url))


async def _measure(folder: Path, url: str) -> dict[str, Any]:
    settings = agents.configured(folder / "state", gateway={"url": url}).gateway
    bare = [await _bare(url)]
    async with database.opened(folder / "state") as db:
        await fill(db)
        outbox = _outbox(db)
        async with client.opened(
            settings,
            store_id=agents.STORE,
            instance="i",
            clock=SystemClock(),
            rng=random.Random(2),
        ) as calls:
            sender = Sender(
                outbox,
                calls,
                _encoded,
                settings=lambda: settings,
                clock=SystemClock(),
                rng=random.Random(1),
            )
            nudged, stop = asyncio.Event(), asyncio.Event()
            forwarder = Forwarder(
                outbox, sender, settings=lambda: settings, clock=SystemClock(), judged=nudged
            )
            started, cpu = time.perf_counter(), time.process_time()
            running = asyncio.create_task(forwarder.run(stop))
            while (await db.read(outbox_view.stats, datetime.now(UTC)))["pending"]:
                await SystemClock().sleep(0.1)
            seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
            stop.set()
            await running
    bare.append(await _bare(url))
    rate, bare_rate = EVENTS / seconds, sum(bare) / len(bare)
    return {
        "benchmark": "drain",
        "events": EVENTS,
        "events_per_second": round(rate),
        "cpu_s_per_1000_events": round(cpu / EVENTS * 1000, 3),
        "bare_posts_per_second": round(bare_rate),
        "ratio": round(rate / bare_rate, 2),
    }


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
    judge = Judge(
        outbox,
        _read,
        version=reading.VERSION,
        max_repeats=lambda: 1,
        clock=SystemClock(),
        stored=asyncio.Event(),
        asked=asyncio.Event(),
        judged=asyncio.Event(),
    )
    while not await judge.run_once():
        pass


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
