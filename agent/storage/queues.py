"""The outbox as its users see it: each method is one transaction or one read."""

from __future__ import annotations

import asyncio
import functools
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from agent.clock import iso
from agent.model.pause import Line
from agent.storage import (
    baseline,
    cursors,
    followups,
    journals,
    judging,
    outbox,
    pauses,
    register,
    resend,
    rewind,
    settling,
    stock_marks,
    stocked,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

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
    from agent.storage.database import Database
    from agent.storage.pressure import Pressure
    from agent.storage.writer import Tx

SETTLED_AT_ONCE = 50  # about a millisecond: webhooks that come meanwhile are stored next


class Outbox:
    """From webhook to gateway. ``translated``: events carry our model where there is one."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        reread: Callable[[Received], Reading],
        version: int,
        translated: bool = True,
        retention: timedelta = timedelta(days=30),
        pressure: Pressure | None = None,
    ) -> None:
        self._db = database
        self._clock = clock
        self._reread = reread
        self._version = version
        self._translated = translated
        self._retention = retention
        self._pressure = pressure
        self._journal: tuple[int, str] | None = None
        self._dead_in_a_row: int | None = None  # as it is or will be written; None: who knows
        self._last: int | None = None  # the last number given: nobody else gives any

    async def append(self, event_id: str, webhook: Webhook) -> None:
        if self._pressure is not None:
            await self._pressure.require(webhook.topic)
        await self._db.writer.add(self._append, (event_id, webhook))

    async def _append(self, tx: Tx, webhooks: Sequence[tuple[str, Webhook]]) -> None:
        self._last = await outbox.append(tx, webhooks, self._last)

    async def unjudged(self, most: int) -> list[Received]:
        return await self._db.read(outbox.unjudged, most)

    async def judge(
        self, subjects: Sequence[str], decide: Callable[[Mapping[str, Known]], Judgement]
    ) -> Judgement:
        now = self._clock.now()

        async def step(tx: Tx) -> Judgement:
            judgement = await judging.judge(
                tx, subjects, decide, reread=self._reread, version=self._version, now=now
            )
            self._last = await stocked.append(tx, judgement.stocked, now, self._last)
            return judgement

        return await self._db.writer.write(step)

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

    async def looked(self, followup: Followup, *, until: datetime, untold: bool = False) -> None:
        await self._db.writer.write(
            lambda tx: judging.looked(tx, followup, until=until, untold=untold)
        )

    async def postpone(self, followup: Followup, *, after_s: float) -> None:
        until = self._clock.now() + timedelta(seconds=after_s)
        await self._db.writer.write(lambda tx: followups.postpone(tx, followup, until))

    async def last_sequence(self) -> int:
        return await self._db.read(outbox.last_sequence)

    async def is_judged(self, sequence: int) -> bool:
        return await self._db.read(outbox.is_judged, sequence)

    async def contents(self, subjects: Sequence[str]) -> dict[str, Known]:
        return await self._db.read(register.family, subjects)

    async def looked_until(self) -> datetime | None:
        told = await self._db.read(cursors.get, cursors.ORDERS)
        return None if told is None else datetime.fromisoformat(told)

    async def look_ended(self, until: datetime) -> None:
        await self._db.writer.write(lambda tx: cursors.put(tx, cursors.ORDERS, iso(until)))

    async def ready(self, most: int, besides: Collection[str]) -> list[Head]:
        now = self._clock.now()
        paused, due, heads = await asyncio.gather(
            self._db.read(pauses.is_in_force, Line.EVENTS, now),
            self._db.read(outbox.is_any_due, now),
            self._db.read(outbox.heads, most, besides),
        )
        if paused:
            return []
        if due:
            await self._db.writer.write(lambda tx: outbox.unpark(tx, now))
            heads = await self._db.read(outbox.heads, most, besides)
        return heads

    async def events(self, sequences: Sequence[int]) -> list[Event]:
        kept = self._version if self._translated else None
        return await self._db.read(outbox.events, sequences, kept)

    async def settle(self, attempts: Sequence[Attempt], dead_in_a_row: int = 0) -> None:
        told = None if dead_in_a_row == self._dead_in_a_row else dead_in_a_row
        self._dead_in_a_row = dead_in_a_row
        pieces = (
            attempts[start : start + SETTLED_AT_ONCE]
            for start in range(0, len(attempts), SETTLED_AT_ONCE)
        )
        steps = [
            functools.partial(settling.settle, attempts=some, dead_in_a_row=told) for some in pieces
        ]
        try:
            await asyncio.gather(*map(self._db.writer.write, steps))
        except BaseException:
            self._dead_in_a_row = None
            raise

    async def start(self, go_live: datetime | None) -> None:
        now = self._clock.now()
        await self._db.writer.write(lambda tx: baseline.start(tx, go_live, now))

    async def told_since(self) -> datetime:
        return await self._db.read(baseline.told_since)

    async def compare_clocks(self, ahead: timedelta) -> None:
        await self._db.writer.write(lambda tx: baseline.compare_clocks(tx, ahead))

    async def baseline_done(self) -> bool:
        return await self._db.read(baseline.is_done)

    async def assume_seen(self, readings: Sequence[Reading], sequence: int) -> frozenset[str]:
        return await self._db.writer.write(lambda tx: baseline.take_in(tx, readings, sequence))

    async def finish_baseline(self, sequence: int, until: datetime) -> bool:
        return await self._db.writer.write(lambda tx: baseline.finish(tx, sequence, until))

    async def resend(self) -> bool:
        if not await self._db.read(resend.is_asked):
            return False
        return await self._db.writer.write(lambda tx: resend.step(tx, self._clock.now()))

    async def dead_in_a_row(self) -> int:
        return await self._db.read(settling.dead_in_a_row)

    async def number_above(self, sequence: int) -> None:
        await self._db.writer.write(lambda tx: outbox.number_above(tx, sequence))
        self._last = None

    async def released(self, sequences: Sequence[int]) -> None:
        now = self._clock.now()
        await self._db.writer.write(lambda tx: stock_marks.learned(tx, sequences, now))

    async def present_journal(self) -> int:
        return (await self._present())[0]

    async def journal(
        self, name: str, head_position: int | None, *, asked_in: int | None = None
    ) -> bool:
        if name == (await self._present())[1]:
            return False
        since = self._clock.now() - self._retention

        async def step(tx: Tx) -> int | None:
            return await rewind.journal(
                tx, name, head_position, retained_since=since, asked_in=asked_in
            )

        lost = await self._db.writer.write(step)
        self._journal = None
        return lost is not None

    async def journal_named(self, name: str) -> int:
        number, present = await self._present()
        if name == present:
            return number
        return await self._db.read(journals.named, name)

    async def _present(self) -> tuple[int, str]:
        if self._journal is None:
            self._journal = await self._db.read(journals.current)
        return self._journal
