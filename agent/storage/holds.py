"""Held updates: who may let them go or refuse them, and when they are over by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent import clock, errors
from agent.model.inbox import Settlement
from agent.model.update import Code, UpdateState
from agent.storage import audit, inbox, inbox_view
from agent.storage.outbox import marks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from agent.model.inbox import Fence, FenceKey, Opened
    from agent.storage.writer import Tx

GATEWAY = "gateway"
MOST_AT_ONCE = 100


async def approve(tx: Tx, ids: Sequence[str], *, who: str, reason: str, now: datetime) -> None:
    """Lets those held updates go: they are due at once, and no guardrail holds them again.

    Raises NotFoundError for an unknown id, UsageError for one that is not held.
    """
    await _held(tx, ids)
    await _lift(tx, ids, who=who, reason=reason, now=now)


async def approved_at_the_door(tx: Tx, ids: Sequence[str], *, who: str, now: datetime) -> None:
    """Whoever brought them in again says yes to those open updates: one that is not held yet will
    not be."""
    held = await tx.execute_fetchall(
        f"SELECT id FROM inbox WHERE state = 'held' AND id IN ({marks(ids)})", ids
    )
    await tx.execute(
        f"UPDATE inbox SET approved = 1 WHERE settled_at IS NULL AND id IN ({marks(ids)})", ids
    )
    await _lift(tx, [row[0] for row in held], who=who, reason="approved: true", now=now)


async def reject(tx: Tx, ids: Sequence[str], *, who: str, reason: str, now: datetime) -> None:
    """Refuses those held updates; the gateway is told why. Raises as ``approve``."""
    settled = [
        Settlement(opened, UpdateState.REJECTED, code=Code.NOT_APPROVED, message=reason)
        for opened in await _held(tx, ids)
    ]
    await inbox.settle(tx, settled, {}, now)
    await audit.record(tx, who=who, action="reject", targets=ids, reason=reason, now=now)


async def review(
    tx: Tx,
    after: int,
    decide: Callable[[Opened, Mapping[FenceKey, Fence]], Settlement | None],
    now: datetime,
) -> tuple[list[Settlement], int]:
    """Settles held updates that ``decide`` says are over. It is asked about some of those above
    number ``after`` whose time is up or which something newer has overtaken in some field.

    What was settled, and the number after which to go on; 0 where there are no more.
    """
    rows = list(
        await tx.execute_fetchall(
            f"SELECT {inbox.ROW} FROM inbox WHERE state = 'held' AND number > ?"
            " AND (held_until <= ? OR EXISTS"
            "  (SELECT 1 FROM fences WHERE fences.kind = inbox.kind AND fences.sku = inbox.sku"
            "   AND (fences.effective_at > 0 OR (fences.version, fences.nth + fences.reverted)"
            f"    > (SELECT {inbox.RANK}))))"
            " ORDER BY number LIMIT ?",
            (after, clock.micros(now), MOST_AT_ONCE),
        )
    )
    doubtful = [inbox.opened(row) for row in rows]
    known = await inbox.known(tx, [one.update.sku for one in doubtful], waiting=True)
    decided = (decide(one, known.fences) for one in doubtful)
    settled = [settlement for settlement in decided if settlement is not None]
    await inbox.settle(tx, settled, {}, now)
    return settled, doubtful[-1].number if len(doubtful) == MOST_AT_ONCE else 0


async def _held(tx: Tx, ids: Sequence[str]) -> list[Opened]:
    held: list[Any] = []
    for update_id in ids:
        state = await inbox_view.state(tx, update_id)
        if state is not UpdateState.HELD:
            raise errors.UsageError(
                f"{update_id} is {state}, not held",
                hint="woo-agent updates list --state held",
            )
        held += await tx.execute_fetchall(
            f"SELECT {inbox.ROW} FROM inbox WHERE id = ?", (update_id,)
        )
    return [inbox.opened(row) for row in held]


async def _lift(tx: Tx, ids: Sequence[str], *, who: str, reason: str, now: datetime) -> None:
    await tx.execute(
        "UPDATE inbox SET state = 'pending', approved = 1, due_at = 0, code = NULL,"
        f" message = NULL, held_until = NULL WHERE state = 'held' AND id IN ({marks(ids)})",
        ids,
    )
    await audit.record(tx, who=who, action="approve", targets=ids, reason=reason, now=now)
