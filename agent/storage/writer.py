"""The one task that writes: whatever is waiting goes into one transaction, then all are answered.

SQLite syncs to disk once per commit, so a hundred webhooks that wait together cost one sync. The
writer takes what is there and never waits for more: a lone webhook pays nothing for the batching.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiosqlite

from agent import errors, metrics

Tx = aiosqlite.Connection
"""An open transaction: what a step of ``agent.storage`` takes first."""

T = TypeVar("T")
Item = TypeVar("Item")
Step = Callable[[Tx], Awaitable[T]]
BulkStep = Callable[[Tx, Sequence[Item]], Awaitable[None]]

MOST_AT_ONCE = 512
STUCK_AFTER_S = 15.0  # a disk that does not answer must not keep the store waiting


@dataclass(slots=True)
class _Job:
    step: Step[Any]
    done: asyncio.Future[Any]


@dataclass(slots=True)
class _Bulk:
    items: list[Any] = field(default_factory=list)
    done: list[asyncio.Future[None]] = field(default_factory=list)


class Writer:
    """Owns the writing connection. Every caller gets its answer after the commit, not before."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
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
            await step(self._connection, items)
        except Exception as error:
            await self._undo()
            if len(items) == 1 or isinstance(error, sqlite3.OperationalError):
                _fail(done, error)
                return
            for item, one in zip(items, done, strict=True):  # the others must not pay for one
                await self._bulk(step, [item], [one])
            return
        _answer(done, [None] * len(done))

    async def _transaction(self, jobs: Sequence[_Job]) -> None:
        self._writing = [job.done for job in jobs]
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
            answers = [await job.step(self._connection) for job in jobs]
            await self._connection.execute("COMMIT")
        except Exception as error:
            await self._undo()
            if len(jobs) == 1 or isinstance(error, sqlite3.OperationalError):
                _fail([job.done for job in jobs], error)
                return
            for job in jobs:
                await self._transaction([job])
            return
        _answer([job.done for job in jobs], answers)

    async def _undo(self) -> None:
        if self._connection.in_transaction:
            await self._connection.execute("ROLLBACK")


def _answer(done: Sequence[asyncio.Future[Any]], answers: Sequence[Any]) -> None:
    metrics.COMMITS.inc()
    metrics.COMMITTED_JOBS.inc(len(done))
    for future, answer in zip(done, answers, strict=True):
        if not future.done():
            future.set_result(answer)


def _fail(done: Sequence[asyncio.Future[Any]], error: Exception) -> None:
    reason = error
    if isinstance(error, sqlite3.Error):
        reason = errors.StorageError(
            f"the database could not be written: {error}",
            hint="check the disk and the state directory: woo-agent status",
        )
        reason.__cause__ = error
    for future in done:
        if not future.done():
            future.set_exception(reason)


def _stuck() -> errors.StorageError:
    return errors.StorageError(
        f"the database has not answered for {STUCK_AFTER_S:.0f} s",
        hint="check the disk of state.dir: woo-agent status",
    )
