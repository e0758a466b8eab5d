"""What is settled goes after its time, in steps that no webhook has to wait for.

Dead letters stay, and so do the register, the fences, the audit and the counters; of the stock
ledger what a figure may need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent import clock
from agent.storage import erasures, open_orders, stock_ageing
from agent.storage.outbox import marks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import aiosqlite

    from agent.storage.database import Database
    from agent.storage.open_orders import Waiting
    from agent.storage.writer import Tx

MOST_ROWS = 100
MOST_BYTES = 2**20
MOST_PAGES = 64
MOST_TRANSLATIONS = 200
UNSURE_S = 60.0  # what is settled is written down a little later


class Settled:
    """The settled rows of both lines, as the actor that ages them sees them."""

    def __init__(self, database: Database, waiting: Waiting = open_orders.NOBODY_WAITS) -> None:
        """``waiting``: how the erasure of customers waits for their orders."""
        self._db = database
        self._waiting = waiting
        self._looked_at = 0  # the ledger up to this number

    async def erase(self, now: datetime) -> bool:
        """Takes a step to erase deleted customers; whether there was anything to do."""
        return await erasures.step(self._db, now, self._waiting)

    async def forget(self, before: datetime) -> int:
        """Deletes some of the rows settled before that; how many, 0 if there are none left."""
        events = await self._db.read(old_events, before)
        updates = await self._db.read(old_updates, before)
        lines, self._looked_at = await self._db.read(
            stock_ageing.old_lines, before, after=self._looked_at
        )
        if not events and not updates and not lines:
            return 0

        async def step(tx: Tx) -> int:
            await delete(tx, events, updates, before)
            return await stock_ageing.forget(tx, lines)

        return len(events) + len(updates) + await self._db.writer.write(step)

    async def drop_translations(self, now: datetime) -> bool:
        """Drops some of the translations that are not needed any more; whether there were any."""
        before = clock.micros(now) - round(UNSURE_S * 1_000_000)
        span = await self._db.read(dispensable, before)
        if span is None:
            return False
        await self._db.writer.write(lambda tx: drop_translations(tx, *span))
        return True

    async def give_back(self) -> bool:
        """Hands some of the free pages back to the disk; whether there were any."""
        if not await self._db.read(free_pages):
            return False
        await self._db.writer.add(give_back, MOST_PAGES)
        return True


async def old_events(db: aiosqlite.Connection, before: datetime) -> list[int]:
    """The numbers of some events settled before that, longest settled first.

    An accepted one stays while an older one of its subject lies dead or discarded and nothing newer
    was accepted: it tells that the older one must not be sent any more. One that somebody discarded
    stays while it is the newest of its subject: it tells that the gateway does not have that.
    """
    rows = await db.execute_fetchall(
        "SELECT sequence, size FROM outbox AS old WHERE settled_at < ?"
        " AND NOT (state = 'accepted' AND EXISTS (SELECT 1 FROM outbox AS unsent"
        "  WHERE unsent.subject = old.subject AND unsent.sequence < old.sequence"
        "  AND unsent.state IN ('dead', 'discarded')) AND NOT EXISTS"
        "  (SELECT 1 FROM outbox AS later WHERE later.subject = old.subject"
        "   AND later.sequence > old.sequence AND later.state = 'accepted'))"
        " AND NOT (state = 'discarded' AND code IS NOT 'not_accepted' AND EXISTS"
        "  (SELECT 1 FROM register WHERE register.subject = old.subject"
        "   AND register.sequence = old.sequence))"
        " ORDER BY settled_at LIMIT ?",
        (clock.micros(before), MOST_ROWS),
    )
    chosen: list[int] = []
    total = 0
    for sequence, size in rows:
        total += size
        if chosen and total > MOST_BYTES:
            break
        chosen.append(sequence)
    return chosen


async def old_updates(db: aiosqlite.Connection, before: datetime) -> list[int]:
    """The numbers of some updates settled before that, longest settled first.

    What the gateway asked for again stays: no fence tells, when its feed is read from the start,
    that it had it.
    """
    rows = await db.execute_fetchall(
        "SELECT number FROM inbox WHERE settled_at < ? AND kind <> 'resend'"
        " ORDER BY settled_at LIMIT ?",
        (clock.micros(before), MOST_ROWS),
    )
    return [number for (number,) in rows]


async def delete(tx: Tx, events: Sequence[int], updates: Sequence[int], before: datetime) -> None:
    """Deletes those, but for what was taken up again since; events with all that hangs on them."""
    at = clock.micros(before)
    await stock_ageing.outlive(tx, events, before)
    await tx.execute(
        "DELETE FROM arrivals WHERE sequence IN (SELECT sequence FROM outbox"
        f" WHERE settled_at < ? AND sequence IN ({marks(events)}))",
        (at, *events),
    )
    await tx.execute(
        f"DELETE FROM inbox WHERE settled_at < ? AND number IN ({marks(updates)})", (at, *updates)
    )


async def dispensable(db: aiosqlite.Connection, before: int) -> tuple[int, int] | None:
    """Two times: of what was settled after the first one, up to the second and before the given
    one, translations may be left; the second is as early as makes a step. None if nothing was."""
    [(since,)] = await db.execute_fetchall(
        "SELECT value FROM counters WHERE name = 'translations_dropped'"
    )
    [(until,)] = await db.execute_fetchall(
        "SELECT max(settled_at) FROM (SELECT settled_at FROM outbox"
        " WHERE settled_at > ? AND settled_at < ? ORDER BY settled_at LIMIT ?)",
        (since, before, MOST_TRANSLATIONS),
    )
    return None if until is None else (int(since), int(until))


async def drop_translations(tx: Tx, since: int, until: int) -> None:
    """Drops those of what was settled after ``since`` up to ``until``. One that is missed (a clock
    was set back) goes with its row."""
    await tx.execute(
        "DELETE FROM translations WHERE sequence IN"
        " (SELECT sequence FROM outbox WHERE settled_at > ? AND settled_at <= ?)",
        (since, until),
    )
    await tx.execute("UPDATE counters SET value = ? WHERE name = 'translations_dropped'", (until,))


async def free_pages(db: aiosqlite.Connection) -> int:
    """Pages of the file that hold nothing."""
    [(pages,)] = await db.execute_fetchall("PRAGMA freelist_count")
    return int(pages)


async def give_back(db: aiosqlite.Connection, pages: Sequence[int]) -> None:
    """Cuts so many free pages off the file, in a transaction of its own."""
    # Cuts a page per step, and a script is the only thing that sqlite3 steps to its end.
    await db.executescript(f"PRAGMA incremental_vacuum({sum(pages)})")
