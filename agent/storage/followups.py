"""What needs another look at the store, worked off by one actor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent import clock
from agent.model.delivery import Followup

if TYPE_CHECKING:
    from datetime import datetime

    import aiosqlite

    from agent.storage.writer import Tx

DELETION = "deletion"


async def ask(tx: Tx, kind: str, subject: str, *, cause: int, due: datetime) -> None:
    """Asks for a look; one row per kind and subject, the newest cause counts."""
    await tx.execute(
        "INSERT OR REPLACE INTO followups VALUES (?, ?, ?, ?)",
        (kind, subject, clock.micros(due), cause),
    )


async def due(db: aiosqlite.Connection, now: datetime, most: int) -> list[Followup]:
    """The looks that are due, longest waiting first."""
    rows = await db.execute_fetchall(
        "SELECT kind, subject, cause FROM followups WHERE due_at <= ? ORDER BY due_at LIMIT ?",
        (clock.micros(now), most),
    )
    return [Followup(*row) for row in rows]


async def done(tx: Tx, followup: Followup) -> None:
    """That look was taken; a newer cause stays."""
    await tx.execute(
        "DELETE FROM followups WHERE kind = ? AND subject = ? AND cause = ?",
        (followup.kind, followup.subject, followup.cause),
    )
