"""The beginning: orders from before the store went live count as seen by the ERP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent import clock
from agent.storage import cursors, outbox, register, stock_ledger

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import aiosqlite

    from agent.model.delivery import Reading
    from agent.storage.writer import Tx

_BASELINE = "baseline"


async def start(tx: Tx, go_live: datetime | None, now: datetime) -> None:
    """A daemon starts: from when on the store is live, and what may have been sent before.

    Where ``go_live`` is not configured the first start is it, to the second, as the store's dates
    are.
    """
    if go_live is not None:
        await cursors.put(tx, stock_ledger.GO_LIVE, str(clock.micros(go_live)))
    elif await cursors.get(tx, stock_ledger.GO_LIVE) is None:
        first = clock.micros(now.replace(microsecond=0))
        await cursors.put(tx, stock_ledger.GO_LIVE, str(first))
    await outbox.start(tx)


async def go_live(db: aiosqlite.Connection) -> datetime:
    """Orders created before count as seen. Only after ``start``."""
    return clock.from_micros(int(await cursors.get(db, stock_ledger.GO_LIVE) or 0))


async def is_done(db: aiosqlite.Connection) -> bool:
    """Whether the lines of the store's orders are known: before, no figure is right."""
    return await cursors.get(db, _BASELINE) is not None


async def take_in(tx: Tx, readings: Sequence[Reading], sequence: int) -> frozenset[str]:
    """Orders from before the store went live, read when ``sequence`` was the newest number: they
    count as seen with what they show, unless their lines are known already.

    Those that are no news to us, but whose lines are not known, are left to the judge, who
    knows how the gateway took them: their subjects.
    """
    known = await register.known(tx, [reading.subject for reading in readings])
    await stock_ledger.assume_seen(
        tx, [reading for reading in readings if reading.subject not in known], sequence
    )
    return frozenset(known)


async def finish(tx: Tx, sequence: int, until: datetime) -> bool:
    """All orders were read as they were at ``until``, by the store's clock, and the last of them is
    number ``sequence`` or before it; False while the judge has not come that far."""
    if not await outbox.is_judged(tx, sequence):
        return False
    await cursors.put(tx, _BASELINE, "done")
    if await cursors.get(tx, cursors.ORDERS) is None:
        await cursors.put(tx, cursors.ORDERS, clock.iso(until))
    return True
