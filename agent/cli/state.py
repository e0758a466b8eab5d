"""The state as commands see it: read while the daemon is up or down, changed in one short step."""

from __future__ import annotations

import asyncio
import functools
import os
import pwd
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Concatenate, ParamSpec, TypeVar

import aiosqlite
import typer

from agent import errors
from agent.clock import SystemClock
from agent.settings import Settings, loading
from agent.storage import database
from agent.storage.writer import Step, Tx

P = TypeVar("P")
T = TypeVar("T")
A = ParamSpec("A")
BETWEEN_STEPS_S = 0.05  # SQLite looks less and less often whether a lock is free


def _in_one_line(reason: str | None) -> str:
    if reason is None:
        return ""
    if not reason.split():
        raise errors.UsageError("--reason is empty", hint='--reason "what happened, who agreed"')
    return " ".join(reason.split())


ConfigFile = Annotated[Path | None, typer.Option("--config", help="The configuration file.")]
Instance = Annotated[
    str | None, typer.Option("--instance", help="NAME, for /etc/woo-agent/NAME.toml.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many, newest first.")]
Reason = Annotated[
    str, typer.Option("--reason", callback=_in_one_line, help="Why; kept in the audit.")
]
Why = Annotated[
    str | None, typer.Option("--reason", callback=_in_one_line, help="Why, for the audit.")
]
Reveal = Annotated[bool, typer.Option("--reveal", help="Show personal data.")]


TIMES = [
    f"%Y-%m-%d{time}"
    for time in (
        "",
        "T%H:%M",
        "T%H:%M:%S",
        " %H:%M:%S",
        "T%H:%M%z",
        "T%H:%M:%S%z",
        "T%H:%M:%S.%f%z",
    )
]
"""How a moment may be written; one without a zone is UTC."""


def settings(config: Path | None, instance: str | None) -> Settings:
    """The configuration in force; raises ConfigError."""
    return loading.load(config=config, instance=instance).settings


def read(of: Settings, query: Callable[[aiosqlite.Connection], Awaitable[T]]) -> T:
    """What ``query`` finds; raises StorageError where there is no state yet."""

    async def reading() -> T:
        async with database.connected(file(of), readonly=True) as db:
            return await query(db)

    return asyncio.run(reading())


def write(of: Settings, step: Step[T]) -> T:
    """Runs ``step`` in one short transaction, which a running daemon notices at its next tick."""

    async def writing() -> T:
        async with database.connected(file(of), readonly=False) as db:
            return await _transaction(db, step)

    return asyncio.run(writing())


def write_in_steps(of: Settings, step: Step[bool]) -> None:
    """Runs ``step`` in one short transaction after the other until it says that nothing is left;
    in between a running daemon gets its turn."""

    async def writing() -> None:
        clock = SystemClock()
        async with database.connected(file(of), readonly=False) as db:
            while await _transaction(db, step):
                await clock.sleep(BETWEEN_STEPS_S)

    asyncio.run(writing())


def write_each(of: Settings, pieces: Iterable[P], step: Callable[[P, Tx], Awaitable[None]]) -> None:
    """Runs ``step`` for each piece in one short transaction; it is not begun before the piece is
    there, and in between a running daemon gets its turn."""

    async def writing() -> None:
        clock = SystemClock()
        async with database.connected(file(of), readonly=False) as db:
            for piece in pieces:
                await _transaction(db, functools.partial(step, piece))
                await clock.sleep(BETWEEN_STEPS_S)

    asyncio.run(writing())


class Opened:
    """The state for a command that does other things in between."""

    def __init__(self, db: aiosqlite.Connection) -> None:
        self._db = db

    async def read(
        self,
        query: Callable[Concatenate[aiosqlite.Connection, A], Awaitable[T]],
        *args: A.args,
        **kwargs: A.kwargs,
    ) -> T:
        """What ``query`` finds."""
        return await query(self._db, *args, **kwargs)

    async def write(self, step: Step[T]) -> T:
        """Runs ``step`` in one short transaction, which a running daemon notices at its next
        tick."""
        return await _transaction(self._db, step)


@asynccontextmanager
async def opened(of: Settings, *, readonly: bool) -> AsyncIterator[Opened]:
    """Raises StorageError where there is no state yet."""
    async with database.connected(file(of), readonly=readonly) as db:
        yield Opened(db)


async def _transaction(db: aiosqlite.Connection, step: Step[T]) -> T:
    await db.execute("BEGIN IMMEDIATE")
    try:
        result = await step(db)
    except BaseException:
        await db.execute("ROLLBACK")
        raise
    await db.execute("COMMIT")
    return result


def utc(moment: datetime) -> datetime:
    """A moment that somebody wrote; without a zone it is UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def who() -> str:
    """The person behind the command, also behind sudo."""
    return os.environ.get("SUDO_USER") or pwd.getpwuid(os.getuid()).pw_name


def file(of: Settings) -> Path:
    """The database; raises StorageError where there is none yet."""
    path = of.state.dir / database.FILE
    if not os.access(path, os.F_OK):
        raise errors.StorageError(
            f"there is no state in {of.state.dir}",
            hint="has the agent run here? woo-agent run; or is state.dir another one: "
            "woo-agent config show",
        )
    return path
