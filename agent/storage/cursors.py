"""Named places in what others number: how far the feed was read, for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aiosqlite

    from agent.storage.writer import Tx


ORDERS = "orders"
"""Until when orders were looked at, by the store's clock."""


async def get(db: aiosqlite.Connection, name: str) -> str | None:
    """The place, or None at the beginning."""
    rows = list(await db.execute_fetchall("SELECT value FROM cursors WHERE name = ?", (name,)))
    return rows[0][0] if rows else None


async def put(tx: Tx, name: str, value: str) -> None:
    """Remembers the place."""
    await tx.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?)", (name, value))


async def forget(tx: Tx, name: str) -> None:
    """Back to the beginning."""
    await tx.execute("DELETE FROM cursors WHERE name = ?", (name,))
