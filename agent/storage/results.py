"""What became of updates, kept until the gateway has taken it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agent import clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import aiosqlite

    from agent.model.inbox import Settlement
    from agent.storage.writer import Tx


def of_settlement(settlement: Settlement, now: datetime) -> dict[str, Any]:
    """A result as the gateway gets it."""
    update = settlement.opened.update
    result = {
        "id": update.id,
        "sku": update.sku,
        "kind": update.kind,
        "version": update.version,
        "n": settlement.opened.results + 1,
        "status": settlement.state,
        "code": settlement.code,
        "message": settlement.message,
        "store": settlement.store,
        "before": settlement.before,
        "correlation_id": update.correlation_id,
        "traceparent": update.traceparent,
        "at": clock.iso(now),
    }
    return {name: value for name, value in result.items() if value is not None}


async def report(tx: Tx, told: Iterable[Mapping[str, Any]]) -> None:
    """Kept until the gateway has taken them."""
    await tx.executemany(
        "INSERT INTO results (update_id, n, body) VALUES (?, ?, ?)",
        [(result["id"], result["n"], figures(result)) for result in told],
    )


async def unreported(db: aiosqlite.Connection, most: int) -> list[tuple[int, Any]]:
    """(number, result) pairs that the gateway has not taken yet, oldest first."""
    rows = await db.execute_fetchall(
        "SELECT number, body FROM results ORDER BY number LIMIT ?", (most,)
    )
    return [(number, json.loads(body)) for number, body in rows]


async def reported(tx: Tx, numbers: Sequence[int]) -> None:
    """The gateway has taken those."""
    await tx.executemany("DELETE FROM results WHERE number = ?", [(n,) for n in numbers])


def figures(values: Mapping[str, Any]) -> str:
    """As JSON, moments in RFC 3339."""
    return json.dumps(values, default=_json)


def _json(value: object) -> str:
    return clock.iso(value) if isinstance(value, datetime) else str(value)
