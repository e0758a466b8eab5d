"""The outbox: append, take, settle. Steps take the open transaction, reads any connection."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agent import clock
from agent.model import delivery
from agent.model.delivery import Accepted, Again, Attempt, Dead, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    import aiosqlite

    from agent.storage.writer import Tx

FARTHEST_WAIT_S = 7200
ATTEMPTS_KEPT = 50  # of one event: the first half and the last
_WAITING = "outbox.lane = lanes.lane AND state = 'pending' AND verdict = 'event'"
# Each row of the JSON array is what `_settled_row` and `_attempt_row` make. An acceptance ends the
# doubt, unless there may have been an earlier one.
_SETTLE = (
    "UPDATE outbox SET state = row ->> 1, attempts = attempts + 1, next_attempt_at = row ->> 2,"
    " position = row ->> 3, accepted_at = row ->> 4, code = row ->> 5, message = row ->> 6,"
    " settled_at = row ->> 7, replay = replay AND row ->> 1 = 'pending',"
    " doubtful = CASE row ->> 1 WHEN 'accepted' THEN doubtful AND (replay OR row ->> 3 IS NULL)"
    " WHEN 'pending' THEN doubtful OR row ->> 8"
    " OR sequence <= (SELECT value FROM counters WHERE name = 'started') ELSE doubtful END"
    " FROM (SELECT value AS row FROM json_each(?))"
    " WHERE sequence = row ->> 0 AND state = 'pending'"
)
_ATTEMPT = (
    "INSERT INTO attempts SELECT row ->> 0,"
    " 1 + (SELECT coalesce(max(n), 0) FROM attempts WHERE sequence = row ->> 0),"
    " row ->> 1, row ->> 2, row ->> 3, row ->> 4, row ->> 5"
    " FROM (SELECT value AS row FROM json_each(?))"
)


async def append(
    tx: Tx, webhooks: Sequence[tuple[str, delivery.Webhook]], last: int | None = None
) -> int:
    """Stores (event id, webhook) pairs in order; the last number given.

    Numbers rise above ``last``, the one given before (None: as the database has it), and above the
    clock's microseconds: so they also rise where the database that gave earlier ones is lost. It is
    a single statement: a transaction of its own where none is open.
    """
    if last is None:
        last = await last_sequence(tx)
    now = clock.micros(max(webhook.received_at for _, webhook in webhooks))
    first = max(last + 1, now)
    values: list[object] = []
    for sequence, (event_id, webhook) in enumerate(webhooks, start=first):
        values += (sequence, event_id, clock.micros(webhook.received_at), webhook.topic)
        values += (webhook.source, webhook.webhook_id, webhook.delivery_id, webhook.body)
        values.append(webhook.cause)
    rows = ",".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(webhooks))
    await tx.execute(f"INSERT INTO arrivals VALUES {rows}", values)
    return first + len(webhooks) - 1


async def last_sequence(db: aiosqlite.Connection) -> int:
    """The highest number that was ever given here; arrivals may be gone, the counter stays."""
    [(last,)] = await db.execute_fetchall(
        "SELECT max(value, coalesce((SELECT max(sequence) FROM arrivals), 0))"
        " FROM counters WHERE name = 'sequence'"
    )
    return int(last)


async def unjudged(db: aiosqlite.Connection, most: int) -> list[delivery.Received]:
    """The oldest arrivals without a verdict, those left out that wait for the store's answer."""
    again = await db.execute_fetchall(
        "SELECT sequence FROM outbox WHERE verdict IS NULL AND next_attempt_at IS NULL"
        " ORDER BY sequence LIMIT ?",
        (most,),
    )
    fresh = await db.execute_fetchall(
        "SELECT sequence FROM unjudged ORDER BY sequence LIMIT ?", (most,)
    )
    return await received(db, sorted(row[0] for row in (*again, *fresh))[:most])


async def is_judged(db: aiosqlite.Connection, sequence: int) -> bool:
    """Whether no arrival up to that number waits for a first look."""
    found = await db.execute_fetchall(
        "SELECT 1 FROM unjudged WHERE sequence <= ? LIMIT 1", (sequence,)
    )
    return not list(found)


