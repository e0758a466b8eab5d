"""How it stands with each kind of resource: until when its changes are known, and is it broken?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from agent import clock
from agent.model.delivery import Look
from agent.storage import followups

if TYPE_CHECKING:
    from collections.abc import Iterable

    import aiosqlite

    from agent.model.delivery import Heard
    from agent.storage.writer import Tx

# Webhooks wait in the store's queue, and the clock of PHP's host is not ours: OAuth 1.0a lets it be
# up to a quarter of an hour behind.
OVERLAP = timedelta(minutes=20)
FIRST_LOOK = timedelta(days=1)


async def hear(tx: Tx, heard: Iterable[Heard], now: datetime) -> None:
    """The store sent those. After an error object all changes of that kind are asked for, from the
    last good body before it on; one that only says that its resource is gone breaks nothing."""
    for body in heard:
        if body.good:
            await _good(tx, body)
        else:
            await _broken(tx, body, now)


async def read(tx: Tx, resource: str, until: datetime) -> None:
    """All changes of that kind until then were read over REST."""
    await tx.execute(
        "UPDATE resources SET known_until = ? WHERE resource = ?", (clock.micros(until), resource)
    )


async def hid(tx: Tx, resource: str, cause: int) -> None:
    """No webhook had told of something of that kind when the error object ``cause`` came, and no
    good body has come since: that is what they would have told of."""
    await tx.execute(
        "UPDATE resources SET error = ?2 WHERE resource = ?1 AND error IS NULL"
        " AND (known_until IS NULL OR known_until <= ?2)"  # numbers are given by the clock
        " AND EXISTS (SELECT 1 FROM outbox WHERE sequence = ?2 AND verdict = 'error_body')",
        (resource, cause),
    )


async def broken(db: aiosqlite.Connection) -> list[str]:
    """The kinds of which the newest body was an error object, of one that was there."""
    rows = await db.execute_fetchall(
        "SELECT resource FROM resources WHERE error IS NOT NULL ORDER BY resource"
    )
    return [resource for (resource,) in rows]


async def _good(tx: Tx, body: Heard) -> None:
    await tx.execute(
        "INSERT INTO resources SELECT ?, received_at, NULL FROM arrivals WHERE sequence = ?"
        " ON CONFLICT DO UPDATE SET known_until = excluded.known_until, error = NULL",
        (body.resource, body.sequence),
    )


async def _broken(tx: Tx, body: Heard, now: datetime) -> None:
    await tx.execute(
        "INSERT INTO resources (resource, known_until, error) VALUES (?, NULL, ?)"
        " ON CONFLICT DO UPDATE SET error = coalesce(excluded.error, error)",
        (body.resource, None if body.gone else body.sequence),
    )
    [(known_until,)] = await tx.execute_fetchall(
        "SELECT known_until FROM resources WHERE resource = ?", (body.resource,)
    )
    if known_until is None:
        since = now - FIRST_LOOK
    else:
        since = min(clock.from_micros(known_until), now) - OVERLAP
    await followups.ask(tx, Look.CHANGES, body.resource, cause=body.sequence, due=now, since=since)
