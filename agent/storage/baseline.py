"""The beginning: orders from before the store went live count as seen by the ERP, and what did not
change since the first start is not told.

Both are compared with the store's dates, so they are moments by the store's clock, as soon as it is
known.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from agent import clock
from agent.storage import cursors, outbox, register, stock_ledger
from agent.storage.stock_ledger import GO_LIVE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import aiosqlite

    from agent.model.delivery import Reading
    from agent.storage.writer import Tx

FIRST_START = "first_start"
"""The cursor: what changed since then is told. Microseconds."""
MOST_APART = timedelta(days=1)  # no store's clock is so wrong: a cache or a firewall has answered
_BASELINE = "baseline"
_COMPARED = "clocks_compared"


async def start(tx: Tx, go_live: datetime | None, now: datetime) -> None:
    """A daemon starts: from when on the store is live, and what may have been sent before.

    Where ``go_live`` is not configured the first start is it, to the second, as the store's dates
    are.
    """
    first, kept = clock.micros(now.replace(microsecond=0)), await cursors.get(tx, GO_LIVE)
    if await cursors.get(tx, FIRST_START) is None:
        if kept is not None:  # by a version that knew no other beginning
            first = min(first, int(kept))
            await cursors.put(tx, _COMPARED, "never")
        await cursors.put(tx, FIRST_START, str(first))
    if go_live is not None:
        await cursors.put(tx, GO_LIVE, str(clock.micros(go_live)))
    elif kept is None:
        await cursors.put(tx, GO_LIVE, str(first))
    await outbox.start(tx)


async def compare_clocks(tx: Tx, ahead: timedelta) -> None:
    """The store has answered for the first time, and its clock is so far ahead of ours: the first
    start was so much later by it. Once, and not if that can't be.

    An answer's date is of its second, and was made some time before it came: the moment is rather
    early than late. What was created in between is told.
    """
    if await cursors.get(tx, _COMPARED) is not None:
        return
    await cursors.put(tx, _COMPARED, "done")
    if abs(ahead) > MOST_APART:
        return
    first = await cursors.get(tx, FIRST_START) or "0"
    by_store = str(clock.micros((clock.from_micros(int(first)) + ahead).replace(microsecond=0)))
    if await cursors.get(tx, GO_LIVE) == first:  # it was not configured
        await cursors.put(tx, GO_LIVE, by_store)
    await cursors.put(tx, FIRST_START, by_store)


async def go_live(db: aiosqlite.Connection) -> datetime:
    """Orders created before count as seen. Only after ``start``."""
    return clock.from_micros(int(await cursors.get(db, GO_LIVE) or 0))


async def told_since(db: aiosqlite.Connection) -> datetime:
    """What was created or changed since then is told: since the first start, or since an earlier
    time at which the store went live. Only after ``start``."""
    first = clock.from_micros(int(await cursors.get(db, FIRST_START) or 0))
    return min(first, await go_live(db))


async def is_done(db: aiosqlite.Connection) -> bool:
    """Whether the lines of the store's orders are known: before, no figure is right."""
    return await cursors.get(db, _BASELINE) is not None


async def take_in(tx: Tx, readings: Sequence[Reading], sequence: int) -> frozenset[str]:
    """Orders from before the beginning that did not change since, read when ``sequence`` was the
    newest number: they count as seen with what they show, unless their lines are known already.

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
