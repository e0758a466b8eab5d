"""Who did what, when and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from agent.storage.writer import Tx


async def record(
    tx: Tx, *, who: str, action: str, targets: Sequence[str], reason: str, now: datetime
) -> None:
    """One row per target, in the transaction that does it."""
    await tx.executemany(
        "INSERT INTO audit (at, who, action, target, reason) VALUES (?, ?, ?, ?, ?)",
        [(clock.micros(now), who, action, target, reason) for target in targets],
    )
