"""Gives the space of deleted rows back at once, beside a running daemon too.

Never a full VACUUM: it would keep webhooks out for as long as it copies the whole file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.storage import ageing, database

if TYPE_CHECKING:
    from pathlib import Path

    from agent.clock import Clock

BETWEEN_STEPS_S = 0.01  # longer than SQLite sleeps between looks at a lock it waits for
_TRIES = 8  # the daemon may be at a checkpoint itself, which SQLite does not wait for
_BETWEEN_TRIES_S = 0.05
_WAITS_MS = 100  # a checkpoint that waits for a reader keeps the writer waiting too


@dataclass(frozen=True, slots=True)
class Compacted:
    """Bytes of the database and its log, on the disk."""

    before: int
    after: int


async def compact(path: Path, clock: Clock) -> Compacted:
    """Gives back what is free; raises StorageError where the database can't be used."""
    before = _on_disk(path)
    async with database.connected(path, readonly=False) as db:
        while await ageing.free_pages(db):
            await ageing.give_back(db, [ageing.MOST_PAGES])
            await clock.sleep(BETWEEN_STEPS_S)
        await db.execute_fetchall("PRAGMA wal_checkpoint(PASSIVE)")
        await db.execute(f"PRAGMA busy_timeout = {_WAITS_MS}")
        for _ in range(_TRIES):
            [(busy, *_)] = await db.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
            if not busy:
                break
            await clock.sleep(_BETWEEN_TRIES_S)
    return Compacted(before, _on_disk(path))


def _on_disk(path: Path) -> int:
    files = (path, path.with_name(f"{path.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
