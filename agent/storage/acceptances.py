"""What is known of how the gateway accepted the snapshots of the stock ledger, by journal.

Facts only grow. Of each event and journal the lowest position stays, and the earliest time; an
attempt whose answer was lost stays a doubt until that journal accepts the event.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import aiosqlite

from agent import clock
from agent.model.delivery import Accepted, Again, Attempt
from agent.model.stock import Acceptance
from agent.storage import journals

if TYPE_CHECKING:
    from agent.storage.writer import Tx  # which salvages, which adopts

SENT_LATER_S = 120
"""What came in that long after an event was settled was sent after it: its position is a bound."""

# Sequence, journal, position, time, whether that is told as the first one, now, and whether it is
# no replay.
_ACCEPTED = """
INSERT INTO acceptances (sequence, journal, certain, position, position_is_first, accepted_at,
                         time_is_first, settled_at)
VALUES (?1, ?2, 1, ?3, ?3 IS NOT NULL, ?4, ?5, ?6)
ON CONFLICT (sequence, journal) DO UPDATE SET certain = 1,
  position_is_first = CASE
    WHEN acceptances.position <= coalesce(excluded.position, acceptances.position)
      THEN acceptances.position_is_first
    ELSE ?7 AND excluded.position IS NOT NULL END,
  position = min(coalesce(acceptances.position, excluded.position),
                 coalesce(excluded.position, acceptances.position)),
  time_is_first = CASE WHEN acceptances.accepted_at <= excluded.accepted_at
    THEN acceptances.time_is_first ELSE ?7 AND excluded.time_is_first END,
  accepted_at = min(coalesce(acceptances.accepted_at, excluded.accepted_at), excluded.accepted_at),
  settled_at = min(coalesce(acceptances.settled_at, excluded.settled_at), excluded.settled_at)
"""
_SENT = "INSERT OR IGNORE INTO acceptances (sequence, journal, certain) VALUES (?, ?, 0)"
HELD = (
    "(SELECT json_group_array(DISTINCT sequence) FROM stock_ledger"
    " WHERE sequence IN (SELECT value FROM json_each(?1)))"
)
"""Those of the events whose lines are in the ledger: nobody asks about any other."""
_BOUND = "certain AND NOT position_is_first"
IS_ANY_BOUND = f"EXISTS (SELECT 1 FROM acceptances WHERE {_BOUND})"
"""Whether any position is known as a bound only, which a later answer may lower."""
_EARLIEST_YEAR = 2000
# What counts as told, as ``told_at`` has it; SQLite takes more, also what has no zone.
_IS_TOLD = (
    "(accepted_at GLOB '[2-9]*-*T*Z' OR accepted_at GLOB '[2-9]*-*T*[+-][0-9][0-9]:[0-9][0-9]')"
)
_ADOPTED = f"""
INSERT OR IGNORE INTO acceptances (sequence, journal, certain, position, position_is_first,
                                   accepted_at, time_is_first, settled_at)
SELECT sequence, {journals.PRESENT}, 1, position, 0,
       coalesce(CASE WHEN {_IS_TOLD} THEN
         CAST(round((julianday(accepted_at) - 2440587.5) * 86400000000) AS INTEGER) END,
         settled_at), 0, settled_at
