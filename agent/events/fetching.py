"""Brings resources that no webhook brought: read over REST, they enter the line where webhooks do,
and the judge finds out what is new about them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from agent.events import novelty, refunds
from agent.model import envelope
from agent.model.delivery import BACKFILL, READ_BY_US, Received, Verdict, Webhook
from agent.model.history import is_history

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence

    from agent.clock import Clock
    from agent.model.delivery import Known, Reading


_NEVER = datetime.min.replace(tzinfo=UTC)


class Outbox(Protocol):
    """Where they enter."""

    async def last_sequence(self) -> int:
        """The highest number that was given so far."""

    def append(self, event_id: str, webhook: Webhook) -> Awaitable[None]:
        """Done when it is on disk."""

    async def is_judged(self, sequence: int) -> bool:
        """Every arrival up to that number has its row."""

    async def contents(self, subjects: Sequence[str]) -> Mapping[str, Known]:
        """The newest content of those subjects that was taken in, and of what belongs to them."""

    async def received(self, sequence: int) -> Received | None:
        """The stored webhook, None if it is gone."""

    async def told_since(self) -> datetime:
        """Orders that were not told, and did not change since then, are nobody's business."""


class Store(Protocol):
    """Where they come from. Every call raises StoreError."""

    async def one(self, resource: str, number: int) -> bytes | None:
        """A body, None if there is no such resource."""

    async def several(self, resource: str, numbers: Sequence[int]) -> Mapping[int, bytes]:
        """Bodies by id, of those that a list shows."""

    async def answers(self) -> bool:
        """Whether it answers at all; raises nothing."""

    def changed(self, resource: str, since: datetime) -> AsyncIterator[Sequence[bytes]]:
        """Pages of what changed."""

    async def refunds(self, order: int, past: Sequence[bytes | None]) -> Sequence[bytes]:
        """The bodies of all refunds of an order, none if it is gone. ``past`` are those it had
        before, as they were taken in; None where that is lost."""

    async def about(self, store_id: str) -> bytes:
        """What the store says about itself."""


