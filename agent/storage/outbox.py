"""The outbox: append, take, settle. Steps take the open transaction, reads any connection."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agent import clock
from agent.model import delivery

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    import aiosqlite

    from agent.storage.writer import Tx

FARTHEST_WAIT_S = 7200


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
        " replay, EXISTS (SELECT 1 FROM conflicts WHERE conflicts.sequence = outbox.sequence),"
        " CASE WHEN data IS NULL THEN"
        "  (SELECT body FROM arrivals WHERE arrivals.sequence = outbox.sequence) ELSE x'' END,"
        " ifnull(data, x''),"
        " cause, webhook_id = ?, erased FROM outbox JOIN"
        "  (SELECT sequence, cause, webhook_id FROM arrivals) USING (sequence)"
        " LEFT JOIN translations AS kept"
        "  ON kept.sequence = outbox.sequence AND version = ?"
        f" WHERE outbox.sequence IN ({marks(sequences)}) ORDER BY outbox.sequence",
        (delivery.BACKFILL, version, *sequences),
    )
    return [_event(row) for row in rows]


def _event(row: Any) -> delivery.Event:
    sequence, event_id, kind, subject, lane, topic, at, changed_at, attempts, *more = row
    replay, conflict, body, data, cause, backfill, erased = more
    return delivery.Event(
        *(sequence, event_id, kind, subject, lane, topic),
        received_at=clock.from_micros(at),
        changed_at=None if changed_at is None else clock.from_micros(changed_at),
        attempts=attempts,
        replay=bool(replay),
        body=body,
        data=data,
        conflict=bool(conflict),
        cause=cause,
        backfill=bool(backfill),
        erased=bool(erased),
    )


async def requeue(tx: Tx, sequences: Sequence[int], *, replay: bool) -> None:
    """Settled and dead events are pending again, in their lanes; an untranslatable one goes back to
    the judge. ``replay`` marks them as sent again on purpose."""
    await tx.executemany(
        "UPDATE outbox SET state = 'pending', replay = max(replay, ?), settled_at = NULL,"
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


def marks(values: Iterable[object]) -> str:
    """A placeholder for each value."""
    return ",".join("?" for _ in values)
