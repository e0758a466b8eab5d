"""Dead letters: which of them somebody still has to see to, and taking them out for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent import clock, errors
from agent.storage import audit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import aiosqlite

    from agent.storage.writer import Tx

NAMED = 3
# A later snapshot carries the whole truth about what is there, but nothing of what went or of money
# that was paid back.
_IRREPLACEABLE = (
    "(topic LIKE '%.deleted' OR coalesce(type, '') LIKE 'woocommerce.%'"
    " OR coalesce(subject, '') LIKE 'refund/%')"
)
_UNRESOLVED = (
    f"state = 'dead' AND ({_IRREPLACEABLE} OR NOT EXISTS (SELECT 1 FROM outbox AS later"
    " WHERE later.subject = dead.subject AND later.sequence > dead.sequence"
    " AND later.state = 'accepted'))"
)


async def unresolved(db: aiosqlite.Connection) -> dict[str, Any]:
    """``dead_unresolved``: how many dead letters no later accepted snapshot stands for;
    ``dead_alarms``: the oldest of them that none ever can, deletions and refunds, by name."""
    [(count,)] = await db.execute_fetchall(
        f"SELECT count(*) FROM outbox AS dead WHERE {_UNRESOLVED}"
    )
    alarms = await db.execute_fetchall(
        "SELECT topic, coalesce(subject, id) FROM outbox AS dead"
        f" WHERE state = 'dead' AND {_IRREPLACEABLE} ORDER BY sequence LIMIT ?",
        (NAMED,),
    )
    return {
        "dead_unresolved": count,
        "dead_alarms": [f"{topic} of {name}" for topic, name in alarms],
    }


async def discard_by_id(
    tx: Tx, event_ids: Sequence[str], *, who: str, reason: str, now: datetime
) -> int:
    """Takes those dead letters out; how many. One that was taken out before does not count.

    Raises NotFoundError for an unknown id, UsageError for one that is not dead.
    """
    found: dict[str, int] = {}
    for event_id in event_ids:
        rows = list(
            await tx.execute_fetchall(
                "SELECT sequence, state FROM outbox_rows WHERE id = ?", (event_id,)
            )
        )
        if not rows:
            raise errors.NotFoundError(
                f"no event {event_id} in the outbox", hint="woo-agent outbox list --state dead"
            )
        [(sequence, state)] = rows
        if state not in ("dead", "discarded"):
            raise errors.UsageError(
                f"{event_id} is {state}, not dead: only dead letters are taken out",
                hint=f"woo-agent outbox show {event_id}",
            )
        if state == "dead":
            found[event_id] = sequence
    return await _discard(tx, found, who=who, reason=reason, now=now)


async def discard_all(tx: Tx, subject: str | None, *, who: str, reason: str, now: datetime) -> int:
    """Takes all dead letters out, or those about ``subject``; how many."""
    rows = await tx.execute_fetchall(
        "SELECT id, sequence FROM outbox WHERE state = 'dead' AND (?1 IS NULL OR subject = ?1)",
        (subject,),
    )
    found = {str(event_id): int(sequence) for event_id, sequence in rows}
    return await _discard(tx, found, who=who, reason=reason, now=now)


async def _discard(tx: Tx, found: dict[str, int], *, who: str, reason: str, now: datetime) -> int:
    await tx.executemany(
        "UPDATE outbox SET state = 'discarded', settled_at = ? WHERE sequence = ?",
        [(clock.micros(now), sequence) for sequence in found.values()],
    )
    await audit.record(tx, who=who, action="discard", targets=list(found), reason=reason, now=now)
    return len(found)
