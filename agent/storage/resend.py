"""What the gateway asked to be sent again, worked off in steps that a crash interrupts nowhere: how
far it came stands beside what it did."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from agent import clock
from agent.model.resend import Resend
from agent.storage import audit, cursors, replay
from agent.storage.replay import Replayed

if TYPE_CHECKING:
    from datetime import datetime

    import aiosqlite

    from agent.storage.writer import Tx

WHO = "gateway"
_OPEN = (
    "FROM inbox WHERE kind = 'resend' AND sku = '' AND settled_at IS NULL ORDER BY number LIMIT 1"
)


async def is_asked(db: aiosqlite.Connection) -> bool:
    """Whether ``step`` would find something to do."""
    return bool(list(await db.execute_fetchall(f"SELECT 1 {_OPEN}")))


async def step(tx: Tx, now: datetime) -> bool:
    """One step of the oldest request; whether there was one. After its last step it is settled,
    with a result that counts."""
    rows = list(await tx.execute_fetchall(f"SELECT number, body {_OPEN}"))
    if not rows:
        return False
    [(number, body)] = rows
    asked = Resend.model_validate(json.loads(body))
    place = f"resend {number}"
    before = await cursors.get(tx, place)
    if before is None:
        reason = f"resend {asked.id}: {asked.told()}"
        await audit.record(tx, who=WHO, action="replay", targets=["*"], reason=reason, now=now)
    so_far = Replayed() if before is None else Replayed(**json.loads(before))
    done = so_far.then(await replay.asked(tx, asked, so_far.up_to))
    if done.up_to is not None:
        await cursors.put(tx, place, json.dumps(asdict(done)))
        return True
    await cursors.forget(tx, place)
    await _settle(tx, number, asked, done, now)
    return True


async def _settle(tx: Tx, number: int, asked: Resend, done: Replayed, now: datetime) -> None:
    message = f"{done.sent} to be sent again, {done.superseded} superseded"
    await tx.execute(
        "UPDATE inbox SET state = 'applied', message = ?, due_at = NULL, settled_at = ?,"
        " results = 1 WHERE number = ?",
        (message, clock.micros(now), number),
    )
    result: dict[str, Any] = {
        **{"id": asked.id, "sku": "", "kind": asked.kind, "version": None, "n": 1},
        **{"status": "applied", "code": None, "message": message, "at": clock.iso(now)},
    }
    await tx.execute(
        "INSERT INTO results (update_id, n, body) VALUES (?, 1, ?)",
        (asked.id, json.dumps(result)),
    )
