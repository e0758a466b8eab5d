"""The log goes into the database beside the writer, and never grows without end."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING

from agent.storage import checkpoint, cursors, database
from agent.storage.checkpoint import Checkpoints
from tests.storage.seeding import select

if TYPE_CHECKING:
    from pathlib import Path

    from agent.storage.database import Database
    from agent.storage.writer import Tx

VALUE = "x" * 40_000


async def put(db: Database, name: str) -> None:
    async def step(tx: Tx) -> None:
        await cursors.put(tx, name, VALUE)

    await db.writer.write(step)


def wal(path: Path) -> int:
    return path.with_name(f"{path.name}-wal").stat().st_size


async def test_what_was_committed_is_copied_while_the_writer_goes_on(db: Database) -> None:
    """Nobody has closed anything yet: the file alone holds it."""
    for number in range(checkpoint.EVERY_COMMITS):
        await put(db, f"{number}")
    alone = db.path.with_name("alone.db")
    query = "SELECT count(*) FROM cursors WHERE value = ?"
    count = 0
    async with asyncio.timeout(50):
        while True:
            alone.write_bytes(db.path.read_bytes())
            copy = sqlite3.connect(alone)
            with suppress(sqlite3.DatabaseError):  # taken while pages were being copied
                [(count,)] = copy.execute(query, (VALUE,)).fetchall()
            copy.close()
            if count:
                break
            await asyncio.sleep(0.01)
    assert count > 0
    await put(db, "later")
    assert await select(db, query, VALUE) == [(checkpoint.EVERY_COMMITS + 1,)]


async def test_the_log_is_used_again_from_its_start(db: Database) -> None:
    page, most = 4096, 2 * checkpoint.WRITERS_PAGES
    for number in range(most * page // len(VALUE)):
        await put(db, f"{number % 10}")
    assert wal(db.path) < (checkpoint.WRITERS_PAGES + 1000) * page


async def test_one_that_fails_costs_nothing_and_the_next_has_a_new_connection(
    db: Database,
) -> None:
    garbage = db.path.with_name("garbage")
    garbage.write_bytes(b"x" * 8192)
    paths = [db.path.with_name("missing"), garbage, db.path]
    copying = Checkpoints(lambda: database._open(paths.pop(0), "rw"), asyncio.Semaphore(0))
    await put(db, "a")
    assert [await copying.once() for _ in range(2)] == [0, 0]
    assert await copying.once() > 0
    assert await copying.once() > 0  # on the same one
    copying.close()
    await copying.run()