async def received(db: aiosqlite.Connection, sequences: Iterable[int]) -> list[delivery.Received]:
    """Stored webhooks by number, oldest first."""
    wanted = list(sequences)
    rows = await db.execute_fetchall(
        "SELECT sequence, id, received_at, topic, source, webhook_id, delivery_id, body, cause"
        f" FROM arrivals WHERE sequence IN ({marks(wanted)}) ORDER BY sequence",
        wanted,
    )
    return [_received(row) for row in rows]


def _received(row: Any) -> delivery.Received:
    sequence, event_id, at, *said = row
    return delivery.Received(sequence, event_id, delivery.Webhook(clock.from_micros(at), *said))


async def unpark(tx: Tx, now: datetime) -> None:
    """Lanes whose waiting time is over are ready again. A time further ahead than any wait can be
    comes from a clock that has jumped back since: such a lane does not wait either."""
    at = clock.micros(now)
    await tx.execute(
        "UPDATE lanes SET parked_until = NULL WHERE parked_until <= ? OR parked_until > ?",
        (at, at + FARTHEST_WAIT_S * 1_000_000),
    )


async def is_any_due(db: aiosqlite.Connection, now: datetime) -> bool:
    """Whether ``unpark`` would find something to do."""
    at = clock.micros(now)
    found = await db.execute_fetchall(
        "SELECT 1 FROM lanes WHERE parked_until IS NOT NULL"
        " AND (parked_until <= ? OR parked_until > ?) LIMIT 1",
        (at, at + FARTHEST_WAIT_S * 1_000_000),
    )
    return bool(list(found))


async def heads(
    db: aiosqlite.Connection, most: int, besides: Iterable[str] = ()
) -> list[delivery.Head]:
    """The oldest pending event of each ready lane but those: by priority, then by age."""
    rows = await db.execute_fetchall(
        "SELECT lanes.lane, head, size, lanes.priority FROM lanes"
        " CROSS JOIN outbox ON sequence = head"
        " WHERE parked_until IS NULL AND lanes.lane NOT IN (SELECT value FROM json_each(?))"
        " ORDER BY lanes.priority, head LIMIT ?",
        (json.dumps(list(besides)), most),
    )
    return [delivery.Head(*row) for row in rows]


async def events(
    db: aiosqlite.Connection, sequences: Sequence[int], version: int | None = None
) -> list[delivery.Event]:
    """Judged rows, oldest first, with their bodies; or with their data in place of them, where it
    was kept by that ``version`` of the translator."""
    rows = await db.execute_fetchall(
        "SELECT outbox.sequence, id, type, subject, lane, topic, received_at, changed_at, attempts,"
        " replay, CASE WHEN data IS NULL THEN"
        "  (SELECT body FROM arrivals WHERE arrivals.sequence = outbox.sequence) ELSE x'' END,"
        " ifnull(data, x''),"
        " (SELECT cause FROM arrivals WHERE arrivals.sequence = outbox.sequence)"
        " FROM outbox LEFT JOIN translations AS kept"
        "  ON kept.sequence = outbox.sequence AND version = ?"
        f" WHERE outbox.sequence IN ({marks(sequences)}) ORDER BY outbox.sequence",
        (version, *sequences),
    )
    return [_event(row) for row in rows]


def _event(row: Any) -> delivery.Event:
    who: tuple[int, str, str, str, str, str] = row[:6]
    at, changed_at, attempts, replay, body, data, cause = row[6:]
    received_at = clock.from_micros(at)
    changed = None if changed_at is None else clock.from_micros(changed_at)
    return delivery.Event(*who, received_at, changed, attempts, bool(replay), body, data, cause)


