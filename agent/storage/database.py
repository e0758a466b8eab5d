"""Opens the one file in which a store's state lives, and keeps a second daemon off it."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import sqlite3
import tempfile
import uuid
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiosqlite

from agent import errors
from agent.clock import SystemClock
from agent.storage import checkpoint, cursors, faults, migrate, salvage
from agent.storage.writer import Writer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from agent.clock import Clock
    from agent.storage.writer import Step, Tx
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import quote

FILE = "agent.db"
BUSY_TIMEOUT_S = 10
TRIED_FOR_S = 5.0
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
            if faults.is_corruption(error):
                salvage.suspect(self.path)
            raise errors.StorageError(
                f"the database {self.path} can't be read: {error}",
                hint=faults.hint(error, self.path),
            ) from error

    async def write(self, step: Step[T]) -> T:
        """Runs it in one transaction, with what else is waiting."""
        return await self.writer.write(step)

    async def answers(self) -> bool:
        """Whether a commit of nothing goes through, and soon."""
        with suppress(TimeoutError, errors.StorageError):
            async with asyncio.timeout(TRIED_FOR_S):
                await self.writer.write(_nothing)
                return True
        return False

    async def is_suspected(self) -> bool:
        """Whether something was met in it that only a broken file shows."""
        return await asyncio.to_thread(salvage.is_suspected, self.path)

    async def lost(self) -> Mapping[str, str]:
        """Each broken database that was set aside (its name), and what could not be read of it."""
        names = await asyncio.to_thread(salvage.set_aside, self.path)
        told = await self.read(cursors.get, salvage.LOST) if names else None
        return dict.fromkeys(names, told or "unknown")

    async def trouble(self) -> errors.StorageError | None:
        """Why nothing can be written; tried out, where the last write failed."""
        if self.writer.trouble is not None:
            with suppress(TimeoutError, errors.StorageError):
                async with asyncio.timeout(TRIED_FOR_S):
                    await self.writer.write(_fill)
                    await self.writer.write(_empty)
                    self.writer.trouble = None
        return self.writer.trouble

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
async def opened(directory: Path, clock: Clock | None = None) -> AsyncIterator[Database]:
    """The state in ``directory``, made if it is not there. On exit, what waits is still written.

    Raises StartError where the directory can't be written or another daemon uses it.
    """
    _make(directory)
    path = directory / FILE
    with _locked(directory):
        instance = await asyncio.to_thread(_prepare, path, (clock or SystemClock()).now())
        try:
            connection = await _for_writing(path)
        except sqlite3.Error as error:
            raise _not_opened(path, error) from error
        writer = Writer(connection, path, lambda: _for_writing(path))
        writing = asyncio.create_task(writer.run(), name="writer")
        checkpoints = checkpoint.Checkpoints(lambda: _open(path, "rw"), writer.committed)
        copying = asyncio.create_task(checkpoints.run(), name="checkpoints")
        try:
            async with connected(path, readonly=True) as reader:
                yield Database(path, instance, writer, reader, writing)
        finally:
            writer.close()
            await asyncio.wait([writing])
            checkpoints.close()
            await asyncio.wait([copying])
            await writer.close_connection()  # last, so that it writes its log into the file


@asynccontextmanager
async def connected(path: Path, *, readonly: bool) -> AsyncIterator[aiosqlite.Connection]:
    """One connection in autocommit mode; StorageError where there is no such database."""
    try:
        connection = await _open(path, "ro" if readonly else "rw")
        try:
            yield connection
        finally:
            await connection.close()
    except sqlite3.Error as error:
        raise errors.StorageError(
            f"the state in {path} can't be used: {error}",
            hint="is state.dir right, and may this user read it? woo-agent config show",
        ) from error


async def _for_writing(path: Path) -> aiosqlite.Connection:
    return await _open(
        path,
        "rw",
        "PRAGMA foreign_keys = ON",
        f"PRAGMA wal_autocheckpoint = {checkpoint.WRITERS_PAGES}",
    )


async def _open(path: Path, mode: str, *pragmas: str) -> aiosqlite.Connection:
    # aiosqlite leaves its thread behind where it can't connect: it gets what is open already.
    raw = await asyncio.to_thread(_connect, path, mode, *pragmas)
    return await aiosqlite.Connection(lambda: raw, iter_chunk_size=64)


def _connect(path: Path, mode: str, *pragmas: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        isolation_level=None,
        timeout=BUSY_TIMEOUT_S,
        check_same_thread=False,
    )
    try:
        connection.execute("PRAGMA synchronous = FULL")
        # Statements that touch several rows keep an undo journal: in a file it costs more than all
        # the rest of an insert.
        connection.execute("PRAGMA temp_store = MEMORY")
        for pragma in pragmas:
            connection.execute(pragma)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        hint = f"create it for the agent's user: install -d -m 0700 -o woo-agent {directory}"
        if error.errno == errno.EROFS:
            hint = f"its disk is mounted read-only, see why: findmnt -T {directory}"
        elif error.errno == errno.ENOSPC:
            hint = f"make room: df -h {directory}"
        raise errors.StartError(
            f"the state directory {directory} can't be written: {error.strerror}", hint=hint
        ) from error


def _prepare(path: Path, now: datetime) -> str:
    """The name of the state; one that is broken is set aside first, and salvaged."""
    try:
        salvage.if_suspected(path, now)
        try:
            return _migrated(path)
        except sqlite3.DatabaseError as error:
            if not faults.is_corruption(error) or not salvage.is_broken(path):
                raise
            salvage.salvage(path, now)
            return _migrated(path)
    except (sqlite3.Error, OSError) as error:
        raise _not_opened(path, error) from error


def _migrated(path: Path) -> str:
    path.touch(mode=0o600)
    migrate.migrate(path)
    with closing(_connect(path, "rw")) as connection:
        return _instance(connection)


def _not_opened(path: Path, error: Exception) -> errors.StartError:
    return errors.StartError(
        f"the database {path} can't be opened: {error}",
        hint=faults.hint(error, path),
    )


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


async def _nothing(_: Tx) -> None:
    return


async def _fill(tx: Tx) -> None:
    """As much as a large webhook: a disk may have room for a page and for nothing more."""
    await tx.execute("INSERT OR REPLACE INTO cursors VALUES ('tried', hex(zeroblob(32768)))")


async def _empty(tx: Tx) -> None:
    await tx.execute("DELETE FROM cursors WHERE name = 'tried'")


def _instance(connection: sqlite3.Connection) -> str:
    """A name for this state, made with it: the gateway notices when a clone speaks up."""
    connection.execute(
        "INSERT INTO cursors VALUES ('instance', ?) ON CONFLICT DO NOTHING", (str(uuid.uuid4()),)
    )
    query = "SELECT value FROM cursors WHERE name = 'instance'"
    [(instance,)] = connection.execute(query).fetchall()
    return str(instance)
