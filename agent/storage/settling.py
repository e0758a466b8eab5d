"""How sending ended: a batch of events is settled by a few statements, whatever its size."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import aiosqlite

from agent import clock
from agent.model.delivery import Accepted, Again, Attempt, Dead, State
from agent.storage import acceptances, journals, stock_marks
from agent.storage.writer import Tx, together

ATTEMPTS_KEPT = 50  # of one event: the first half and the last
_WAITING = "outbox.lane = lanes.lane AND state = 'pending' AND verdict = 'event'"
# Each row of the JSON array is what `_settled_row` and `_attempt_row` make.
_SETTLE = (
    "UPDATE outbox SET state = row ->> 1, attempts = attempts + 1, next_attempt_at = row ->> 2,"
    " position = row ->> 3, accepted_at = row ->> 4, code = row ->> 5, message = row ->> 6,"
    " settled_at = row ->> 7, replay = replay AND row ->> 1 = 'pending'"
    " FROM (SELECT value AS row FROM json_each(?))"
    " WHERE sequence = row ->> 0 AND state = 'pending'"
)
_ATTEMPT = (
    "INSERT INTO attempts SELECT row ->> 0,"
    " 1 + (SELECT coalesce(max(n), 0) FROM attempts WHERE sequence = row ->> 0),"
    " row ->> 1, row ->> 2, row ->> 3, row ->> 4, row ->> 5"
    " FROM (SELECT value AS row FROM json_each(?))"
)
_FACTS = (
    f"SELECT {journals.PRESENT}, {acceptances.HELD}, {acceptances.IS_ANY_BOUND},"
    f" {stock_marks.IS_ANY_FIGURE}"
)


class _Facts(NamedTuple):
    """What is asked before, at once: each trip to the database's thread costs as much as a row."""

    journal: int
    asked: acceptances.Asked
    is_any_figure: bool


async def settle(tx: Tx, attempts: Sequence[Attempt], dead_in_a_row: int | None = 0) -> None:
    """Writes how sending ended. A lane goes on to its next event, or waits with this one.
    ``dead_in_a_row`` is None where it is as it was.

    A statement for all takes half the time of one for each, and the loop has to wait for the
    database's thread once instead of a hundred times.
    """
    if dead_in_a_row is not None:
        await tx.execute(
            "UPDATE counters SET value = ? WHERE name = 'dead_in_a_row'", (dead_in_a_row,)
        )
    before = await _facts(tx, attempts)
    settled = json.dumps([_settled_row(attempt, before.journal) for attempt in attempts])
    tried = json.dumps([_attempt_row(attempt) for attempt in attempts])
    await together(
        tx.execute(_SETTLE, (settled,)),
        tx.execute(_ATTEMPT, (tried,)),
        advance(tx, [attempt.event.lane for attempt in attempts]),
        _learn(tx, attempts, before),
    )
    if many := [a.event.sequence for a in attempts if a.event.attempts >= ATTEMPTS_KEPT]:
        await tx.executemany(
            "DELETE FROM attempts WHERE sequence = ?1 AND n > ?2"
            " AND n <= (SELECT max(n) FROM attempts WHERE sequence = ?1) - ?2",
            [(sequence, ATTEMPTS_KEPT // 2) for sequence in many],
        )
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
    emptied = await tx.execute(
        "DELETE FROM lanes WHERE lane IN (SELECT value FROM json_each(?)) AND NOT EXISTS"
        f" (SELECT 1 FROM outbox WHERE {_WAITING})",
        keys,
    )
    if emptied.rowcount == len(set(lanes)):
        return
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


def _micros_after(at: datetime, seconds: float) -> int:
    return clock.micros(at) + round(seconds * 1_000_000)


async def _facts(tx: Tx, attempts: Sequence[Attempt]) -> _Facts:
    [(journal, held, is_any_bound, is_any_figure)] = await tx.execute_fetchall(
        _FACTS, (json.dumps([attempt.event.sequence for attempt in attempts]),)
    )
    return _Facts(
        journal, acceptances.Asked(frozenset(json.loads(held)), bool(is_any_bound)), is_any_figure
    )


async def _learn(tx: Tx, attempts: Sequence[Attempt], before: _Facts) -> None:
    """Whatever was computed while these were in flight is computed again. What is still pending may
    be in flight until its batch has ended, and is marked then."""
    of_journal: dict[int, list[Attempt]] = {}
    for attempt in attempts:
        answered_in = before.journal if attempt.journal is None else attempt.journal
        of_journal.setdefault(answered_in, []).append(attempt)
    touched = [a.event.sequence for a in attempts if not isinstance(a.outcome, Again)]
    for number, some in of_journal.items():
        touched += await acceptances.record(tx, number, some, before.asked)
    if touched and before.is_any_figure:
        await stock_marks.learned(tx, touched, max(attempt.at for attempt in attempts))


def _settled_row(attempt: Attempt, journal: int) -> tuple[Any, ...]:
    at, sequence = clock.micros(attempt.at), attempt.event.sequence
    outcome = attempt.outcome
    if isinstance(outcome, Accepted) and attempt.journal not in (None, journal):
        outcome = Again("journal_changed", "accepted before the gateway was restored", 0.0)
    match outcome:
        case Accepted(position, accepted_at):
            return (sequence, State.ACCEPTED, None, position, accepted_at, None, None, at)
        case Dead(code, message):
            return (sequence, State.DEAD, None, None, None, code, message, None)
        case Again(code, message, after_s):
            due = _micros_after(attempt.at, after_s)
            return (sequence, State.PENDING, due, None, None, code, message, None)


def _attempt_row(attempt: Attempt) -> tuple[Any, ...]:
    head = (attempt.event.sequence, clock.micros(attempt.at))
    match attempt.outcome:
        case Accepted(duplicate=duplicate):
            return (*head, "duplicate" if duplicate else "accepted", attempt.status, None, None)
        case Dead(code, message):
            return (*head, "dead", attempt.status, code, message)
        case Again(code, message):
            return (*head, "again", attempt.status, code, message)
