"""Sends rows again on purpose: same event id, marked as a replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent import clock, errors
from agent.storage import audit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from agent.storage.writer import Tx


async def by_id(tx: Tx, event_ids: Sequence[str], *, who: str, now: datetime) -> int:
    """Puts those events back into their lanes; how many.

    Raises NotFoundError for an unknown id, UsageError for one that was never an event or whose
    subject has a later accepted one: sending it now would put an old truth over a new one.
    """
    sequences = []
    for event_id in event_ids:
        rows = list(
            await tx.execute_fetchall(
                "SELECT sequence, state, verdict, subject FROM outbox_rows WHERE id = ?", (event_id,)
            )
        )
        if not rows:
            raise errors.NotFoundError(
                f"no event {event_id} in the outbox", hint="woo-agent outbox list"
            )
        [(sequence, state, verdict, subject)] = rows
        if verdict != "event":
            raise errors.UsageError(
                f"{event_id} is {verdict or 'not judged yet'}, not an event: nothing to send",
                hint=f"woo-agent outbox show {event_id}",
            )
        if state != "pending":
            await _refuse_superseded(tx, event_id, sequence, subject)
            sequences.append(sequence)
    await _requeue(tx, sequences)
    await audit.record(tx, who=who, action="replay", targets=event_ids, reason="", now=now)
    return len(sequences)


async def all_dead(tx: Tx, *, who: str, now: datetime) -> int:
    """Puts every dead event back whose subject has no later one that is accepted, pending or dead
    too; how many."""
    rows = await tx.execute_fetchall(
        "SELECT sequence, id FROM outbox AS dead WHERE state = 'dead' AND NOT EXISTS"
        " (SELECT 1 FROM outbox AS later WHERE later.subject = dead.subject"
        "  AND later.sequence > dead.sequence AND later.verdict = 'event'"
        "  AND later.state IN ('accepted', 'pending', 'dead'))"
    )
    found = list(rows)
    await _requeue(tx, [sequence for sequence, _ in found])
    targets = [event_id for _, event_id in found]
    await audit.record(tx, who=who, action="replay", targets=targets, reason="dead", now=now)
    return len(found)


async def since(tx: Tx, moment: datetime, kind: str | None, *, who: str, now: datetime) -> int:
    """Sends the newest accepted or dead snapshot of each subject received since then; how many."""
    rows = await tx.execute_fetchall(
        "SELECT max(sequence) FROM outbox WHERE received_at >= ?1 AND verdict = 'event'"
        " AND state IN ('accepted', 'dead') AND (?2 IS NULL OR type = ?2) GROUP BY subject",
        (clock.micros(moment), kind),
    )
    sequences = [sequence for (sequence,) in rows]
    await _requeue(tx, sequences)
    reason = f"since {clock.iso(moment)}" + (f", {kind}" if kind else "")
    await audit.record(tx, who=who, action="replay", targets=["*"], reason=reason, now=now)
    return len(sequences)


async def _refuse_superseded(tx: Tx, event_id: str, sequence: int, subject: str | None) -> None:
    later = list(
        await tx.execute_fetchall(
            "SELECT id FROM outbox WHERE subject = ? AND sequence > ? AND state = 'accepted'"
            " ORDER BY sequence DESC LIMIT 1",
            (subject, sequence),
        )
    )
    if later:
        raise errors.UsageError(
            f"{event_id} is superseded: the gateway has a later snapshot of {subject}",
            hint=f"woo-agent outbox replay {later[0][0]}",
        )


async def _requeue(tx: Tx, sequences: Sequence[int]) -> None:
    """An untranslatable row goes back to the judge, everything else into its lane."""
    keys = [(sequence,) for sequence in sequences]
    await tx.executemany(
        "UPDATE outbox SET state = 'pending', replay = 1, settled_at = NULL,"
        " next_attempt_at = NULL, verdict = CASE WHEN lane IS NULL THEN NULL ELSE verdict END"
        " WHERE sequence = ?",
        keys,
    )
    await tx.executemany(
        "INSERT INTO lanes SELECT lane, sequence, priority, NULL FROM outbox"
        " WHERE sequence = ? AND lane IS NOT NULL ON CONFLICT (lane) DO UPDATE"
        " SET head = min(head, excluded.head), parked_until = NULL",
        keys,
    )
