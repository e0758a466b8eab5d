"""The one task that writes: whatever is waiting goes into one transaction, then all are answered.

SQLite syncs to disk once per commit, so a hundred webhooks that wait together cost one sync. The
writer takes what is there and never waits for more: a lone webhook pays nothing for the batching.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
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


@dataclass(slots=True)
class _Job:
    step: Callable[..., Awaitable[Any]]
    item: Any
    bulk: bool
    done: asyncio.Future[Any]


class Writer:
    """Owns the writing connection. Every caller gets its answer after the commit, not before."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._waiting: deque[_Job] = deque()
        self._arrived = asyncio.Event()
        self._closing = False

    async def write(self, step: Step[T]) -> T:
        """Runs ``step`` in a transaction and returns what it returned, once that is on disk.

        Raises what the step raised (its transaction is undone, its neighbours' are not), or
        StorageError where the database could not commit.
        """
        result: T = await self._submit(_Job(step, None, False, self._future()))
        return result

    async def add(self, step: BulkStep[Item], item: Item) -> None:
        """Like ``write``, but all items that wait for the same step are handed to it at once."""
        await self._submit(_Job(step, item, True, self._future()))

    async def run(self) -> None:
        """Writes until ``close`` was called and nothing is waiting any more."""
        while self._waiting or not self._closing:
            if not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]
            if batch:
                await self._commit(batch)

    def close(self) -> None:
        """What was submitted before is still written."""
        self._closing = True
        self._arrived.set()

    def _future(self) -> asyncio.Future[Any]:
        return asyncio.get_running_loop().create_future()

    async def _submit(self, job: _Job) -> Any:
        if self._closing:
            raise errors.StorageError("the database is closing", hint="try again in a moment")
        self._waiting.append(job)
        self._arrived.set()
        return await job.done

    async def _commit(self, jobs: Sequence[_Job]) -> None:
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
            answers = await self._run_steps(jobs)
            await self._connection.execute("COMMIT")
        except Exception as error:
            await self._undo()
            if len(jobs) == 1 or isinstance(error, sqlite3.OperationalError):
                _fail(jobs, error)
            else:  # one step is at fault: the others must not pay for it
                for job in jobs:
                    await self._commit([job])
            return
        metrics.COMMITS.inc()
        metrics.COMMITTED_JOBS.inc(len(jobs))
        for job, answer in zip(jobs, answers, strict=True):
            if not job.done.done():
                job.done.set_result(answer)

    async def _run_steps(self, jobs: Sequence[_Job]) -> list[Any]:
        """Bulk items join the first job of their step; everything else keeps its place."""
        answers: list[Any] = [None] * len(jobs)
        bulks: dict[Callable[..., Awaitable[Any]], list[Any]] = {}
        for job in jobs:
            if job.bulk:
                bulks.setdefault(job.step, []).append(job.item)
        for place, job in enumerate(jobs):
            if not job.bulk:
                answers[place] = await job.step(self._connection)
            elif job.step in bulks:
                await job.step(self._connection, bulks.pop(job.step))
        return answers

    async def _undo(self) -> None:
        if self._connection.in_transaction:
            await self._connection.execute("ROLLBACK")


def _fail(jobs: Sequence[_Job], error: Exception) -> None:
    if isinstance(error, sqlite3.Error):
        reason: Exception = errors.StorageError(
            f"the database could not be written: {error}",
            hint="check the disk and the state directory: woo-agent status",
        )
        reason.__cause__ = error
    else:
        reason = error
    for job in jobs:
        if not job.done.done():
            job.done.set_exception(reason)