async def settle(tx: Tx, attempts: Sequence[Attempt], dead_in_a_row: int = 0) -> None:
    """Writes how sending ended. A lane goes on to its next event, or waits with this one.

    A statement for all takes half the time of one for each, and the loop has to wait for the
    database's thread once instead of a hundred times.
    """
    await tx.execute(
        "UPDATE counters SET value = ?1 WHERE name = 'dead_in_a_row' AND value <> ?1",
        (dead_in_a_row,),
    )
    await tx.execute(_SETTLE, (json.dumps([_settled_row(attempt) for attempt in attempts]),))
    await tx.execute(_ATTEMPT, (json.dumps([_attempt_row(attempt) for attempt in attempts]),))
    if many := [a.event.sequence for a in attempts if a.event.attempts >= ATTEMPTS_KEPT]:
        await tx.executemany(
            "DELETE FROM attempts WHERE sequence = ?1 AND n > ?2"
            " AND n <= (SELECT max(n) FROM attempts WHERE sequence = ?1) - ?2",
            [(sequence, ATTEMPTS_KEPT // 2) for sequence in many],
        )
    await advance(tx, [attempt.event.lane for attempt in attempts])
    parked = [
        (_micros_after(attempt.at, attempt.outcome.after_s), attempt.event.lane)
        for attempt in attempts
        if isinstance(attempt.outcome, Again) and attempt.outcome.after_s
    ]
    if parked:
        await tx.executemany("UPDATE lanes SET parked_until = ? WHERE lane = ?", parked)


async def advance(tx: Tx, lanes: Sequence[str]) -> None:
    """Each lane's head becomes its oldest pending event; an empty lane disappears."""
    keys = (json.dumps(lanes),)
    await tx.execute(
        "DELETE FROM lanes WHERE lane IN (SELECT value FROM json_each(?)) AND NOT EXISTS"
        f" (SELECT 1 FROM outbox WHERE {_WAITING})",
        keys,
    )
    await tx.execute(
        "UPDATE lanes SET parked_until = NULL,"
        f" head = (SELECT min(sequence) FROM outbox WHERE {_WAITING})"
        " WHERE lane IN (SELECT value FROM json_each(?))",
        keys,
    )


async def dead_in_a_row(db: aiosqlite.Connection) -> int:
    """How many events were dead-lettered since the last one that was accepted."""
    [(count,)] = await db.execute_fetchall(
        "SELECT value FROM counters WHERE name = 'dead_in_a_row'"
    )
    return int(count)


async def requeue(tx: Tx, sequences: Sequence[int], *, replay: bool) -> None:
    """Settled and dead events are pending again, in their lanes; an untranslatable one goes back to
    the judge. ``replay`` marks them as sent again on purpose. What was accepted before stays in
    doubt: the gateway may have had it earlier than its next answer says."""
    await tx.executemany(
        "UPDATE outbox SET state = 'pending', replay = max(replay, ?), settled_at = NULL,"
        " doubtful = doubtful OR state = 'accepted',"
        " next_attempt_at = NULL, verdict = CASE WHEN lane IS NULL THEN NULL ELSE verdict END"
        " WHERE sequence = ?",
        [(replay, sequence) for sequence in sequences],
    )
    await tx.executemany(
        "INSERT INTO lanes SELECT lane, sequence, priority, NULL FROM outbox"
        " WHERE sequence = ? AND lane IS NOT NULL ON CONFLICT (lane) DO UPDATE"
        " SET head = min(head, excluded.head), parked_until = NULL",
        [(sequence,) for sequence in sequences],
    )


async def start(tx: Tx) -> None:
    """Remembers what there is: any of it may have been sent by an agent that was killed."""
    await tx.execute(
        "UPDATE counters SET value = ? WHERE name = 'started'", (await last_sequence(tx),)
    )


async def number_above(tx: Tx, sequence: int) -> None:
    """Numbers given from now on are higher than that one."""
    await tx.execute(
        "UPDATE counters SET value = max(value, ?) WHERE name = 'sequence'", (sequence,)
    )


def _micros_after(at: datetime, seconds: float) -> int:
    return clock.micros(at) + round(seconds * 1_000_000)


def _settled_row(attempt: Attempt) -> tuple[Any, ...]:
    at, sequence = clock.micros(attempt.at), attempt.event.sequence
    match attempt.outcome:
        case Accepted(position, accepted_at):
            state = State.ACCEPTED
            return (sequence, state, None, position, accepted_at, None, None, at, 0)
        case Dead(code, message):
            state = State.DEAD
            return (sequence, state, None, None, None, code, message, None, 0)
        case Again(code, message, after_s, doubtful):
            state, due = State.PENDING, _micros_after(attempt.at, after_s)
            return (sequence, state, due, None, None, code, message, None, doubtful)


def _attempt_row(attempt: Attempt) -> tuple[Any, ...]:
    head = (attempt.event.sequence, clock.micros(attempt.at))
    match attempt.outcome:
        case Accepted(duplicate=duplicate):
            return (*head, "duplicate" if duplicate else "accepted", attempt.status, None, None)
        case Dead(code, message):
            return (*head, "dead", attempt.status, code, message)
        case Again(code, message):
            return (*head, "again", attempt.status, code, message)


def marks(values: Iterable[object]) -> str:
    """A placeholder for each value."""
    return ",".join("?" for _ in values)
