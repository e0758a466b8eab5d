"""The two durable queues as their users see them: each method is one transaction or one read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.storage import cursors, followups, inbox, judging, outbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime

    from agent.clock import Clock
    from agent.model.delivery import (
        Attempt,
        Event,
        Followup,
        Head,
        Judged,
        Judgement,
        Known,
        Reading,
        Received,
        Webhook,
    )
    from agent.model.update import Fence, FenceKey, Intake, KnownVersions, Opened, Settlement
    from agent.storage.database import Database
    from agent.storage.writer import Tx


class Outbox:
    """From webhook to gateway."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        reread: Callable[[Received], Reading],
        version: int,
    ) -> None:
        self._db = database
        self._clock = clock
        self._reread = reread
        self._version = version
        self._last: int | None = None  # the last number given: nobody else gives any

    def append(self, event_id: str, webhook: Webhook) -> Awaitable[None]:
        return self._db.writer.add(self._append, (event_id, webhook))

    async def _append(self, tx: Tx, webhooks: Sequence[tuple[str, Webhook]]) -> None:
        self._last = await outbox.append(tx, webhooks, self._last)

    async def unjudged(self, most: int) -> list[Received]:
        return await self._db.read(outbox.unjudged, most)

    async def judge(
        self, subjects: Sequence[str], decide: Callable[[Mapping[str, Known]], Judgement]
    ) -> Judgement:
        return await self._db.writer.write(
            lambda tx: judging.judge(
                tx,
                subjects,
                decide,
                reread=self._reread,
                version=self._version,
                now=self._clock.now(),
            )
        )

    async def followups(self, most: int) -> list[Followup]:
        return await self._db.read(followups.due, self._clock.now(), most)

    async def received(self, sequence: int) -> Received | None:
        rows = await self._db.read(outbox.received, [sequence])
        return rows[0] if rows else None

    async def conclude(self, followup: Followup, judged: Judged | None) -> None:
        await self._db.writer.write(
            lambda tx: judging.conclude(
                tx, followup, judged, version=self._version, now=self._clock.now()
            )
        )

    async def ready(self, most: int) -> list[Head]:
        now = self._clock.now()
        if await self._db.read(outbox.is_any_due, now):
            await self._db.writer.write(lambda tx: outbox.unpark(tx, now))
        return await self._db.read(outbox.heads, most)

    async def events(self, sequences: Sequence[int]) -> list[Event]:
        return await self._db.read(outbox.events, sequences)

    async def settle(self, attempts: Sequence[Attempt]) -> None:
        await self._db.writer.write(lambda tx: outbox.settle(tx, attempts))


class Inbox:
    """From gateway to store."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._db = database
        self._clock = clock

    async def cursor(self) -> str | None:
        return await self._db.read(cursors.get, inbox.FEED)

    async def forget_cursor(self) -> None:
        await self._db.writer.write(lambda tx: cursors.forget(tx, inbox.FEED))

    async def take_in(
        self,
        ids: Sequence[str],
        skus: Sequence[str],
        decide: Callable[[frozenset[str], KnownVersions], Intake],
        cursor: str | None,
    ) -> Intake:
        now = self._clock.now()
        return await self._db.writer.write(
            lambda tx: inbox.take_in(tx, ids, skus, decide, cursor=cursor, now=now)
        )

    async def due(self, most: int) -> list[Opened]:
        return await self._db.read(inbox.due, self._clock.now(), most)

    async def known(self, skus: Sequence[str]) -> KnownVersions:
        return await self._db.read(inbox.known, skus)

    async def settle(
        self, settlements: Sequence[Settlement], fences: Mapping[FenceKey, Fence]
    ) -> None:
        now: datetime = self._clock.now()
        await self._db.writer.write(lambda tx: inbox.settle(tx, settlements, fences, now))

    async def unreported(self, most: int) -> list[tuple[int, Any]]:
        return await self._db.read(inbox.unreported, most)

    async def reported(self, numbers: Sequence[int]) -> None:
        await self._db.writer.write(lambda tx: inbox.reported(tx, numbers))
