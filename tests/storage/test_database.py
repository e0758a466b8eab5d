"""Opening a state: where it lies, who may have it, and what becomes of one we can't use."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import stat
import tempfile
from typing import TYPE_CHECKING

import pytest

from agent import errors
from agent.storage import cursors, database, migrate
from tests.storage import seeding

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agent.storage.database import Database
    from agent.storage.writer import Tx

WAL, FULL, INCREMENTAL = "wal", 2, 2


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_nobody_else_can_read_a_state(db: Database) -> None:
    await seeding.append(db, seeding.webhook())
    assert _mode(db.path.parent) == 0o700
    assert {_mode(path) for path in db.path.parent.glob("agent.db*")} == {0o600}


async def test_a_commit_is_on_the_disk_and_space_can_be_given_back(db: Database) -> None:
    writing = db.writer._connection
    for pragma, wanted in (
        ("journal_mode", WAL),
        ("synchronous", FULL),
        ("auto_vacuum", INCREMENTAL),
        ("foreign_keys", 1),
    ):
        assert list(await writing.execute_fetchall(f"PRAGMA {pragma}")) == [(wanted,)], pragma


async def test_an_attempt_can_not_stand_without_its_row(db: Database) -> None:
    async def orphan(tx: Tx) -> None:
        await tx.execute("INSERT INTO attempts VALUES (99, 1, 1, 'again', NULL, NULL, NULL)")

    with pytest.raises(errors.StorageError, match="FOREIGN KEY"):
        await db.writer.write(orphan)


async def test_the_reader_can_not_write(db: Database) -> None:
    with pytest.raises(errors.StorageError, match="readonly"):
        await db.read(lambda reader: cursors.put(reader, "x", "1"))


async def test_a_state_keeps_its_name_and_another_one_has_another(directory: Path) -> None:
    names = []
    for place in (directory, directory, directory.with_name("other")):
        async with database.opened(place) as opened:
            names.append(opened.instance)
    assert names[0] == names[1] != names[2]


async def test_two_daemons_can_not_use_one_state(db: Database, directory: Path) -> None:
    with pytest.raises(errors.StartError, match="another woo-agent already uses") as caught:
        async with database.opened(directory):
            raise AssertionError
    assert caught.value.hint
    await seeding.append(db, seeding.webhook())  # the first one goes on


async def test_a_state_can_be_used_again_once_it_was_closed(directory: Path) -> None:
    for _ in range(2):
        async with database.opened(directory) as db:
            await seeding.append(db, seeding.webhook())
    async with database.opened(directory) as db:
        assert await seeding.select(db, "SELECT count(*) FROM outbox_rows") == [(2,)]


def _file_for_a_parent(directory: Path) -> None:
    directory.parent.write_text("")


def _lock_of_somebody_else(directory: Path) -> None:
    """Not even root can write this one."""
    (directory / "agent.lock").mkdir(parents=True)


@pytest.mark.parametrize(
    ("put_in_the_way", "told"),
    [
        (_file_for_a_parent, "can't be written"),
        (_lock_of_somebody_else, "the lock .* can't be opened"),
    ],
)
async def test_a_state_that_can_not_be_used_is_a_start_error(
    directory: Path, put_in_the_way: Callable[[Path], None], told: str
) -> None:
    put_in_the_way(directory)
    with pytest.raises(errors.StartError, match=told) as caught:
        async with database.opened(directory):
            raise AssertionError
    assert caught.value.hint


@pytest.mark.parametrize(
    ("number", "told", "command"),
    [
        (errno.EACCES, "Permission denied", "install -d"),
        (errno.EROFS, "Read-only file system", "findmnt -T"),
        (errno.ENOSPC, "No space left", "df -h"),
    ],
)
async def test_a_directory_that_can_not_be_written_is_a_start_error(
    directory: Path, monkeypatch: pytest.MonkeyPatch, number: int, told: str, command: str
) -> None:
    """root may write anywhere, so the operating system's answer is made up."""

    def refuse(**_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(errors.StartError, match=told) as caught:
        async with database.opened(directory):
            raise AssertionError
    assert command in caught.value.hint
    assert str(directory) in caught.value.hint


async def test_a_state_of_a_newer_agent_is_refused_and_left_alone(directory: Path) -> None:
    async with database.opened(directory) as db:
        path = db.path
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 999")
    newer.close()
    before = path.read_bytes()
    with pytest.raises(errors.StartError, match=r"newer woo-agent \(schema 999\)"):
        async with database.opened(directory):
            raise AssertionError
    assert path.read_bytes() == before


async def test_migrating_again_changes_nothing(db: Database) -> None:
    shape = "SELECT name, sql FROM sqlite_schema ORDER BY name"
    before = await seeding.select(db, shape)
    await asyncio.to_thread(migrate.migrate, db.path)
    assert await seeding.select(db, shape) == before
    assert await seeding.select(db, "PRAGMA user_version") == [(len(migrate._migrations()),)]


async def test_a_migration_that_fails_leaves_the_shape_as_it_was(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.opened(directory) as db:
        path, count = db.path, len(migrate._migrations())
    broken = [*migrate._migrations(), "CREATE TABLE half (x); CREATE TABLE half (x);"]
    monkeypatch.setattr(migrate, "_migrations", lambda: broken)
    with pytest.raises(errors.StartError, match="half already exists"):
        async with database.opened(directory):
            raise AssertionError
    after = sqlite3.connect(path)
    assert after.execute("PRAGMA user_version").fetchone() == (count,)
    assert after.execute("SELECT * FROM sqlite_schema WHERE name = 'half'").fetchall() == []
    after.close()


async def test_commands_see_no_state_where_there_is_none(directory: Path) -> None:
    with pytest.raises(errors.StorageError, match="can't be used"):
        async with database.connected(directory / database.FILE, readonly=True):
            raise AssertionError


async def test_a_writer_that_died_ends_the_daemon(db: Database) -> None:
    """Nobody may go on where nothing can be stored any more."""
    stop = asyncio.Event()
    watching = asyncio.create_task(db.writer_ended(stop))
    await asyncio.sleep(0)
    assert not watching.done()
    await db.writer._connection.close()
    writing = asyncio.ensure_future(seeding.append(db, seeding.webhook()))
    with pytest.raises(ValueError, match="no active connection"):
        await watching
    writing.cancel()