FROM outbox WHERE state = 'accepted' AND sequence IN ({{}})
"""


class Asked(NamedTuple):
    """What ``HELD`` and ``IS_ANY_BOUND`` say before something is recorded."""

    held: frozenset[int]
    is_any_bound: bool


async def record(tx: Tx, journal: int, attempts: Sequence[Attempt], before: Asked) -> list[int]:
    """Take note of what the answers of a journal say; the events whose position they bound.

    A replay is a new event to some gateways: where an earlier one may have been accepted its
    position is no more than a bound. A gateway that answers ``duplicate`` tells the first position.
    """
    placed = [
        (attempt.outcome.position, attempt.event.received_at)
        for attempt in attempts
        if isinstance(attempt.outcome, Accepted) and attempt.outcome.position is not None
    ]
    if of_lines := [attempt for attempt in attempts if attempt.event.sequence in before.held]:
        await tx.executemany(
            _ACCEPTED,
            [
                _row(attempt, attempt.outcome, journal)
                for attempt in of_lines
                if isinstance(attempt.outcome, Accepted)
            ],
        )
        if again := [one for one in of_lines if isinstance(one.outcome, Again)]:
            started = await _started(tx)
            await tx.executemany(
                _SENT,
                [(a.event.sequence, journal) for a in again if _may_be_there(a, started)],
            )
    if not (before.is_any_bound and placed):
        return []
    return await _bound(tx, journal, *min(placed))


async def adopt(tx: Tx, sequences: str, values: Sequence[object] = ()) -> None:
    """Learn from the outbox of events whose lines were not in the ledger when they were accepted.
    ``sequences`` is a list of them, or a query."""
    await tx.execute(adopting(sequences), values)


def adopting(sequences: str) -> str:
    """The statement that does so."""
    return _ADOPTED.format(sequences)


async def of(
    db: aiosqlite.Connection, sequences: Iterable[int]
) -> dict[int, dict[int, Acceptance]]:
    """What is known of those, by event and journal."""
    found: dict[int, dict[int, Acceptance]] = {}
    rows = await db.execute_fetchall(
        "SELECT sequence, journal, certain, position, position_is_first, accepted_at, time_is_first"
        " FROM acceptances WHERE sequence IN (SELECT value FROM json_each(?))",
        (json.dumps(list(sequences)),),
    )
    for sequence, journal, certain, position, position_is_first, at, time_is_first in rows:
        found.setdefault(sequence, {})[journal] = Acceptance(
            certain=bool(certain),
            position=position,
            position_is_first=bool(position_is_first),
            accepted_at=None if at is None else clock.from_micros(at),
            time_is_first=bool(time_is_first),
        )
    return found


async def carry_over(
    tx: Tx, before: int, after: int, head_position: int | None, lost: Sequence[int]
) -> None:
    """The gateway was restored, and its journal ``after`` follows ``before``.

    What it kept lies at or below its head. Of what it ``lost`` the new journal knows nothing,
    unless it did not tell its head: then it may have kept some of that too. What may have been sent
    to the old journal by an agent that was killed may have been accepted there.
    """
    await tx.execute(
        "INSERT OR IGNORE INTO acceptances (sequence, journal, certain) SELECT head, ?, 0"
        " FROM lanes WHERE head <= (SELECT value FROM counters WHERE name = 'started')"
        " AND EXISTS (SELECT 1 FROM stock_ledger WHERE sequence = head)",
        (before,),
    )
    again = json.dumps(list(lost))
    await tx.execute(
        "INSERT INTO acceptances (sequence, journal, certain, position, accepted_at, time_is_first,"
        " settled_at) SELECT sequence, ?1, 1, ?2, accepted_at, time_is_first, settled_at"
        " FROM acceptances WHERE journal = ?3 AND certain"
        " AND (?2 IS NULL OR position IS NULL OR position <= ?2)"
        " AND sequence NOT IN (SELECT value FROM json_each(?4))",
        (after, head_position, before, again),
    )
    await tx.execute(
        "INSERT INTO acceptances (sequence, journal, certain) SELECT sequence, ?1, 0"
        " FROM acceptances WHERE journal = ?3 AND (NOT certain OR NOT position_is_first"
        "  OR (?2 IS NULL OR position <= ?2) AND sequence IN (SELECT value FROM json_each(?4)))"
        " ON CONFLICT DO NOTHING",
        (after, head_position, before, again),
    )


def told_at(told: str | None) -> datetime | None:
    """When the gateway accepted an event by its own clock; None where it tells nothing that can be
    read. A moment long past is one that was never set: in Go that is the year 1."""
    try:
        moment = datetime.fromisoformat(told or "")
        if moment.tzinfo is not None and moment.year >= _EARLIEST_YEAR:
            return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    return None


def _may_be_there(attempt: Attempt, started: int) -> bool:
    is_doubtful = isinstance(attempt.outcome, Again) and attempt.outcome.doubtful
    return is_doubtful or attempt.event.sequence <= started


def _row(attempt: Attempt, outcome: Accepted, journal: int) -> tuple[Any, ...]:
    settled_at = clock.micros(attempt.at)
    told = told_at(outcome.accepted_at)
    at = settled_at if told is None else clock.micros(told)
    is_first = told is not None
    event = attempt.event
    return (event.sequence, journal, outcome.position, at, is_first, settled_at, not event.replay)


async def _bound(tx: Tx, journal: int, position: int, received_at: datetime) -> list[int]:
    """The event at ``position`` was sent after those that were settled before it came in."""
    settled_before = clock.micros(received_at) - SENT_LATER_S * 1_000_000
    rows = await tx.execute_fetchall(
        f"UPDATE acceptances SET position = ?2 WHERE {_BOUND} AND journal = ?1"
        " AND (position IS NULL OR position > ?2) AND settled_at < ?3 RETURNING sequence",
        (journal, position, settled_before),
    )
    return [sequence for (sequence,) in rows]


async def _started(db: aiosqlite.Connection) -> int:
    [(number,)] = await db.execute_fetchall("SELECT value FROM counters WHERE name = 'started'")
    return int(number)
