"""Who did what, when and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import aiosqlite

    from agent.storage.writer import Tx


async def record(
    tx: Tx, *, who: str, action: str, targets: Sequence[str], reason: str, now: datetime
) -> None:
    """One row per target, in the transaction that does it."""
    await tx.executemany(
        "INSERT INTO audit (at, who, action, target, reason) VALUES (?, ?, ?, ?, ?)",
        [(clock.micros(now), who, action, target, reason) for target in targets],
    )


async def rows(db: aiosqlite.Connection, most: int) -> list[dict[str, Any]]:
    """The newest first, as ``audit list --json`` prints them."""
    found = await db.execute_fetchall(
        "SELECT at, who, action, target, reason FROM audit ORDER BY number DESC LIMIT ?", (most,)
    )
    return [
        {"at": clock.iso(clock.from_micros(at)), "who": who, "action": action}
        | {"target": target, "reason": reason}
        for at, who, action, target, reason in found
    ]
