"""A disk that fails under the writer: nobody is told a lie, and it goes on when the disk does."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest

from agent import errors
from agent.storage import database
from agent.storage.writer import Writer
from tests.storage import seeding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiosqlite

    from agent.storage.database import Database
    from agent.storage.writer import Step, Tx

FSYNC = sqlite3.SQLITE_IOERR | 4 << 8  # SQLITE_IOERR_FSYNC
HINTS = {
    FSYNC: ("disk I/O error", "dmesg"),
    sqlite3.SQLITE_READONLY: ("attempt to write a readonly database", "findmnt -T"),
    sqlite3.SQLITE_CORRUPT: ("database disk image is malformed", "woo-agent outbox check"),
    sqlite3.SQLITE_FULL: ("database or disk is full", "df -h"),
    sqlite3.SQLITE_BUSY: ("database is locked", "fuser -v"),
}


def fault(code: int) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError if code == sqlite3.SQLITE_CORRUPT else sqlite3.OperationalError
    made = error(HINTS[code][0])
    made.sqlite_errorcode = code
    return made


class Failing:
    """A connection whose statements fail as told; how it was used, and whether it was closed."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self.faults: dict[str, Exception] = {}
        self.said: list[str] = []
        self.closed = False

    async def execute(self, statement: str, *values: Any) -> Any:
        word = statement.split()[0]
        self.said.append(word)
        if word in self.faults:
            raise self.faults[word]
        return await self._connection.execute(statement, *values)

    async def close(self) -> None:
        self.closed = True
        await self._connection.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class Disk:
    """Every connection to it that was opened, the newest last."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.opened: list[Failing] = []
        self.refuses: Exception | None = None

    async def open(self) -> aiosqlite.Connection:
        if self.refuses is not None:
            raise self.refuses
        self.opened.append(Failing(await database._for_writing(self._db.path)))
        return cast("aiosqlite.Connection", self.opened[-1])


@asynccontextmanager
async def writing(db: Database) -> AsyncIterator[tuple[Writer, Disk]]:
    disk = Disk(db)
    writer = Writer(await disk.open(), db.path, disk.open)
    running = asyncio.create_task(writer.run())
    try:
        yield writer, disk
    finally:
        writer.close()
        await running
        await writer.close_connection()


def noting(name: str) -> Step[None]:
    async def step(tx: Tx) -> None:
        await tx.execute("INSERT INTO cursors VALUES (?, '')", (name,))

    return step


async def bulk(tx: Tx, names: Any) -> None:
    for name in names:
        await noting(name)(tx)


async def names(db: Database) -> list[str]:
    rows = await seeding.select(db, "SELECT name FROM cursors WHERE value = '' ORDER BY name")
    return [name for (name,) in rows]


@pytest.mark.parametrize("code", [FSYNC, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CORRUPT])
@pytest.mark.parametrize("statement", ["BEGIN", "INSERT", "COMMIT"])
async def test_after_a_fault_of_the_disk_nothing_is_tried_again_on_that_handle(
    db: Database, code: int, statement: str
) -> None:
    async with writing(db) as (writer, disk):
        [bad] = disk.opened
        bad.faults = {statement: fault(code)}
        answers = await asyncio.gather(
            *(writer.write(noting(name)) for name in "abc"), return_exceptions=True
        )
        for answer in answers:
            assert isinstance(answer, errors.StorageError)
            assert HINTS[code][0] in answer.message
            assert HINTS[code][1] in answer.hint
        assert writer.trouble is not None
        assert bad.said[-1] == statement  # not even a ROLLBACK
        used = list(bad.said)
        await writer.add(bulk, "later")
        assert (bad.closed, bad.said) == (True, used)
        assert len(disk.opened) == 2
        assert writer.trouble is None
    assert await names(db) == ["later"]


async def test_webhooks_that_wait_together_are_all_told_and_none_is_tried_alone(
    db: Database,
) -> None:
    async with writing(db) as (writer, disk):
        disk.opened[0].faults = {"INSERT": fault(FSYNC)}
        answers = await asyncio.gather(
            *(writer.add(bulk, name) for name in "abc"), return_exceptions=True
        )
        assert [type(answer) for answer in answers] == [errors.StorageError] * 3
        assert disk.opened[0].said == ["INSERT"]
        await writer.add(bulk, "later")
    assert await names(db) == ["later"]


@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY])
async def test_what_can_be_waited_for_keeps_its_handle(db: Database, code: int) -> None:
    async with writing(db) as (writer, disk):
        disk.opened[0].faults = {"COMMIT": fault(code)}
        with pytest.raises(errors.StorageError) as caught:
            await writer.write(noting("a"))
        assert HINTS[code][1] in caught.value.hint
        disk.opened[0].faults = {}
        await writer.write(noting("later"))
        assert len(disk.opened) == 1
    assert await names(db) == ["later"]


async def test_it_survives_a_rollback_that_fails_itself(db: Database) -> None:
    async with writing(db) as (writer, disk):
        full = {"COMMIT": fault(sqlite3.SQLITE_FULL), "ROLLBACK": fault(FSYNC)}
        disk.opened[0].faults = dict[str, Exception](full)
        with pytest.raises(errors.StorageError, match="is full"):
            await writer.write(noting("a"))
        await writer.write(noting("later"))
        assert disk.opened[0].closed
    assert await names(db) == ["later"]


async def test_neighbours_of_a_bad_row_are_stored_also_where_undoing_it_fails(
    db: Database,
) -> None:
    async with writing(db) as (writer, disk):
        disk.opened[0].faults = {"ROLLBACK": fault(FSYNC)}
        answers = await asyncio.gather(
            *(writer.write(noting(name)) for name in ("a", "b", "b")), return_exceptions=True
        )
        assert [type(answer) for answer in answers] == [type(None)] * 2 + [errors.StorageError]
    assert await names(db) == ["a", "b"]


async def test_while_it_can_not_be_opened_again_every_caller_is_told_why(db: Database) -> None:
    async with writing(db) as (writer, disk):
        disk.opened[0].faults = {"COMMIT": fault(FSYNC)}
        disk.refuses = fault(sqlite3.SQLITE_READONLY)
        for told in ("disk I/O error", "readonly", "readonly"):
            with pytest.raises(errors.StorageError, match=told):
                await writer.write(noting("a"))
        disk.refuses = None
        await writer.write(noting("later"))
    assert await names(db) == ["later"]


async def test_trouble_ends_when_webhooks_are_stored_again(db: Database) -> None:
    async with writing(db) as (writer, disk):
        disk.opened[0].faults = {"INSERT": fault(sqlite3.SQLITE_FULL)}
        with pytest.raises(errors.StorageError):
            await writer.add(bulk, "a")
        disk.opened[0].faults = {}
        await writer.write(noting("small"))
        assert writer.trouble is not None
        await writer.add(bulk, "b")
        assert writer.trouble is None


async def test_the_state_says_what_is_wrong_until_it_can_be_written_again(db: Database) -> None:
    assert await db.trouble() is None
    blocker = sqlite3.connect(db.path, isolation_level=None)
    await db.writer._connection.execute("PRAGMA busy_timeout = 0")
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(errors.StorageError):
        await seeding.append(db, seeding.webhook())
    for _ in range(2):
        trouble = await db.trouble()
        assert trouble is not None
        assert trouble.hint.endswith(f"fuser -v {db.path}")
    blocker.close()
    assert await db.trouble() is None
