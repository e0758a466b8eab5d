"""The inbox as its users see it: each method is one transaction or one read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.model.pause import Line
from agent.storage import (
    cursors,
    holds,
    inbox,
    inbox_intake,
    journals,
    outbox,
    pauses,
    results,
    reverting,
    zeroed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from agent.clock import Clock
    from agent.model.inbox import (
        Fence,
        FenceKey,
        Intake,
        KnownVersions,
        Opened,
        Settlement,
        Zeroing,
    )
    from agent.storage.database import Database
    from agent.storage.pressure import Pressure
    from agent.storage.writer import Tx


class Inbox:
    """From gateway to store."""

    def __init__(
        self, database: Database, *, clock: Clock, pressure: Pressure | None = None
    ) -> None:
        self._db = database
        self._clock = clock
        self._pressure = pressure

    async def cursor(self) -> str | None:
        return await self._db.read(cursors.get, inbox.FEED)

    async def start_anew(self) -> None:
        await self._db.writer.write(inbox.start_anew)

    async def journal(self) -> int:
        number, _ = await self._db.read(journals.current)
        return number

    async def caught_up(self, asked_in: int) -> bool:
        if not await self._db.read(cursors.get, inbox.CATCHING_UP):
            return False
        return await self._db.writer.write(lambda tx: inbox.caught_up(tx, asked_in))

    async def take_in(
        self,
        ids: Sequence[str],
        skus: Sequence[str],
        decide: Callable[[frozenset[str], KnownVersions], Intake],
        cursor: str | None,
        versions: Sequence[int] | None = None,
        unversioned: Sequence[str] = (),
        *,
        who: str = holds.GATEWAY,
        asked_in: int | None = None,
    ) -> Intake:
        if ids and self._pressure is not None:
            await self._pressure.require("update")
        now = self._clock.now()

        async def step(tx: Tx) -> Intake:
            return await inbox_intake.take_in(
                *(tx, ids, skus, decide),
                cursor=cursor,
                who=who,
                asked_in=asked_in,
                now=now,
                versions=versions,
                unversioned=unversioned,
            )

        return await self._db.writer.write(step)

    async def review(
        self, after: int, decide: Callable[[Opened, Mapping[FenceKey, Fence]], Settlement | None]
    ) -> tuple[list[Settlement], int]:
        now = self._clock.now()
        return await self._db.writer.write(lambda tx: holds.review(tx, after, decide, now))

    async def open_for_work(self) -> bool:
        if await self._db.read(cursors.get, inbox.CATCHING_UP):
            return False
        return not await self._db.read(pauses.is_in_force, Line.UPDATES, self._clock.now())

    async def due(
        self, most: int, kinds: Collection[str] = inbox.KINDS, skip: Collection[str] = ()
    ) -> list[Opened]:
        return await self._db.read(inbox.due, self._clock.now(), most, kinds, skip)

    async def due_of(
        self, skus: Sequence[str], kinds: Collection[str] = inbox.KINDS
    ) -> list[Opened]:
        return await self._db.read(inbox.due_of, self._clock.now(), skus, kinds)

    async def known(self, skus: Sequence[str]) -> KnownVersions:
        return await self._db.read(inbox.known, skus, waiting=True)

    async def zeroing(self, skus: Sequence[str]) -> Zeroing:
        return await self._db.read(zeroed.zeroing, skus, self._clock.now())

    async def settle(
        self, settlements: Sequence[Settlement], fences: Mapping[FenceKey, Fence]
    ) -> None:
        now: datetime = self._clock.now()

        async def step(tx: Tx) -> None:
            await inbox.settle(tx, settlements, fences, now)
            await zeroed.note(tx, settlements, now)
            await reverting.settled(tx, settlements, now)

        await self._db.writer.write(step)

    async def newest_arrival(self) -> int:
        return await self._db.read(outbox.last_sequence)

    async def unreported(self, most: int) -> list[tuple[int, Any]]:
        return await self._db.read(results.unreported, most)

    async def reported(self, numbers: Sequence[int]) -> None:
        await self._db.writer.write(lambda tx: results.reported(tx, numbers))
