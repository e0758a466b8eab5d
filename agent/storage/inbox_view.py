"""What people see of the inbox: rows, one row with everything, counts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agent import clock, errors
from agent.model.update import UpdateState

if TYPE_CHECKING:
    import aiosqlite

_COLUMNS = "id, kind, sku, version, state, code, message, received_at, settled_at"


async def rows(
    db: aiosqlite.Connection, *, state: str | None, sku: str | None, limit: int
) -> list[dict[str, Any]]:
    """The newest rows first, as ``updates list --json`` prints them."""
    found = await db.execute_fetchall(
        f"SELECT {_COLUMNS} FROM inbox"
        " WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR sku = ?2)"
        " ORDER BY number DESC LIMIT ?3",
        (state, sku, limit),
    )
    return [_row(row) for row in found]


async def row(db: aiosqlite.Connection, update_id: str) -> dict[str, Any]:
    """One update as it came, and the results that wait to be reported. Raises NotFoundError."""
    found = list(
        await db.execute_fetchall(
            f"SELECT {_COLUMNS}, due_at, body, approved, before,"
            " (SELECT id FROM inbox AS it WHERE it.number = inbox.reverted_by)"
            " FROM inbox WHERE id = ?",
            (update_id,),
        )
    )
    if not found:
        raise _unknown(update_id)
    waiting = await db.execute_fetchall(
        "SELECT body FROM results WHERE update_id = ? ORDER BY n", (update_id,)
    )
    [line] = found
    return _row(line) | {
        "due_at": None if line[9] is None else clock.iso(clock.from_micros(line[9])),
        "approved": bool(line[11]),
        "before": line[12] and json.loads(line[12]),
        "reverted_by": line[13],
        "body": line[10],
        "unreported": [json.loads(body) for (body,) in waiting],
    }


async def state(db: aiosqlite.Connection, update_id: str) -> UpdateState:
    """Where that update stands. Raises NotFoundError."""
    for (found,) in await db.execute_fetchall("SELECT state FROM inbox WHERE id = ?", (update_id,)):
        return UpdateState(found)
    raise _unknown(update_id)


async def stats(db: aiosqlite.Connection) -> dict[str, int]:
    """How many updates are in each open state, and how many results wait to be reported."""
    rows = await db.execute_fetchall(
        "SELECT state, count(*) FROM inbox WHERE settled_at IS NULL GROUP BY state"
    )
    counted = {str(state): int(n) for state, n in rows}
    [(unreported,)] = await db.execute_fetchall("SELECT count(*) FROM results")
    opened = (UpdateState.PENDING, UpdateState.WAITING, UpdateState.HELD)
    return {state.value: counted.get(state, 0) for state in opened} | {"unreported": unreported}


def _unknown(update_id: str) -> errors.NotFoundError:
    return errors.NotFoundError(
        f"no update {update_id} in the inbox", hint="woo-agent updates list"
    )


def _row(line: Any) -> dict[str, Any]:
    update_id, kind, sku, version, state, code, message, received_at, settled_at = line[:9]
    return {
        "id": update_id,
        "kind": kind,
        "sku": sku,
        "version": version,
        "state": state,
        "code": code,
        "message": message,
        "received_at": clock.iso(clock.from_micros(received_at)),
        "settled_at": None if settled_at is None else clock.iso(clock.from_micros(settled_at)),
    }
