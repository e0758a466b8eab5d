"""What the gateway has accepted, as far as the agent was told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aiosqlite


async def subjects(db: aiosqlite.Connection) -> frozenset[str]:
    """The subjects (``order/1022``) of which every event up to the newest one was accepted."""
    found = await db.execute_fetchall(
        "SELECT subject FROM outbox WHERE verdict = 'event' AND subject IS NOT NULL"
        " GROUP BY subject HAVING min(state = 'accepted')"
    )
    return frozenset(subject for (subject,) in found)


async def out_of_order(db: aiosqlite.Connection) -> int:
    """How many events were accepted before an older one of their lane: by the time they were
    settled, or by the gateway's positions where it gives some."""
    [(count,)] = await db.execute_fetchall(
        "SELECT count(*) FROM (SELECT settled_at, position,"
        " max(settled_at) OVER earlier AS settled_before, max(position) OVER earlier AS before"
        " FROM outbox WHERE state = 'accepted' WINDOW earlier AS (PARTITION BY lane"
        " ORDER BY sequence ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))"
        " WHERE settled_at < settled_before OR position < before"
    )
    return int(count)
