"""Which SKUs went to zero within the last hour, counted across rounds and restarts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from agent import clock
from agent.model.inbox import Zeroing, goes_to_zero
from agent.model.update import UpdateState
from agent.storage.outbox import marks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import aiosqlite

    from agent.model.inbox import Settlement
    from agent.storage.writer import Tx

WITHIN = timedelta(hours=1)


async def zeroing(db: aiosqlite.Connection, skus: Sequence[str], now: datetime) -> Zeroing:
    """How it stands, and which of those SKUs are counted already."""
    hour = _hour_around(now)
    [(count,)] = await db.execute_fetchall(
        "SELECT count(*) FROM zeroed WHERE at BETWEEN ? AND ?", hour
    )
    counted = await db.execute_fetchall(
        f"SELECT sku FROM zeroed WHERE at BETWEEN ? AND ? AND sku IN ({marks(skus)})",
        (*hour, *skus),
    )
    [(products,)] = await db.execute_fetchall("SELECT count(*) FROM catalogue")
    return Zeroing(count, frozenset(sku for (sku,) in counted), products)


async def note(tx: Tx, settlements: Sequence[Settlement], now: datetime) -> None:
    """Counts those of the settlements that took the last piece away. What somebody approved leaves
    the others their share."""
    skus = [
        settlement.opened.update.sku
        for settlement in settlements
        if settlement.state is UpdateState.APPLIED
        and not (settlement.opened.approved or settlement.opened.reverts)
        and goes_to_zero(settlement.before or {}, settlement.store or {})
    ]
    if not skus:
        return
    await tx.execute("DELETE FROM zeroed WHERE at NOT BETWEEN ? AND ?", _hour_around(now))
    await tx.executemany(
        "INSERT OR REPLACE INTO zeroed VALUES (?, ?)", [(sku, clock.micros(now)) for sku in skus]
    )


def _hour_around(now: datetime) -> tuple[int, int]:
    """Where the clock was put back, what it counted counts on, but not for years."""
    return clock.micros(now - WITHIN) + 1, clock.micros(now + WITHIN)