class Fetcher:
    """The ways to read."""

    def __init__(
        self,
        outbox: Outbox,
        store: Store,
        *,
        read: Callable[[Received], Reading],
        version: int,
        source: str,
        clock: Clock,
        rng: random.Random,
        stored: asyncio.Event,
    ) -> None:
        self._outbox = outbox
        self._store = store
        self._read = read
        self._version = version
        self._source = source
        self._clock = clock
        self._rng = rng
        self._stored = stored

    async def one(self, subject: str, *, backfill: bool = False, sure: bool = True) -> bool:
        """The resource as it is now, or that it is gone; False where that is not ``sure``, and is
        not told."""
        resource, _, number = subject.partition("/")
        began = await self._outbox.last_sequence()
        body = await self._store.one(resource, int(number))
        if body is not None:
            await self.take_in(resource, [body], began, backfill=backfill)
            return True
        known = (await self._outbox.contents([subject])).get(subject)
        if known is not None and not known.deleted:
            if not sure:
                return False
            gone = envelope.encode_data({"id": int(number)})
            await self.take_in(resource, [gone], began, event="deleted")
        return True

    async def answers(self) -> bool:
        """Whether the store answers at all, and takes our key."""
        return await self._store.answers()

    async def several(
        self, resource: str, subjects: Sequence[str], *, backfill: bool = False
    ) -> Collection[str]:
        """Those of one kind that are not known as they are now, in one request; which of them were
        shown."""
        numbers = {int(subject.partition("/")[2]): subject for subject in subjects}
        began = await self._outbox.last_sequence()
        bodies = await self._store.several(resource, list(numbers))
        unknown = await self._unknown(resource, list(bodies.values()), began)
        await self.take_in(resource, unknown, began, backfill=backfill)
        return {numbers[number] for number in bodies}

    async def refunds(self, order: str, cause: str) -> None:
        """Takes in the refunds of an order that are not known with the amount that they have, and
        that known ones are gone. ``cause`` is the event that named them."""
        began = await self._outbox.last_sequence()
        known = await self._outbox.contents([order])
        rows = {
            name: await self._outbox.received(one.sequence)
            for name, one in known.items()
            if one.parent == order
        }
        past = {name: row.webhook.body if row else None for name, row in rows.items()}
        bodies = await self._store.refunds(int(order.partition("/")[2]), list(past.values()))
        told = refunds.told(order, known)
        news = []
        for body in bodies:
            said = self._read(Received(0, "", self._webhook("refund", body, began)))
            if said.untranslatable or told.get(said.subject) != said.figures:
                news.append(body)
            told.pop(said.subject, None)
        await self.take_in("refund", news, began, cause=cause)
        gone = [past[name] or _named(name, order) for name in told]
        await self.take_in("refund", gone, began, event="deleted", cause=cause)

    async def store(self, store_id: str) -> None:
        """The store itself, if it is not known as it is."""
        began = await self._outbox.last_sequence()
        body = await self._store.about(store_id)
        await self.take_in("store", await self._unknown("store", [body], began), began)

    async def news(
        self, resource: str, since: datetime, saw: Callable[[datetime | None], None] | None = None
    ) -> int:
        """Takes in what of that kind changed since then and is not known; the highest number after
        it. Orders from before the beginning are left: looks reach back a little. ``saw`` is told of
        every date of change, known or not."""
        began = await self._outbox.last_sequence()
        told_since = await self._outbox.told_since() if resource == "order" else _NEVER
        async for page in self._store.changed(resource, since):
            news = await self._unknown(resource, page, began, told_since, saw)
            await self.take_in(resource, news, began)
            began = await self._outbox.last_sequence()
        return began

    async def untold(self, resource: str, since: datetime) -> bool:
        """Takes the same in; whether some of it changed since the agent is there, and was surely
        told by no webhook."""
        began, found = await self._outbox.last_sequence(), False
        live = await self._outbox.told_since()
        told_since = live if resource == "order" else _NEVER
        async for page in self._store.changed(resource, since):
            if await self._outbox.is_judged(began):
                found |= any(
                    self._is_untold(reading, known, live)
                    for _, reading, known in await self._compared(resource, page, began)
                )
            news = await self._unknown(resource, page, began, told_since)
            await self.take_in(resource, news, began)
            began = await self._outbox.last_sequence()
        return found

    async def _unknown(
        self,
        resource: str,
        bodies: Sequence[bytes],
        began: int,
        told_since: datetime = _NEVER,
        saw: Callable[[datetime | None], None] | None = None,
    ) -> Sequence[bytes]:
        """All but history while something waits to be judged: it may be what they are compared
        with."""
        is_judged = await self._outbox.is_judged(began)
        unknown = []
        for body, reading, known in await self._compared(resource, bodies, began):
            if saw is not None:
                saw(reading.changed_at)
            if known is None and is_history((reading.created_at, reading.changed_at), told_since):
                continue
            if not is_judged or self._is_news(reading, known):
                unknown.append(body)
        return unknown

    async def _compared(
        self, resource: str, bodies: Sequence[bytes], began: int
    ) -> list[tuple[bytes, Reading, Known | None]]:
        """Each with what it says, and what is known of its subject."""
        readings = [self._read(Received(0, "", self._webhook(resource, b, began))) for b in bodies]
        known = await self._outbox.contents([reading.subject for reading in readings])
        return [
            (body, reading, known.get(reading.subject))
            for body, reading in zip(bodies, readings, strict=True)
        ]

    def _is_news(self, reading: Reading, known: Known | None) -> bool:
        if reading.verdict is not None:
            return False
        if known is None or known.version != self._version:
            return True
        if reading.changed_at and (known.changed_at or _NEVER) < reading.changed_at:
            return True  # that it was confirmed later is news, if no event
        return novelty.verdict(reading, known) is Verdict.EVENT

    def _is_untold(self, reading: Reading, known: Known | None, live: datetime) -> bool:
        if reading.verdict is not None or (reading.changed_at or _NEVER) < live:
            return False
        if known is not None and known.version != self._version:
            return False
        return novelty.verdict(reading, known) is Verdict.EVENT

    def _webhook(
        self,
        resource: str,
        body: bytes,
        began: int,
        *,
        event: str = "updated",
        cause: str = "",
        backfill: bool = False,
    ) -> Webhook:
        now, topic = self._clock.now(), f"{resource}.{event}"
        reader = BACKFILL if backfill else READ_BY_US
        return Webhook(now, topic, self._source, reader, str(began), body, cause)

    async def take_in(
        self,
        resource: str,
        bodies: Sequence[bytes],
        began: int,
        *,
        event: str = "updated",
        cause: str = "",
        backfill: bool = False,
    ) -> None:
        """Bodies that were read while ``began`` was the newest number enter the line."""
        now = self._clock.now()
        await asyncio.gather(
            *(
                self._outbox.append(
                    envelope.event_id(now, self._rng.getrandbits(74)),
                    self._webhook(
                        resource, body, began, event=event, cause=cause, backfill=backfill
                    ),
                )
                for body in bodies
            )
        )
        self._stored.set()


def _named(refund: str, order: str) -> bytes:
    """Enough of a refund whose body is not kept any more to tell that it is gone."""
    number, of = (int(subject.partition("/")[2]) for subject in (refund, order))
    return envelope.encode_data({"id": number, "parent_id": of})
