"""The newest version of each field that was acted on: what is older never goes out again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent import clock
from agent.model.inbox import Fence, FenceKey
from agent.storage.outbox import marks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import aiosqlite

    from agent.model.update import Update
    from agent.storage.writer import Tx


async def of(db: aiosqlite.Connection, skus: Sequence[str]) -> dict[FenceKey, Fence]:
    """The fences of those SKUs."""
    rows = await db.execute_fetchall(
        "SELECT kind, sku, field, version, effective_at, content, reverted, nth FROM fences"
        f" WHERE kind IN ('stock', 'price') AND sku IN ({marks(skus)})",
        skus,
    )
    return {
        (kind, sku, field): Fence(
            version,
            clock.from_micros(effective_at) if effective_at else None,
            content,
            nth,
            bool(reverted),
        )
        for kind, sku, field, version, effective_at, content, reverted, nth in rows
    }


async def put_up(tx: Tx, fences: Mapping[FenceKey, Fence]) -> None:
    """Keeps the newest version of each field: a fence is never lowered."""
    await tx.executemany(
        "INSERT INTO fences (kind, sku, field, version, effective_at, content, nth)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " reverted = reverted AND (excluded.version, excluded.nth) <= (version, nth),"
        " content = CASE WHEN (excluded.version, excluded.nth) >= (version, nth)"
        "  THEN excluded.content ELSE content END,"
        " nth = CASE WHEN (excluded.version, excluded.nth) >= (version, nth)"
        "  THEN excluded.nth ELSE nth END,"
        " version = max(version, excluded.version),"
        " effective_at = max(effective_at, excluded.effective_at)",
        [
            (
                *(*key, f.version, clock.micros(f.effective_at) if f.effective_at else 0),
                *(f.content, f.nth),
            )
            for key, f in fences.items()
        ],
    )


async def took_back(tx: Tx, updates: Sequence[Update]) -> None:
    """The values that those updates gave do not stand any more: of the fences, only those that they
    raised themselves say so, with a version or without."""
    await tx.executemany(
        "UPDATE fences SET reverted = 1 WHERE (kind, sku, field, version, nth) = (?, ?, ?, ?, ?)",
        [
            (update.kind, update.sku, field, *update.rank)
            for update in updates
            for field in update.values()
        ],
    )
