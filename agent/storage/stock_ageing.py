"""The stock ledger outlives the outbox: what a figure in force can need of it stays."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from agent import clock
from agent.model.delivery import State
from agent.storage.outbox import marks
from agent.storage.stock_ledger import BOUND, acceptance

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import aiosqlite

    from agent.storage.writer import Tx

MOST_ROWS = 100
KEPT = timedelta(days=60)
"""How much longer than its event the last word about units that an order holds stays: without it
they would count as unseen once more when the order changes again."""
SURE_S = 86_400
"""A figure that names no position has seen what was accepted that long before."""

Line = tuple[int, int, int]
"""(item, line, number): up to that one its snapshots are not needed."""

# The newest snapshot of a line: does every figure in force for its item, or for that one's parent,
# certainly take it into account?
_NEWEST = f"""
SELECT l.sequence, l.units,
  EXISTS (SELECT 1 FROM stock_ledger WHERE item_id = l.item_id AND line_id = l.line_id
          AND sequence < l.sequence),
  l.aged AND l.accepted_at IS NOT NULL
  AND NOT EXISTS (
    SELECT 1 FROM stock_in_force AS f
    WHERE f.sku IN (SELECT l.sku UNION SELECT sku FROM catalogue
                    WHERE product_id IN (l.item_id, l.parent_id) AND sku <> '')
    AND NOT coalesce(
      CASE WHEN f.body ->> '$.seen_position' IS NOT NULL
        THEN l.position <= f.body ->> '$.seen_position'
        ELSE l.accepted_at < 1000000 * (
          CASE WHEN f.body ->> '$.as_of' IS NULL THEN f.fetched_at / 1000000
          ELSE unixepoch(f.body ->> '$.as_of') END - {SURE_S})
      END
      AND NOT EXISTS (SELECT 1 FROM json_each(f.body, '$.unseen')
                      WHERE value = 'order/' || l.order_id), 0))
FROM stock_ledger AS l WHERE l.item_id = ? AND l.line_id = ?
ORDER BY l.sequence DESC LIMIT 1
"""


async def outlive(tx: Tx, events: Sequence[int], before: datetime) -> None:
    """The rows of those events are about to go: what became of them is kept in the ledger."""
    rows = await tx.execute_fetchall(
        f"SELECT l.sequence, o.state, coalesce(o.position, max(l.position), {BOUND}),"
        " o.accepted_at, o.settled_at FROM stock_ledger AS l JOIN outbox AS o USING (sequence)"
        f" WHERE o.settled_at < ? AND l.sequence IN ({marks(events)}) GROUP BY l.sequence",
        (clock.micros(before), *events),
    )
    await tx.executemany(
        "UPDATE stock_ledger SET aged = 1, position = ?, accepted_at = ?"
        " WHERE sequence = ? AND NOT aged",
        [
            (position, clock.micros(acceptance(told, settled_at)), sequence)
            if state == State.ACCEPTED
            else (None, None, sequence)
            for sequence, state, position, told, settled_at in rows
        ],
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
        [(newest, units, has_older, is_seen)] = await db.execute_fetchall(_NEWEST, (item, line))
        if is_seen and (units == 0 or newest < ancient):
            lines.append((item, line, newest))
        elif is_seen and has_older:
            lines.append((item, line, newest - 1))
    return lines, aged[-1][0] if len(aged) == MOST_ROWS else 0


async def rewind(tx: Tx, head_position: int | None) -> None:
    """The gateway was restored, and what it lost is pending again: positions are forgotten. What
    it kept lies at or below its head; what it lost and can't be sent again it does not have."""
    await tx.execute(
        "UPDATE stock_ledger SET accepted_at = NULL WHERE aged AND position > ?", (head_position,)
    )
    await tx.execute("UPDATE stock_ledger SET position = NULL WHERE position IS NOT NULL")
    if head_position is not None:
        await tx.execute(
            "UPDATE stock_ledger SET position = ? WHERE CASE WHEN aged THEN accepted_at IS NOT NULL"
            " ELSE sequence IN (SELECT sequence FROM outbox WHERE state = 'accepted') END",
            (head_position,),
        )
    # A figure in force says by its time what it has seen: numbers of its own journal are void.
    await tx.execute("UPDATE stock_in_force SET body = json_remove(body, '$.seen_position')")


async def forget(tx: Tx, lines: Sequence[Line]) -> int:
    """Deletes those snapshots; how many they were."""
    deleted = 0
    for line in lines:
        cursor = await tx.execute(
            "DELETE FROM stock_ledger WHERE item_id = ? AND line_id = ? AND sequence <= ?", line
        )
        deleted += cursor.rowcount
    return deleted
