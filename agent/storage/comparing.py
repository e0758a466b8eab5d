"""What a comparison of both ends needs to know, and what it asks for."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agent import clock
from agent.model.listed import Told
from agent.storage import (
    baseline,
    cursors,
    followups,
    in_force,
    inbox_view,
    outbox,
    outbox_view,
    proof,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence

    import aiosqlite

    from agent.clock import Clock
    from agent.model.delivery import Look
    from agent.model.in_force import Check
    from agent.model.stock import Base
    from agent.storage.writer import Step, Tx

SWEPT = "swept"
"""The cursor: when the last sweep ended."""
REPORT = "report"
"""The cursor: what it came to, JSON."""

_TOLD = (
    "SELECT subject, r.sequence, r.changed_at, deleted, figures, parent, o.state, o.code"
    " FROM register AS r LEFT JOIN (SELECT sequence, state, code FROM outbox) AS o USING (sequence)"
)


class Sides:
    """Each method is one transaction or one read."""

    def __init__(
        self,
        read: Callable[..., Awaitable[Any]],
        write: Callable[[Step[None]], Awaitable[None]],
        *,
        clock: Clock,
    ) -> None:
        """``read`` runs a query on its arguments, ``write`` a step in a transaction."""
        self._read = read
        self._write = write
        self._clock = clock

    async def told(self, subjects: Collection[str]) -> Mapping[str, Told]:
        return {one.subject: one for one in await self._read(by_subject, subjects)}

    async def told_after(self, resource: str, subject: str, most: int) -> Sequence[Told]:
        found: Sequence[Told] = await self._read(after, resource, subject, most)
        return found

    async def unsent(self, subjects: Collection[str]) -> Mapping[str, str]:
        found: Mapping[str, str] = await self._read(unsent, subjects)
        return found

    async def asked(self, look: Look, subjects: Collection[str]) -> Collection[str]:
        found: Collection[str] = await self._read(followups.asked, look, subjects)
        return found

    async def go_live(self) -> datetime:
        found: datetime = await self._read(baseline.go_live)
        return found

    async def looked_until(self, resource: str) -> datetime | None:
        at = await self._read(cursors.get, f"{resource}s")
        return None if at is None else datetime.fromisoformat(at)

    async def look_ended(self, resource: str, until: datetime) -> None:
        await self._write(lambda tx: cursors.put(tx, f"{resource}s", clock.iso(until)))

    async def ask(self, asked: Sequence[tuple[Look, str, int]], *, backfill: bool = False) -> None:
        now = self._clock.now()
        await self._write(lambda tx: followups.compare(tx, asked, now, backfill=backfill))

    async def is_asking(self) -> bool:
        found: bool = await self._read(followups.is_compared)
        return found

    async def accepted_refunds(self, after: str, most: int) -> Sequence[proof.Refund]:
        found: Sequence[proof.Refund] = await self._read(proof.accepted_refunds, after, most)
        return found

    async def last_sequence(self) -> int:
        return int(await self._read(outbox.last_sequence))

    async def open_ends(self) -> tuple[float | None, int, bool]:
        stats = await self._read(outbox_view.stats, self._clock.now())
        held = (await self._read(inbox_view.stats))["held"]
        return stats["oldest_pending_s"], held, bool(stats["unjudged"])

    async def newest_updates(
        self, kind: str, skus: Collection[str]
    ) -> Mapping[str, tuple[str, str | None]]:
        found: Mapping[str, tuple[str, str | None]] = await self._read(
            proof.newest_updates, kind, skus
        )
        return found

    async def marked(self, product_ids: Collection[int]) -> Collection[int]:
        found: list[Check] = await self._read(in_force.of, product_ids)
        return {one.product_id for one in found}

    async def written_at(self, product_ids: Collection[int]) -> Mapping[int, datetime]:
        found: Mapping[int, datetime] = await self._read(proof.written_at, product_ids)
        return found

    async def repair(self, product_ids: Collection[int], missing: Mapping[int, Base]) -> None:
        now = self._clock.now()
        await self._write(lambda tx: in_force.repair(tx, product_ids, missing, now))

    async def swept_at(self) -> datetime | None:
        at = await self._read(cursors.get, SWEPT)
        return None if at is None else datetime.fromisoformat(at)

    async def swept(self, at: datetime, report: bytes) -> None:
        async def step(tx: Tx) -> None:
            await cursors.put(tx, SWEPT, clock.iso(at))
            await cursors.put(tx, REPORT, report.decode("ascii"))

        await self._write(step)


async def last_report(db: aiosqlite.Connection) -> Mapping[str, Any] | None:
    """What the last sweep came to; None before the first one."""
    made = await cursors.get(db, REPORT)
    found: Mapping[str, Any] | None = None if made is None else json.loads(made)
    return found


async def by_subject(db: aiosqlite.Connection, subjects: Collection[str]) -> list[Told]:
    """What was told of those."""
    rows = await db.execute_fetchall(
        f"{_TOLD} WHERE subject IN (SELECT value FROM json_each(?))", (json.dumps(list(subjects)),)
    )
    return [_told(row) for row in rows]


async def after(db: aiosqlite.Connection, resource: str, subject: str, most: int) -> list[Told]:
    """What was told of a kind, in the order of its subjects, beginning behind one of them."""
    rows = await db.execute_fetchall(
        f"{_TOLD} WHERE subject > ? AND subject < ? ORDER BY subject LIMIT ?",
        (subject or f"{resource}/", f"{resource}0", most),  # 0 is what follows the slash
    )
    return [_told(row) for row in rows]


async def unsent(db: aiosqlite.Connection, subjects: Collection[str]) -> dict[str, str]:
    """Those of which an event lies dead that is newer than what was told, with the reason: they are
    not missing."""
    rows = await db.execute_fetchall(
        "SELECT subject, code FROM outbox INDEXED BY outbox_unsent"
        " WHERE state IN ('dead', 'discarded') AND state = 'dead'"
        " AND subject IN (SELECT value FROM json_each(?)) AND sequence > coalesce("
        "  (SELECT sequence FROM register WHERE register.subject = outbox.subject), 0)"
        " ORDER BY sequence",
        (json.dumps(list(subjects)),),
    )
    return {subject: code or "dead" for subject, code in rows}


def _told(row: Iterable[Any]) -> Told:
    subject, sequence, at, deleted, figures, parent, state, code = row
    return Told(
        *(subject, sequence, None if at is None else clock.from_micros(at), bool(deleted)),
        *(figures, parent, state, code),
    )
