"""Space given back at once, beside whoever uses the state."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from agent import errors
from agent.clock import SystemClock
from agent.model.delivery import Judged, Reading, Verdict
from agent.storage import ageing, compaction, database
from tests.storage import seeding
from tests.storage.seeding import AT, select

if TYPE_CHECKING:
    from pathlib import Path

    from agent.storage.database import Database

BODY = 20_000


async def used_up(db: Database, count: int) -> None:
    """As many large rows as that, deleted."""
    rows = await seeding.append(db, *[seeding.webhook(b"x" * BODY)] * count)
    await seeding.judge(db, *[Judged(r.sequence, Verdict.STALE, Reading()) for r in rows])
    while await ageing.Settled(db).forget(AT + timedelta(days=1)):
        pass


async def test_it_gives_back_what_is_free_while_the_daemon_is_down(directory: Path) -> None:
    async with database.opened(directory) as db:
        await used_up(db, 100)
        path = db.path
    done = await compaction.compact(path, SystemClock())
    assert done.before - done.after > 100 * BODY
    assert path.stat().st_size == done.after
    again = await compaction.compact(path, SystemClock())
    assert again.before == again.after == done.after


async def test_webhooks_are_taken_in_meanwhile(db: Database) -> None:
    await used_up(db, 200)
    compacting = asyncio.create_task(compaction.compact(db.path, SystemClock()))
    stored = 0
    while not compacting.done():
        await seeding.append(db, seeding.webhook())
        stored += 1
    done = compacting.result()
    assert done.before - done.after > 200 * BODY  # the log shrinks too
    assert stored > 1
    assert await db.read(ageing.free_pages) < ageing.MOST_PAGES
    assert await select(db, "SELECT count(*) FROM arrivals") == [(stored,)]
    assert await select(db, "PRAGMA integrity_check") == [("ok",)]


async def test_a_reader_that_takes_its_time_keeps_nobody_waiting(db: Database) -> None:
    """The log can't be cleared before it is done; the space of the file can be."""
    await used_up(db, 100)
    async with database.connected(db.path, readonly=True) as slow:
        await slow.execute("BEGIN")
        await slow.execute_fetchall("SELECT count(*) FROM arrivals")
        await asyncio.wait_for(compaction.compact(db.path, SystemClock()), 3)
        await asyncio.wait_for(seeding.append(db, seeding.webhook()), 3)
    done = await compaction.compact(db.path, SystemClock())
    assert done.before > done.after


async def test_where_there_is_no_state_it_says_so(directory: Path) -> None:
    with pytest.raises(errors.StorageError, match="can't be used"):
        await compaction.compact(directory / database.FILE, SystemClock())
