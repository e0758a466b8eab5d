"""Opens the one file in which a store's state lives, and keeps a second daemon off it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import uuid
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiosqlite

from agent import errors
from agent.storage import migrate
from agent.storage.writer import Writer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import quote

FILE = "agent.db"
BUSY_TIMEOUT_S = 10
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Database:
    """``writer`` for what changes, ``reader`` for what does not."""

    path: Path
    instance: str
    writer: Writer
    reader: aiosqlite.Connection
    writing: asyncio.Task[None]

    async def read(
        self,
        query: Callable[Concatenate[aiosqlite.Connection, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """What ``query`` finds; StorageError where the database can't be read."""
        try:
            return await query(self.reader, *args, **kwargs)
        except sqlite3.Error as error:
            raise errors.StorageError(
                f"the database {self.path} can't be read: {error}", hint="woo-agent status"
            ) from error

    async def writer_ended(self, stop: asyncio.Event) -> None:
        """Waits beside the actors, so that nobody goes on when the writer can't."""
        stopped = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait((self.writing, stopped), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
        if self.writing.done():
            self.writing.result()


@asynccontextmanager
async def opened(directory: Path) -> AsyncIterator[Database]:
    """The state in ``directory``, made if it is not there. On exit, what waits is still written.

    Raises StartError where the directory can't be written or another daemon uses it.
    """
    _make(directory)
    path = directory / FILE
    with _locked(directory):
        await asyncio.to_thread(_prepare, path)
        async with connected(path, readonly=False) as connection:
            await connection.execute("PRAGMA foreign_keys = ON")
            instance = await _instance(connection)
            async with connected(path, readonly=True) as reader:
                writer = Writer(connection)
                writing = asyncio.create_task(writer.run(), name="writer")
                try:
                    yield Database(path, instance, writer, reader, writing)
                finally:
                    writer.close()
                    await asyncio.wait([writing])


@asynccontextmanager
async def connected(path: Path, *, readonly: bool) -> AsyncIterator[aiosqlite.Connection]:
    """One connection in autocommit mode; StorageError where there is no such database."""
    mode = "ro" if readonly else "rw"
    try:
        async with aiosqlite.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            isolation_level=None,
            timeout=BUSY_TIMEOUT_S,
        ) as connection:
            await connection.execute("PRAGMA synchronous = FULL")
            # Statements that touch several rows keep an undo journal: in a file it costs more than
            # all the rest of an insert.
            await connection.execute("PRAGMA temp_store = MEMORY")
            yield connection
    except sqlite3.Error as error:
        raise errors.StorageError(
            f"the state in {path} can't be used: {error}",
            hint="is state.dir right, and may this user read it? woo-agent config show",
        ) from error


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(directory, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        raise errors.StartError(
            f"the state directory {directory} can't be written: {error.strerror}",
            hint=f"create it for the agent's user: install -d -m 0700 -o woo-agent {directory}",
        ) from error


def _prepare(path: Path) -> None:
    try:
        path.touch(mode=0o600)
        migrate.migrate(path)
    except (sqlite3.Error, OSError) as error:
        raise errors.StartError(
            f"the database {path} can't be opened: {error}",
            hint="check the disk and the file's owner; nothing was changed",
        ) from error


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    path = directory / "agent.lock"
    try:
        lock = path.open("a")
    except OSError as error:
        raise errors.StartError(
            f"the lock {path} can't be opened: {error.strerror}",
            hint=f"did another user run the agent here? see who owns it: ls -l {path}",
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise errors.StartError(
                f"another woo-agent already uses {directory}",
                hint="stop it first, or give this one its own state.dir: woo-agent status",
            ) from error
        yield


async def _instance(connection: aiosqlite.Connection) -> str:
    """A name for this state, made with it: the gateway notices when a clone speaks up."""
    await connection.execute(
        "INSERT INTO cursors VALUES ('instance', ?) ON CONFLICT DO NOTHING", (str(uuid.uuid4()),)
    )
    [(instance,)] = await connection.execute_fetchall(
        "SELECT value FROM cursors WHERE name = 'instance'"
    )
    return str(instance)
