"""Sequence numbers only rise, whatever happens to the clock, the process or the disk."""

from __future__ import annotations

import asyncio
import random
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

from agent import clock
from agent.model.delivery import Judged, Reading, Verdict
from agent.storage import database, queues
from tests.clock import FakeClock
from tests.storage import seeding

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from agent.storage.database import Database
    from agent.storage.writer import Tx


async def _numbers(db: Database, count: int, at: datetime) -> list[int]:
    return [row.sequence for row in await seeding.append(db, *[seeding.webhook(at=at)] * count)]


async def test_numbers_follow_the_clock_and_rise_by_one_within_a_batch(db: Database) -> None:
    now = clock.micros(seeding.AT)
    assert await _numbers(db, 3, seeding.AT) == [now, now + 1, now + 2]
    assert await _numbers(db, 2, seeding.AT) == [now + 3, now + 4]


async def test_numbers_rise_whatever_the_clock_does(db: Database) -> None:
    rng = random.Random(7)
    given: list[int] = []
    for _ in range(60):
        jump = timedelta(seconds=rng.choice((0, 0, 0.000001, 5, -3600, 86400 * rng.random())))
        given += await _numbers(db, rng.randrange(1, 8), seeding.AT + jump)
    assert given == sorted(set(given))


async def test_numbers_rise_across_a_restart_with_a_clock_set_back(directory: Path) -> None:
    given: list[int] = []
    for hours in (0, -1, -2):
        async with database.opened(directory) as db:
            given += await _numbers(db, 50, seeding.AT + timedelta(hours=hours))
    assert given == sorted(set(given))


async def test_numbers_rise_across_a_state_that_was_lost(directory: Path) -> None:
    """Also where a whole second was busy: numbers never run ahead of one webhook a microsecond."""
    async with database.opened(directory) as db:
        before = await _numbers(db, 5000, seeding.AT)
    await asyncio.to_thread(shutil.rmtree, directory)
    async with database.opened(directory) as db:
        after = await _numbers(db, 2, seeding.AT + timedelta(seconds=1))
    assert max(before) < min(after)


async def test_numbers_rise_where_all_they_were_given_to_is_gone(db: Database) -> None:
    [row] = await seeding.append(db, seeding.webhook())
    await seeding.judge(db, Judged(row.sequence, Verdict.STALE, Reading()))

    async def purge(tx: Tx) -> None:
        await tx.execute("DELETE FROM arrivals")

    await db.writer.write(purge)
    assert await seeding.select(db, "SELECT * FROM outbox") == []
    assert min(await _numbers(db, 1, seeding.AT - timedelta(hours=1))) > row.sequence


async def test_numbers_rise_for_a_running_daemon_whose_clock_is_set_back(db: Database) -> None:
    view = queues.Outbox(db, clock=FakeClock(seeding.AT), reread=lambda _: Reading(), version=1)
    await seeding.append(db, seeding.webhook())
    for n, hours in enumerate((0, -1, -2, 1, 0)):
        hook = seeding.webhook(b"%d" % n, at=seeding.AT + timedelta(hours=hours))
        await asyncio.gather(*[view.append(f"id-{n}-{m}", hook) for m in range(3)])
    stored = await view.unjudged(100)
    assert [row.webhook.body for row in stored[1:]] == [b"%d" % n for n in range(5) for _ in "123"]


async def test_the_newest_of_a_batch_counts(db: Database) -> None:
    """Webhooks of one commit were received in any order."""
    later = seeding.AT + timedelta(seconds=2)
    rows = await seeding.append(db, seeding.webhook(at=later), seeding.webhook(at=seeding.AT))
    assert [row.sequence for row in rows] == [clock.micros(later), clock.micros(later) + 1]
    assert [row.webhook.received_at for row in rows] == [later, seeding.AT]
