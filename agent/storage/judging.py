"""Writes verdicts: what is known is read and brought up to date in one transaction."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agent import clock
from agent.model.delivery import (
    Followup,
    Judged,
    Judgement,
    Known,
    Look,
    Reading,
    Received,
    State,
    Verdict,
)
from agent.storage import catalogue, erasures, followups, outbox, register, resources, stock_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from agent.storage.writer import Tx


_TELLING = frozenset({Verdict.EVENT, Verdict.DUPLICATE, Verdict.ECHO})
_JUDGED = (
    *("verdict", "state", "type", "subject", "lane", "priority"),
    *("changed_at", "code", "message", "settled_at"),
)
# Each row of the JSON array is what `_verdict_row` makes: these columns, and the sequence.
_WRITE_VERDICTS = (
    f"INSERT INTO outbox ({', '.join(_JUDGED)}, sequence, id, received_at, topic, size)"
    f" SELECT {', '.join(f'row ->> {at}' for at in range(len(_JUDGED)))},"
    " sequence, id, received_at, topic, length(body)"
    " FROM (SELECT value AS row FROM json_each(?)) CROSS JOIN arrivals"
    f" WHERE sequence = row ->> {len(_JUDGED)} ON CONFLICT (sequence) DO UPDATE"
    f" SET next_attempt_at = NULL, {', '.join(f'{name} = excluded.{name}' for name in _JUDGED)}"
    " WHERE outbox.verdict IS NULL"
)


async def judge(
    tx: Tx,
    subjects: Sequence[str],
    decide: Callable[[Mapping[str, Known]], Judgement],
    *,
    reread: Callable[[Received], Reading],
    version: int,
    now: datetime,
) -> Judgement:
    """Hands what is known of ``subjects``, and of what belongs to them, to ``decide`` and writes
    what it says.

    Digests of another translator ``version`` say nothing: they are made anew with ``reread``. A
    batch of which something was judged meanwhile (an earlier call was given up, and done after all)
    is left alone: compared with themselves its events would be duplicates.
    """
    known = await register.family(tx, subjects)
    judgement = decide(known | await _renewed(tx, known, reread, version))
    if await _is_judged(tx, judgement):
        return Judgement((), {})
    await _write(tx, judgement.judged, version, now)
    await stock_ledger.record(tx, judgement.judged, known, now)
    await register.learn(tx, judgement.learned)
    await _learn_products(tx, judgement.judged, now)
    await _hold(tx, judgement.unsure, now)
    for sequence, subject in judgement.outdated:
        await followups.ask(tx, Look.RESOURCE, subject, cause=sequence, due=now)
    for sequence, subject in judgement.refunded:
        await followups.ask(tx, Look.REFUNDS, subject, cause=sequence, due=now)
    await followups.again(tx, judgement.fresh, now)
    await resources.hear(tx, judgement.heard, now)
    await _move_on(tx)
    return judgement


async def conclude(
    tx: Tx, followup: Followup, judged: Judged | None, *, version: int, now: datetime
) -> None:
    """The store was asked: writes the verdict that gave, if the row is still waiting for one."""
    await followups.done(tx, followup)
    await _release(tx, followup.subject)
    if judged is None:
        return
    reading = judged.reading
    known = (await register.known(tx, [reading.subject])).get(reading.subject)
    if judged.verdict is Verdict.EVENT and known is not None:
        judged = replace(judged, verdict=_of_late_deletion(judged, known))
        if judged.verdict is Verdict.STALE:  # what the store says now stands
            await followups.ask(tx, Look.RESOURCE, reading.subject, cause=judged.sequence, due=now)
    await _write(tx, [judged], version, now)
    if judged.verdict is Verdict.EVENT:
        changed_at = known.changed_at if known else None
        gone = Known(judged.sequence, reading.digest, version, changed_at, deleted=True)
        await register.learn(tx, {reading.subject: gone})


def _of_late_deletion(judged: Judged, known: Known) -> Verdict:
    """What came in while the store was asked counts: it may have been restored since."""
    if known.deleted:
        return Verdict.DUPLICATE
    return Verdict.STALE if known.sequence > judged.sequence else Verdict.EVENT


async def _is_judged(tx: Tx, judgement: Judgement) -> bool:
    sequences = [row.sequence for row in judgement.judged]
    [(count,)] = await tx.execute_fetchall(
        "SELECT count(*) FROM outbox WHERE verdict IS NOT NULL"
        f" AND sequence IN ({outbox.marks(sequences)})",
        sequences,
    )
    return bool(count)


async def looked(tx: Tx, followup: Followup, *, until: datetime, untold: bool = False) -> None:
    """What the store had until then was read, and waits to be judged. ``untold``: among it was what
    the bodies that made us look have hidden."""
    await followups.done(tx, followup)
    if followup.kind == Look.CHANGES:
        if untold:
            await resources.hid(tx, followup.subject, followup.cause)
        await resources.read(tx, followup.subject, until)


async def _renewed(
    tx: Tx, known: Mapping[str, Known], reread: Callable[[Received], Reading], version: int
) -> dict[str, Known]:
    outdated = {k.sequence: subject for subject, k in known.items() if k.version != version}
    bodies = await outbox.received(tx, outdated) if outdated else []
    return {
        subject: _reread(known[subject], reread(body), version)
        for body in bodies
        for subject in (outdated[body.sequence],)
    }


def _reread(known: Known, reading: Reading, version: int) -> Known:
    """Figures of ours came with no body: nobody knows what they are in that version."""
    figures = b"" if known.ours else reading.figures
    stock = b"" if known.ours else reading.stock
    return replace(known, digest=reading.digest, figures=figures, stock=stock, version=version)


async def _learn_products(tx: Tx, judged: Sequence[Judged], now: datetime) -> None:
    """What products show now, for whoever writes to them. Those that went have no SKU any more."""
    for row in judged:
        reading, number = row.reading, row.reading.subject.partition("/")[2]
        if row.verdict is Verdict.EVENT and reading.deletion and reading.resource == "product":
            await catalogue.gone(tx, [int(number)])
        elif reading.product is not None and row.verdict in _TELLING:
            at = min(clock.from_micros(row.sequence), now)  # numbers are given by the clock
            confirmed = row.verdict is not Verdict.EVENT
            await catalogue.heard(tx, [reading.product], at, confirmed=confirmed)


async def _move_on(tx: Tx) -> None:
    """Remembers how far every arrival has its row: the judge never looks behind that again. The
    numbers given so far are kept too, for when their arrivals are gone."""
    await tx.execute(
        "UPDATE counters SET value = CASE name WHEN 'judged' THEN coalesce("
        "  (SELECT sequence - 1 FROM unjudged ORDER BY sequence LIMIT 1),"
        "  (SELECT max(sequence) FROM arrivals), value)"
        " ELSE max(value, coalesce((SELECT max(sequence) FROM arrivals), 0)) END"
        " WHERE name IN ('judged', 'sequence')"
    )


async def _hold(tx: Tx, unsure: Sequence[tuple[int, str]], now: datetime) -> None:
    """Rows the store is asked about first stay without a verdict until it answered."""
    if not unsure:
        return
    at = clock.micros(now)
    await tx.executemany(
        "INSERT INTO outbox (subject, next_attempt_at, sequence, id, received_at, topic, size)"
        " SELECT ?, ?, sequence, id, received_at, topic, length(body) FROM arrivals"
        " WHERE sequence = ? ON CONFLICT (sequence) DO UPDATE"
        " SET subject = excluded.subject, next_attempt_at = excluded.next_attempt_at",
        [(subject, at, sequence) for sequence, subject in unsure],
    )
    for sequence, subject in unsure:
        await followups.ask(tx, Look.DELETION, subject, cause=sequence, due=now)


async def _release(tx: Tx, subject: str) -> None:
    """Rows that wait for a look nobody asks for any more (one of the same subject took its place)
    go back to the judge."""
    await tx.execute(
        "UPDATE outbox SET next_attempt_at = NULL WHERE subject = ? AND verdict IS NULL"
        " AND sequence NOT IN (SELECT cause FROM followups)",
        (subject,),
    )


async def _write(tx: Tx, judged: Sequence[Judged], version: int, now: datetime) -> None:
    """Events join the queue of their lane; one that had to wait for its verdict may be its head."""
    at = clock.micros(now)
    verdicts = json.dumps([_verdict_row(row, at) for row in judged])
    await tx.execute(_WRITE_VERDICTS, (verdicts,))
    await erasures.ask(tx, judged)
    events = [row for row in judged if row.verdict is Verdict.EVENT and row.dead is None]
    if not events:
        return
    await tx.executemany(
        "INSERT OR REPLACE INTO translations VALUES (?, ?, ?)",
        [(row.sequence, version, row.reading.data) for row in events if row.reading.data],
    )
    await tx.executemany(
        "INSERT INTO lanes VALUES (?, ?, ?, NULL) ON CONFLICT (lane) DO UPDATE"
        " SET head = excluded.head WHERE excluded.head < head",
        [(row.reading.lane, row.sequence, row.reading.priority) for row in events],
    )


def _verdict_row(row: Judged, at: int) -> tuple[Any, ...]:
    reading = row.reading
    if row.dead is not None:
        state = State.DEAD
    else:
        state = State.PENDING if row.verdict is Verdict.EVENT else State.SKIPPED
    return (
        row.verdict,
        state,
        reading.type or None,
        reading.subject or None,
        reading.lane or None,
        reading.priority,
        clock.micros(reading.changed_at) if reading.changed_at else None,
        *((row.dead.code, row.dead.message) if row.dead else _why(row)),
        at if state is State.SKIPPED else None,
        row.sequence,
    )


def _why(row: Judged) -> tuple[str | None, str | None]:
    return (row.verdict, row.reading.reason) if row.reading.reason else (None, None)
