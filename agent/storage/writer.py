"""The one task that writes: whatever is waiting goes into one transaction, then all are answered.

SQLite syncs to disk once per commit, so a hundred webhooks that wait together cost one sync. The
writer takes what is there and never waits for more: a lone webhook pays nothing for the batching.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

import aiosqlite

from agent import errors, metrics
from agent.storage import faults, salvage

if TYPE_CHECKING:
    from pathlib import Path

Tx = aiosqlite.Connection
"""An open transaction: what a step of ``agent.storage`` takes first."""

T = TypeVar("T")
Item = TypeVar("Item")
Step = Callable[[Tx], Awaitable[T]]
BulkStep = Callable[[Tx, Sequence[Item]], Awaitable[None]]

MOST_AT_ONCE = 512
# Where the disk fails SQLite may end the transaction by itself, and what was handed over behind the
# failing statement would be a transaction of its own: Python begins one anew before it.
_BEGUN_ANEW: Final = "IMMEDIATE"
_EACH_ITS_OWN = None
STUCK_AFTER_S = 15.0  # a disk that does not answer must not keep the store waiting


@dataclass(slots=True)
class _Job:
    step: Step[Any]
    done: asyncio.Future[Any]


@dataclass(slots=True)
class _Bulk:
    items: list[Any] = field(default_factory=list)
    done: list[asyncio.Future[None]] = field(default_factory=list)


async def together(*statements: Awaitable[Any]) -> None:
    """Hands statements to the thread of the database at once: it takes them in this order, and the
    loop waits for it once. Raises the first error when all have ended: what still ran after the
    rollback would be written. Where SQLite itself ended the transaction, what ran behind that began
    another one (``_BEGUN_ANEW``), which is rolled back too.
    """
    for ended in await asyncio.gather(*statements, return_exceptions=True):
        if isinstance(ended, BaseException):
            raise ended


class Writer:
    """Owns the writing connection. Every caller gets its answer after the commit, not before.

    ``reopen`` gives another one for the file at ``path``, or raises StorageError. ``trouble`` is
    why nothing can be written: from a fault on until items were stored again; what is smaller may
    still fit on a disk that is full for them. ``committed`` is released after every commit.
    """

    def __init__(
        self,
        connection: aiosqlite.Connection,
        path: Path,
        reopen: Callable[[], Awaitable[aiosqlite.Connection]],
    ) -> None:
        self.trouble: errors.StorageError | None = None
        self.committed = asyncio.Semaphore(0)
        self._connection = connection
        self._path = path
        self._reopen = reopen
        self._spoiled = False
        self._jobs: deque[_Job] = deque()
        self._bulks: dict[BulkStep[Any], _Bulk] = {}
        self._arrived = asyncio.Event()
        self._closing = False
        self._stuck = False
        self._writing: Sequence[asyncio.Future[Any]] = ()
        self._loop = asyncio.get_running_loop()

    async def write(self, step: Step[T]) -> T:
        """Runs ``step`` in a transaction and returns what it returned, once that is on disk.

        Raises what the step raised (its transaction is undone, its neighbours' are not), or
        StorageError where the database could not commit.
        """
        self._refuse_if_closed()
        job = _Job(step, self._loop.create_future())
        self._jobs.append(job)
        self._arrived.set()
        result: T = await job.done
        return result

    def add(self, step: BulkStep[Item], item: Item) -> asyncio.Future[None]:
        """Hands all items that wait for the same step to it at once; done once they are on disk.

        The step is one statement, which SQLite makes a transaction of its own: one trip to the disk
        thread and one sync for all. Items go before the steps that wait beside them.
        """
        self._refuse_if_closed()
        bulk = self._bulks.get(step)
        if bulk is None:
            bulk = self._bulks[step] = _Bulk()
        done = self._loop.create_future()
        bulk.items.append(item)
        bulk.done.append(done)
        self._arrived.set()
        return done

    async def run(self) -> None:
        """Writes until ``close`` was called and nothing is waiting any more."""
        while self._jobs or self._bulks or not self._closing:
            self._arrived.clear()
            if not (self._jobs or self._bulks):
                await self._arrived.wait()
            guard = self._loop.call_later(STUCK_AFTER_S, self._give_up)
            if self._bulks:
                await self._bulk(*self._next_bulk())
            if self._jobs:
                most = min(len(self._jobs), MOST_AT_ONCE)
                await self._transaction([self._jobs.popleft() for _ in range(most)])
            guard.cancel()
            self._stuck = False

    async def close_connection(self) -> None:
        """After ``run`` has ended."""
        await self._connection.close()

    def close(self) -> None:
        """What was submitted before is still written."""
        self._closing = True
        self._arrived.set()

    def _refuse_if_closed(self) -> None:
        if self._closing:
            raise errors.StorageError("the database is closing", hint="try again in a moment")
        if self._stuck:
            raise _stuck()

    def _give_up(self) -> None:
        """The disk has not answered: nobody is kept waiting for it. What waits may still be written
        when it does; a webhook that comes again then is a duplicate."""
        self._stuck = True
        waiting = [job.done for job in self._jobs]
        waiting += [done for bulk in self._bulks.values() for done in bulk.done]
        _fail([*self._writing, *waiting], _stuck())

    def _next_bulk(self) -> tuple[BulkStep[Any], list[Any], list[asyncio.Future[None]]]:
        """SQLite limits how many values a statement has: what is too much goes on waiting."""
        step = next(iter(self._bulks))
        bulk = self._bulks.pop(step)
        now, later = slice(MOST_AT_ONCE), slice(MOST_AT_ONCE, None)
        if bulk.items[later]:
            self._bulks[step] = _Bulk(bulk.items[later], bulk.done[later])
        return step, bulk.items[now], bulk.done[now]

    async def _bulk(
        self, step: BulkStep[Any], items: Sequence[Any], done: Sequence[asyncio.Future[None]]
    ) -> None:
        self._writing = done
        try:
            await self._make_sound()
            await step(self._connection, items)
        except Exception as error:
            if not await self._failed(error, done):
                for item, one in zip(items, done, strict=True):  # others must not pay for one
                    await self._bulk(step, [item], [one])
            return
        self.trouble = None
        self._answer(done, [None] * len(done))

    async def _transaction(self, jobs: Sequence[_Job]) -> None:
        """What is left when items arrive goes into the next one, behind them."""
        self._writing = done = [job.done for job in jobs]
        try:
            await self._make_sound()
            await self._connection.execute("BEGIN IMMEDIATE")
            self._connection.isolation_level = _BEGUN_ANEW
            answers: list[Any] = []
            for job in jobs:
                if answers and self._bulks:
                    break
                answers.append(await job.step(self._connection))
            await self._connection.execute("COMMIT")
            self._connection.isolation_level = _EACH_ITS_OWN
        except Exception as error:
            if not await self._failed(error, done):
                for job in jobs:
                    await self._transaction([job])
            return
        self._answer(done[: len(answers)], answers)
        self._jobs.extendleft(reversed(jobs[len(answers) :]))

    def _answer(self, done: Sequence[asyncio.Future[Any]], answers: Sequence[Any]) -> None:
        metrics.COMMITS.inc()
        metrics.COMMITTED_JOBS.inc(len(done))
        self.committed.release()
        for future, answer in zip(done, answers, strict=True):
            if not future.done():
                future.set_result(answer)

    async def _make_sound(self) -> None:
        if self._spoiled:
            with contextlib.suppress(sqlite3.Error):
                await self._connection.close()
            self._connection = await self._reopen()
            self._spoiled = False

    async def _failed(self, error: Exception, done: Sequence[asyncio.Future[Any]]) -> bool:
        """Undoes what was begun and tells the callers; False where each should be tried alone."""
        self._spoiled = self._spoiled or faults.spoils_the_handle(error)
        if not self._spoiled:
            try:
                if self._connection.in_transaction:
                    await self._connection.execute("ROLLBACK")
                self._connection.isolation_level = _EACH_ITS_OWN
            except sqlite3.Error:
                self._spoiled = True
        told = faults.explained(error, self._path) if isinstance(error, sqlite3.Error) else None
        if faults.is_corruption(error):
            salvage.suspect(self._path)
        if faults.concerns_all(error):
            self.trouble = told
        elif len(done) > 1:
            return False
        _fail(done, told or error)
        return True


def _fail(done: Sequence[asyncio.Future[Any]], reason: Exception) -> None:
    for future in done:
        if not future.done():
            future.set_exception(reason)


def _stuck() -> errors.StorageError:
    return errors.StorageError(
        f"the database has not answered for {STUCK_AFTER_S:.0f} s",
        hint="check the disk of state.dir: woo-agent status",
    )
