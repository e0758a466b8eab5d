"""What needs another look at the store, worked off by one actor."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from agent import clock
from agent.model.delivery import Followup, Look

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    import aiosqlite

    from agent.storage.writer import Tx

FARTHEST_LOOK_S = 900
SECOND_LOOK_S = 180  # WooCommerce merges changes that come close together, and builds bodies late
_MINUTE = 60_000_000
_DUE = " UNION ALL ".join(
    f"SELECT * FROM (SELECT * FROM followups WHERE compared = {compared} AND due_at {when}"
    " ORDER BY due_at LIMIT ?3)"
    for compared in (0, 1)
    for when in ("<= ?1", "> ?2")
)


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
    ``since``. What a comparison asked for waits for its turn no more."""
    await tx.execute(
        "INSERT INTO followups (kind, subject, due_at, cause, since) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET due_at = min(due_at, excluded.due_at), cause = excluded.cause,"
        " since = min(since, excluded.since), compared = 0",
        (look, subject, clock.micros(due), cause, None if since is None else clock.micros(since)),
    )


async def again(tx: Tx, fresh: Sequence[tuple[int, str]], now: datetime) -> None:
    """Asks for a second look at (cause, subject), some time after the last event of each; those of
    the same minute are due together."""
    due_at = clock.micros(now) // _MINUTE * _MINUTE + SECOND_LOOK_S * 1_000_000
    await tx.executemany(
        "INSERT INTO followups (kind, subject, due_at, cause) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET due_at = excluded.due_at, cause = excluded.cause",
        [(Look.AGAIN, subject, due_at, cause) for cause, subject in fresh],
    )


async def compare(
    tx: Tx, asked: Iterable[tuple[Look, str, int]], now: datetime, *, backfill: bool = False
) -> None:
    """A comparison of both ends asks for those looks (kind, subject, and the event that refunds
    were named by); what was asked for already stays as it is."""
    await tx.executemany(
        "INSERT INTO followups (kind, subject, due_at, cause, backfill, compared)"
        " VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING",
        [(look, subject, clock.micros(now), cause, backfill) for look, subject, cause in asked],
    )


async def due(db: aiosqlite.Connection, now: datetime, most: int) -> list[Followup]:
    """The looks that are due, longest waiting first, and those of comparisons last. A time further
    ahead than any wait can be comes from a clock that has jumped back since: it is due too."""
    at = clock.micros(now)
    rows = await db.execute_fetchall(
        f"SELECT kind, subject, cause, since, compared, backfill FROM ({_DUE}) LIMIT ?3",
        (at, at + FARTHEST_LOOK_S * 1_000_000, most),
    )
    return [
        Followup(
            *(kind, subject, cause, None if since is None else clock.from_micros(since)),
            compared=bool(compared),
            backfill=bool(backfill),
        )
        for kind, subject, cause, since, compared, backfill in rows
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


async def asked(db: aiosqlite.Connection, look: Look, subjects: Iterable[str]) -> set[str]:
    """Those of the subjects that are still to be looked at so."""
    rows = await db.execute_fetchall(
        "SELECT subject FROM followups WHERE kind = ?"
        " AND subject IN (SELECT value FROM json_each(?))",
        (look, json.dumps(list(subjects))),
    )
    return {subject for (subject,) in rows}


async def is_compared(db: aiosqlite.Connection) -> bool:
    """Whether something that comparisons asked for is left."""
    return bool(list(await db.execute_fetchall("SELECT 1 FROM followups WHERE compared LIMIT 1")))
