"""What people see of the outbox: rows, one row with everything, counts and ages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent import clock, errors
from agent.model import envelope
from agent.model.delivery import State, Verdict

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
        f"SELECT {_COLUMNS} FROM outbox"
        " WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR subject = ?2)"
        " ORDER BY sequence DESC LIMIT ?3",
        (wanted.state, wanted.subject, wanted.limit),
    )
    return [_row(row) for row in found]


async def row(db: aiosqlite.Connection, event_id: str) -> dict[str, Any]:
    """One row with its raw ``body`` (bytes), its ``delivery`` headers and every attempt.

    The id may be shortened to a prefix that only one row has. Raises NotFoundError.
    """
    found = list(
        await db.execute_fetchall(
            f"SELECT {_COLUMNS}, source, webhook_id, delivery_id, body, position, accepted_at"
            " FROM outbox JOIN bodies USING (sequence)"
            " WHERE id >= ?1 AND id < ?1 || 'g' ORDER BY id LIMIT 2",
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
    [(last,)] = await db.execute_fetchall("SELECT value FROM counters WHERE name = 'sequence'")
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
        "unjudged": tally.get((State.PENDING, ""), 0),
        "oldest_pending_s": await _oldest(db, now, "SELECT received_at FROM outbox"
            " WHERE state = 'pending' ORDER BY sequence LIMIT 1"),
        "oldest_order_s": await _oldest(db, now, "SELECT received_at FROM outbox"
            " WHERE sequence = (SELECT head FROM lanes WHERE priority = 0 ORDER BY head LIMIT 1)"),
        "last_sequence": envelope.sequence_text(last),
        "db_bytes": await size(db),
    }  # fmt: skip


async def size(db: aiosqlite.Connection) -> int:
    """Bytes of the database without its log."""
    [(pages,)] = await db.execute_fetchall("PRAGMA page_count")
    [(page,)] = await db.execute_fetchall("PRAGMA page_size")
    return int(pages * page)


async def _oldest(db: aiosqlite.Connection, now: datetime, query: str) -> float | None:
    found = list(await db.execute_fetchall(query))
    if not found:
        return None
    return max(0.0, round((now - clock.from_micros(found[0][0])).total_seconds(), 3))


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
