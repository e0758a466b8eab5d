"""What people see of the outbox: rows, one row with everything, counts and ages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent import clock, errors
from agent.model import envelope
from agent.model.delivery import State, Verdict
from agent.storage import outbox

if TYPE_CHECKING:
    from datetime import datetime

    import aiosqlite

_COLUMNS = (
    "id, sequence, subject, type, topic, state, verdict, attempts, received_at, next_attempt_at,"
    " code, message"
)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows: all that fit every given criterion."""

    state: str | None = None
    subject: str | None = None
    limit: int = 50


async def rows(db: aiosqlite.Connection, wanted: Filter) -> list[dict[str, Any]]:
    """The newest rows first, as ``outbox list --json`` prints them."""
    found = await db.execute_fetchall(
        f"SELECT {_COLUMNS} FROM outbox_rows"
        " WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR subject = ?2)"
        " ORDER BY sequence DESC LIMIT ?3",
        (wanted.state, wanted.subject, wanted.limit),
    )
    return [_row(line) for line in found]


async def row(db: aiosqlite.Connection, event_id: str) -> dict[str, Any]:
    """One row with its raw ``body`` (bytes), its ``delivery`` headers and every attempt.
    ``erased``: what was personal in the body went with its customer.

    The id may be shortened to a prefix that only one row has. Raises NotFoundError.
    """
    found = list(
        await db.execute_fetchall(
            f"SELECT {_COLUMNS}, source, webhook_id, delivery_id, body, position, accepted_at,"
            " cause, coalesce((SELECT erased FROM outbox WHERE outbox.id = found.id), 0)"
            " FROM (SELECT * FROM outbox_rows WHERE id >= ?1 AND id < ?1 || 'g' LIMIT 2) AS found"
            " JOIN (SELECT sequence, source, webhook_id, delivery_id, body, cause FROM arrivals)"
            " USING (sequence)",
            (event_id,),
        )
    )
    if len(found) != 1:
        raise errors.NotFoundError(
            f"no event {event_id} in the outbox"
            if not found
            else f"more than one event begins with {event_id}",
            hint="woo-agent outbox list",
        )
    [line] = found
    attempts = await db.execute_fetchall(
        "SELECT n, at, outcome, status, code, message FROM attempts WHERE sequence = ? ORDER BY n",
        (line[1],),
    )
    return _row(line) | {
        "source": line[12],
        "webhook_id": line[13],
        "delivery_id": line[14],
        "body": line[15],
        "position": line[16],
        "accepted_at": line[17],
        "causationid": line[18] or None,
        "erased": bool(line[19]),
        "history": [
            {"n": n, "at": _time(at), "outcome": outcome, "status": status, "code": code}
            | {"message": message}
            for n, at, outcome, status, code, message in attempts
        ],
    }


async def stats(db: aiosqlite.Connection, now: datetime) -> dict[str, Any]:
    """Counts, ages and sizes; the cost does not depend on how many rows there are."""
    tally = {
        (state, verdict): n
        for state, verdict, n in await db.execute_fetchall(
            "SELECT state, verdict, n FROM outbox_tally WHERE n > 0"
        )
    }
    [(unjudged,)] = await db.execute_fetchall("SELECT count(*) FROM unjudged")
    tally[State.PENDING, ""] = tally.get((State.PENDING, ""), 0) + unjudged
    return {
        **{
            state.value: sum(n for (s, _), n in tally.items() if s == state)
            for state in State
            if state is not State.SKIPPED
        },
        "skipped": {
            verdict.value: tally.get((State.SKIPPED, verdict), 0)
            for verdict in Verdict
            if verdict is not Verdict.EVENT
        },
        "unjudged": tally[State.PENDING, ""],
        "oldest_pending_s": await _oldest(db, now, "SELECT min(received_at) FROM"
            " (SELECT * FROM (SELECT received_at FROM outbox WHERE state = 'pending'"
            "  ORDER BY sequence LIMIT 1) UNION ALL SELECT * FROM (SELECT received_at FROM unjudged"
            "  ORDER BY sequence LIMIT 1))"),
        "oldest_order_s": await _oldest(db, now, "SELECT min(received_at) FROM outbox"
            " WHERE sequence = (SELECT head FROM lanes WHERE priority = 0 ORDER BY head LIMIT 1)"),
        "last_sequence": envelope.sequence_text(await outbox.last_sequence(db)),
        "clock_behind_s": await clock_behind_s(db, now),
        "db_bytes": await size(db),
    }  # fmt: skip


async def clock_behind_s(db: aiosqlite.Connection, now: datetime) -> float:
    """How far the numbers are ahead of the clock that they follow: it was set back since."""
    ahead = await outbox.last_sequence(db) - clock.micros(now)
    return max(0.0, round(ahead / 1_000_000, 3))


async def size(db: aiosqlite.Connection) -> int:
    """Bytes of the database without its log."""
    [(pages,)] = await db.execute_fetchall("PRAGMA page_count")
    [(page,)] = await db.execute_fetchall("PRAGMA page_size")
    return int(pages * page)


async def _oldest(db: aiosqlite.Connection, now: datetime, query: str) -> float | None:
    [(at,)] = await db.execute_fetchall(query)
    if at is None:
        return None
    return max(0.0, round((now - clock.from_micros(at)).total_seconds(), 3))


def _time(at: int | None) -> str | None:
    return None if at is None else clock.iso(clock.from_micros(at))


def _row(line: Any) -> dict[str, Any]:
    event_id, sequence, subject, kind, topic, state, verdict, attempts, at, due, code, text = line[
        :12
    ]
    return {
        "id": event_id,
        "sequence": envelope.sequence_text(sequence),
        "subject": subject,
        "type": kind,
        "topic": topic,
        "state": state,
        "verdict": verdict,
        "attempts": attempts,
        "received_at": _time(at),
        "next_attempt_at": _time(due),
        "last_error": f"{code}: {text}" if code else None,
    }
