"""Taking the next batch, over backlogs of a thousand to a million pending events."""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent import clock
from agent.clock import SystemClock
from agent.model import envelope
from agent.model.delivery import Reading
from agent.storage import database, queues

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.storage.writer import Tx

SIZES = (1_000, 10_000, 100_000, 1_000_000)
TAKES = 200
BATCH = 100
_CHUNK = 10_000
_NOW = datetime.now(UTC)
_FAR = clock.micros(_NOW + timedelta(minutes=30))


def measure() -> dict[str, Any]:
    """Median microseconds of a take per size and shape, and the ratio of the worst to the best."""
    return asyncio.run(_measure())


async def _measure() -> dict[str, Any]:
    shapes: dict[str, Callable[[int], tuple[str, int | None]]] = {
        "all ready": lambda n: (f"order/{n}", None),
        "all but one of a parked subject": lambda n: ("order/1", _FAR) if n else ("order/2", None),
        "all parked": lambda n: (f"order/{n}", _FAR),
    }
    result: dict[str, Any] = {"benchmark": "backlog"}
    for name, shape in shapes.items():
        took = {size: await _take(size, shape) for size in SIZES}
        result[name] = {
            "take_us": {str(size): round(us) for size, us in took.items()},
            "worst_to_best": round(max(took.values()) / min(took.values()), 2),
        }
    return result


async def _take(size: int, shape: Callable[[int], tuple[str, int | None]]) -> float:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        async with database.opened(Path(folder)) as db:
            await fill(db, size, shape)
            outbox = queues.Outbox(db, clock=SystemClock(), reread=lambda _: Reading(), version=1)
            took = []
            for _ in range(TAKES):
                started = time.perf_counter()
                heads = await outbox.ready(BATCH, ())
                await outbox.events([head.sequence for head in heads])
                took.append(time.perf_counter() - started)
            return statistics.median(took) * 1e6


async def fill(
    db: database.Database, size: int, shape: Callable[[int], tuple[str, int | None]]
) -> None:
    """Pending events written straight into the tables, as the judge would have left them."""
    rng, base = random.Random(1), clock.micros(_NOW)

    async def chunk(tx: Tx, first: int) -> None:
        numbers = range(first, min(first + _CHUNK, size))
        lanes = {n: shape(n) for n in numbers}
        ids = {n: envelope.event_id(_NOW, rng.getrandbits(74)) for n in numbers}
        await tx.executemany(
            "INSERT INTO arrivals VALUES (?, ?, ?, 'order.updated', '', '', '', x'7b7d', '')",
            [(base + n, ids[n], base) for n in numbers],
        )
        await tx.executemany(
            "INSERT INTO outbox (sequence, id, received_at, topic, size, verdict, type, subject,"
            " lane, priority) VALUES (?, ?, ?, 'order.updated', 2, 'event', 't', ?, ?, 0)",
            [(base + n, ids[n], base, lanes[n][0], lanes[n][0]) for n in numbers],
        )
        await tx.executemany(
            "INSERT OR IGNORE INTO lanes VALUES (?, ?, 0, ?)",
            [(lane, base + n, parked) for n, (lane, parked) in lanes.items()],
        )
        await tx.execute("UPDATE counters SET value = ?", (base + size,))

    for first in range(0, size, _CHUNK):

        async def step(tx: Tx, first: int = first) -> None:
            await chunk(tx, first)

        await db.writer.write(step)
