"""The stock ledger outlives the outbox: what a figure in force can need of it stays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

import aiosqlite

from agent import clock
from agent.model import seen
from agent.model.seen import Seen
from agent.model.stock import Snapshot
from agent.storage import in_force, stock_ledger
from agent.storage.outbox import marks
from agent.storage.writer import Tx

MOST_ROWS = 100
KEPT = timedelta(days=60)
"""How much longer than its event the last word about units that an order holds stays: without it
they would count as unseen once more when the order changes again."""
SURE = timedelta(days=1)
"""A figure that names no position has seen what was accepted that long before."""

Line = tuple[int, int, int]
"""(item, line, number): up to that one its snapshots are not needed."""


async def outlive(tx: Tx, events: Sequence[int], before: datetime) -> None:
    """The rows of those events are about to go: what became of them stays known."""
    await tx.execute(
        "UPDATE stock_ledger SET aged = 1 WHERE NOT aged AND sequence IN"
        f" (SELECT sequence FROM outbox WHERE settled_at < ? AND sequence IN ({marks(events)}))",
        (clock.micros(before), *events),
    )


async def old_lines(
    db: aiosqlite.Connection, before: datetime, *, after: int
) -> tuple[list[Line], int]:
    """Some lines of which something is not needed any more, and how far the ledger was looked at
    (0: to its end): the next step begins ``after`` that."""
    aged = list(
        await db.execute_fetchall(
            "SELECT sequence, item_id, line_id FROM stock_ledger"
            " WHERE sequence > ? AND sequence < ? AND aged ORDER BY sequence LIMIT ?",
            (after, clock.micros(before), MOST_ROWS),
        )
    )
    ancient = clock.micros(before - KEPT)
    lines: list[Line] = []
    for item, line in dict.fromkeys((item, line) for _, item, line in aged):
        of_line = await stock_ledger.of_line(db, item, line)
        (newest, is_aged), has_older = of_line[-1], len(of_line) > 1
        is_seen = is_aged and await _is_seen(db, newest)
        if is_seen and (newest.units == 0 or newest.sequence < ancient):
            lines.append((item, line, newest.sequence))
        elif is_seen and has_older:
            lines.append((item, line, newest.sequence - 1))
    return lines, aged[-1][0] if len(aged) == MOST_ROWS else 0


async def _is_seen(db: aiosqlite.Connection, snapshot: Snapshot) -> bool:
    """Whether every figure in force that it can bear on certainly takes it into account. One that
    names no position has, a day after it was accepted."""
    if not any(one.certain for one in snapshot.elsewhere.values()):
        return False
    rows = await db.execute_fetchall(
        "SELECT sku FROM stock_ledger WHERE item_id = ?1 AND line_id = ?2 UNION"
        " SELECT sku FROM catalogue WHERE sku <> '' AND product_id IN (SELECT ?1 UNION"
        "  SELECT parent_id FROM stock_ledger WHERE item_id = ?1 AND line_id = ?2)",
        (snapshot.item_id, snapshot.line_id),
    )
    forces = (await in_force.by_sku(db, [sku for (sku,) in rows])).values()
    return all(
        seen.of(
            *(force.update, force.fetched_at, snapshot.in_journal(force.journal)), uncertain=SURE
        )
        is Seen.CERTAINLY
        for force in forces
    )


async def forget(tx: Tx, lines: Sequence[Line]) -> int:
    """Delete those snapshots, and what is known of their acceptance; how many they were."""
    deleted: list[int] = []
    for line in lines:
        rows = await tx.execute_fetchall(
            "DELETE FROM stock_ledger WHERE item_id = ? AND line_id = ? AND sequence <= ?"
            " RETURNING sequence",
            line,
        )
        deleted += [sequence for (sequence,) in rows]
    await tx.execute(
        "DELETE FROM acceptances WHERE sequence IN (SELECT value FROM json_each(?)) AND NOT EXISTS"
        " (SELECT 1 FROM stock_ledger WHERE stock_ledger.sequence = acceptances.sequence)",
        (json.dumps(deleted),),
    )
    return len(deleted)
