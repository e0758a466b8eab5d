"""Sends rows again on purpose: same event id, marked as a replay."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent import clock, errors
from agent.storage import audit, outbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from agent.model.resend import Resend
    from agent.storage.writer import Tx

MOST_AT_ONCE = 500
LOOKED_AT = 5000  # a few milliseconds of the writer
_HIGHEST = 2**63 - 1
# Topics that only pass through say what happened, not how it is: none stands for another.
_IS_SNAPSHOT = "coalesce(type, '') NOT LIKE 'woocommerce.%'"


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many are to be sent again, and for how many a later one of their subject stands; where
    there may be more, ``up_to`` is the number after which the next step begins."""

    sent: int = 0
    superseded: int = 0
    up_to: int | None = None

    def then(self, more: Replayed) -> Replayed:
        """Both steps together."""
        return Replayed(self.sent + more.sent, self.superseded + more.superseded, more.up_to)


async def by_id(tx: Tx, event_ids: Sequence[str], *, who: str, now: datetime) -> Replayed:
    """Puts those events back into their lanes.

    Raises NotFoundError for an unknown id, UsageError for one that was never an event, was erased
    or whose subject has a later accepted one: sending it now would put an old truth over a new one.
    """
    sequences = []
    for event_id in event_ids:
        rows = list(
            await tx.execute_fetchall(
                "SELECT sequence, state, verdict, subject, coalesce((SELECT erased FROM outbox"
                " WHERE outbox.sequence = outbox_rows.sequence), 0) FROM outbox_rows WHERE id = ?",
                (event_id,),
            )
        )
        if not rows:
            raise errors.NotFoundError(
                f"no event {event_id} in the outbox", hint="woo-agent outbox list"
            )
        [(sequence, state, verdict, subject, is_erased)] = rows
        if verdict != "event":
            raise errors.UsageError(
                f"{event_id} is {verdict or 'not judged yet'}, not an event: nothing to send",
                hint=f"woo-agent outbox show {event_id}",
            )
        if is_erased:
            raise errors.UsageError(
                f"{event_id} can't be sent again: its body was erased with its customer",
                hint=f"woo-agent outbox show {event_id}",
            )
        if state != "pending":
            await _refuse_superseded(tx, event_id, sequence, subject)
            sequences.append(sequence)
    await outbox.requeue(tx, sequences, replay=True)
    await audit.record(tx, who=who, action="replay", targets=event_ids, reason="", now=now)
    return Replayed(len(sequences))


async def dead(tx: Tx, after: int | None = None, *, who: str, now: datetime) -> Replayed:
    """Puts dead events back, of each subject the newest, unless a later one stands for it. One
    step of it: at most ``MOST_AT_ONCE`` rows above ``after``."""
    ids, replayed = await _send_newest(tx, "state = 'dead'", [], after)
    await audit.record(tx, who=who, action="replay", targets=ids, reason="dead", now=now)
    return replayed


async def since(
    tx: Tx, moment: datetime, kind: str | None, after: int | None = None, *, who: str, now: datetime
) -> Replayed:
    """Sends the newest accepted or dead snapshot of each subject received since then, if it is of
    that type. One step of it, as above."""
    at = clock.micros(moment)
    _, replayed = await _send_newest(
        tx,
        "received_at >= ? AND verdict = 'event' AND state IN ('accepted', 'dead')"
        " AND (? IS NULL OR type = ?)",
        [at, kind, kind],
        at - 1 if after is None else after,  # no number is below the time it was given at
    )
    if after is None:
        reason = f"since {clock.iso(moment)}" + (f", {kind}" if kind else "")
        await audit.record(tx, who=who, action="replay", targets=["*"], reason=reason, now=now)
    return replayed


async def asked(tx: Tx, wanted: Resend, after: int | None = None) -> Replayed:
    """Sends the newest accepted or dead snapshot of each subject that the gateway asks for. One
    step of it, as above, which looks at no more than ``LOOKED_AT`` rows."""
    clause, value = _asked(wanted)
    if after is None and wanted.since_position is not None:
        [(first,)] = await tx.execute_fetchall(
            "SELECT min(sequence) FROM outbox WHERE position >= ?", (value,)
        )
        if first is None:
            return Replayed()
        after = first - 1
    end = None if wanted.subject is not None else await _last_looked_at(tx, after)
    _, replayed = await _send_newest(
        tx,
        f"{clause} AND verdict = 'event' AND state IN ('accepted', 'dead') AND sequence <= ?2",
        [value, _HIGHEST if end is None else end],
        after,
    )
    return replace(replayed, up_to=end) if replayed.up_to is None else replayed


async def _last_looked_at(tx: Tx, after: int | None) -> int | None:
    """Where a step ends; None where the end of the outbox is nearer."""
    rows = await tx.execute_fetchall(
        "SELECT sequence FROM outbox WHERE sequence > ? ORDER BY sequence LIMIT 1 OFFSET ?",
        (-1 if after is None else after, LOOKED_AT - 1),
    )
    return next((int(sequence) for (sequence,) in rows), None)


def _asked(wanted: Resend) -> tuple[str, object]:
    """A dead one stands for the lost ones of its subject, which had a position."""
    if wanted.since_position is not None:
        lost = (
            "SELECT 1 FROM outbox AS lost WHERE lost.subject = row.subject AND lost.position >= ?1"
        )
        return f"(position >= ?1 OR (state = 'dead' AND EXISTS ({lost})))", wanted.since_position
    if wanted.subject is not None:
        return "subject = ?1", wanted.subject
    return "type = ?1", wanted.type


async def _send_newest(
    tx: Tx, wanted: str, values: Sequence[object], after: int | None
) -> tuple[list[str], Replayed]:
    """The ids of those that go back, and how many. One that waits already counts as later: the old
    one could otherwise reach the gateway after it."""
    rows = list(
        await tx.execute_fetchall(
            f"SELECT sequence, id, {_IS_SNAPSHOT} AND EXISTS (SELECT 1 FROM outbox AS later"
            "  WHERE later.subject = row.subject AND later.sequence > row.sequence"
            "  AND later.verdict = 'event' AND later.state IN ('accepted', 'pending', 'dead'))"
            f" FROM outbox AS row WHERE {wanted} AND NOT erased AND sequence > ?"
            " ORDER BY sequence LIMIT ?",
            (*values, -1 if after is None else after, MOST_AT_ONCE),
        )
    )
    newest = [(sequence, event_id) for sequence, event_id, superseded in rows if not superseded]
    await outbox.requeue(tx, [sequence for sequence, _ in newest], replay=True)
    up_to = rows[-1][0] if len(rows) == MOST_AT_ONCE else None
    ids = [event_id for _, event_id in newest]
    return ids, Replayed(len(ids), len(rows) - len(ids), up_to)


async def _refuse_superseded(tx: Tx, event_id: str, sequence: int, subject: str | None) -> None:
    later = list(
        await tx.execute_fetchall(
            "SELECT id FROM outbox WHERE subject = ? AND sequence > ? AND state = 'accepted'"
            f" AND {_IS_SNAPSHOT} ORDER BY sequence DESC LIMIT 1",
            (subject, sequence),
        )
    )
    if later:
        raise errors.UsageError(
            f"{event_id} is superseded: the gateway has a later snapshot of {subject}",
            hint=f"woo-agent outbox replay {later[0][0]}",
        )
