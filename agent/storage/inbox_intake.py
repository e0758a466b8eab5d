"""The only way into the inbox: for the feed, the drop folder and ``updates submit``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from agent import clock
from agent.model.inbox import Intake, KnownVersions, NewRow
from agent.model.update import UpdateState
from agent.storage import cursors, holds, inbox, journals, results
from agent.storage.writer import Tx


async def take_in(
    tx: Tx,
    ids: Sequence[str],
    skus: Sequence[str],
    decide: Callable[[frozenset[str], KnownVersions], Intake],
    *,
    cursor: str | None,
    who: str = holds.GATEWAY,
    asked_in: int | None = None,
    now: datetime,
    versions: Sequence[int] | None = None,
    unversioned: Sequence[str] = (),
) -> Intake:
    """Store what ``decide`` makes of some items, given what ``inbox.look`` finds: their rows, and
    the approval of updates that are open, by ``who`` brought them in. The cursor goes into the same
    transaction: neither it nor its page is ever there without the other.

    A page of the feed that was ``asked_in`` a journal before the present one belongs to the feed as
    it was, and its cursor says nothing of the present one: nothing of it is stored.
    """
    if asked_in is not None and asked_in != (await journals.current(tx))[0]:
        return Intake(())
    found = await inbox.look(tx, ids, skus, versions=versions, unversioned=unversioned)
    intake = decide(*found)
    await tx.executemany(
        "INSERT INTO inbox (id, kind, sku, version, body, state, code, message, received_at,"
        " due_at, results, settled_at, approved, journal)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT max(number) FROM journals))",
        [_new_row(row, clock.micros(now)) for row in intake.rows],
    )
    told = [row for row in intake.rows if row.state is not UpdateState.PENDING]
    await results.report(tx, [_first_result(row, now) for row in told])
    if intake.approved:
        await holds.approved_at_the_door(tx, intake.approved, who=who, now=now)
    if cursor is not None:
        await cursors.put(tx, inbox.FEED, cursor)
    return intake


def _new_row(row: NewRow, at: int) -> tuple[Any, ...]:
    return (
        row.id,
        row.kind,
        row.sku,
        row.version,
        row.body,
        row.state,
        row.code,
        row.message,
        at,
        clock.micros(row.due_at) if row.due_at else None,
        int(row.state is not UpdateState.PENDING),
        None if row.state in inbox.OPEN else at,
        row.approved,
    )


def _first_result(row: NewRow, now: datetime) -> dict[str, Any]:
    return {
        "id": row.id,
        "sku": row.sku,
        "kind": row.kind,
        "version": row.version,
        "n": 1,
        "status": row.state,
        "code": row.code,
        "message": row.message,
        "at": clock.iso(now),
    } | ({"correlation_id": row.correlation_id} if row.correlation_id else {})
