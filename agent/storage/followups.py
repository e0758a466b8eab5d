"""What needs another look at the store, worked off by one actor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent import clock
from agent.model.delivery import Followup, Look

if TYPE_CHECKING:
    from datetime import datetime

    import aiosqlite

    from agent.storage.writer import Tx

FARTHEST_LOOK_S = 900


async def ask(
    tx: Tx,
    look: Look,
    subject: str,
    *,
    cause: int,
    due: datetime,
    since: datetime | None = None,
) -> None:
    """Asks for a look; one row per kind and subject: the newest cause counts, and the earliest
    ``since``."""
    await tx.execute(
        "INSERT INTO followups (kind, subject, due_at, cause, since) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET due_at = min(due_at, excluded.due_at), cause = excluded.cause,"
        " since = min(since, excluded.since)",
        (look, subject, clock.micros(due), cause, None if since is None else clock.micros(since)),
    )


async def due(db: aiosqlite.Connection, now: datetime, most: int) -> list[Followup]:
    """The looks that are due, longest waiting first. A time further ahead than any wait can be
    comes from a clock that has jumped back since: such a look is due too."""
    at = clock.micros(now)
    rows = await db.execute_fetchall(
        "SELECT kind, subject, cause, since FROM followups"
        " WHERE due_at <= ? OR due_at > ? ORDER BY due_at LIMIT ?",
        (at, at + FARTHEST_LOOK_S * 1_000_000, most),
    )
    return [
        Followup(kind, subject, cause, None if since is None else clock.from_micros(since))
        for kind, subject, cause, since in rows
    ]


async def postpone(tx: Tx, followup: Followup, until: datetime) -> None:
    """That look is taken later."""
    await tx.execute(
        "UPDATE followups SET due_at = ? WHERE kind = ? AND subject = ?",
        (clock.micros(until), followup.kind, followup.subject),
    )


async def done(tx: Tx, followup: Followup) -> None:
    """That look was taken; a newer cause stays."""
    await tx.execute(
        "DELETE FROM followups WHERE kind = ? AND subject = ? AND cause = ?",
        (followup.kind, followup.subject, followup.cause),
    )
