"""Copies the log into the database beside the writer, so that no webhook waits for it.

SQLite does it within a commit: every few hundred of them then take as long as fifty others.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    import aiosqlite

EVERY_COMMITS = 16
# Only a checkpoint in which nobody writes empties the log. It is the writer's, and short: by then
# there is little left to copy.
WRITERS_PAGES = 4000


class Checkpoints:
    """``opened`` gives a connection of their own; ``committed`` is released by every commit."""

    def __init__(
        self,
        opened: Callable[[], Awaitable[aiosqlite.Connection]],
        committed: asyncio.Semaphore,
    ) -> None:
        self._opened = opened
        self._committed = committed
        self._connection: aiosqlite.Connection | None = None
        self._closing = False

    async def run(self) -> None:
        """One after so many commits, until ``close`` was called."""
        commits = 0
        while await self._committed.acquire() and not self._closing:
            commits += 1
            if commits % EVERY_COMMITS == 0:
                await self.once()
        await self._disconnect()

    def close(self) -> None:
        """One that has begun still ends: no thread is left behind."""
        self._closing = True
        self._committed.release()

    async def once(self) -> int:
        """How many pages of the log are in the database now. Where that fails nothing is lost: the
        next one tries it again, on another connection, from what the log holds."""
        try:
            if self._connection is None:
                self._connection = await self._opened()
            [(_, _, copied)] = await self._connection.execute_fetchall(
                "PRAGMA wal_checkpoint(PASSIVE)"
            )
        except sqlite3.Error:
            await self._disconnect()
            return 0
        return int(copied)

    async def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                await self._connection.close()
            self._connection = None
