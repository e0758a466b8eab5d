"""Everything the store said that is an event, oldest first, a piece at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent import clock
from agent.storage import erasures, outbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    import aiosqlite

    from agent.model.delivery import Event

MOST_AT_ONCE = 50


async def events(db: aiosqlite.Connection, since: datetime | None) -> AsyncIterator[Event]:
    """Pending, accepted and dead events received since then, those left out that could not be read
    and snapshots of customers that were erased.

    Each piece is a read of its own: a slow reader keeps no old state of the database alive.
    """
    at = clock.micros(since) if since else 0
    last = at - 1  # no number is below the time it was given at
    while True:
        rows = await db.execute_fetchall(
            "SELECT sequence FROM outbox WHERE sequence > ? AND received_at >= ?"
            " AND state IN ('pending', 'accepted', 'dead') AND verdict = 'event'"
            f" AND type IS NOT NULL AND NOT {erasures.GONE} ORDER BY sequence LIMIT ?",
            (last, at, MOST_AT_ONCE),
        )
        sequences = [sequence for (sequence,) in rows]
        if not sequences:
            return
        for event in await outbox.events(db, sequences):
            yield event
        last = sequences[-1]


async def unjudged(db: aiosqlite.Connection) -> int:
    """How many webhooks have no verdict yet: the daemon has to run before they are events."""
    [(fresh,)] = await db.execute_fetchall("SELECT count(*) FROM unjudged")
    [(asked,)] = await db.execute_fetchall(
        "SELECT coalesce(sum(n), 0) FROM outbox_tally WHERE state = 'pending' AND verdict = ''"
    )
    return int(fresh + asked)
