"""Brings resources that no webhook brought: read over REST, they enter the line where webhooks do,
and the judge finds out what is new about them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from agent.model import envelope
from agent.model.delivery import READ_BY_US, Webhook

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Awaitable, Sequence
    from datetime import datetime

    from agent.clock import Clock


class Outbox(Protocol):
    """Where they enter."""

    async def last_sequence(self) -> int:
        """The highest number that was given so far."""

    def append(self, event_id: str, webhook: Webhook) -> Awaitable[None]:
        """Done when it is on disk."""


class Store(Protocol):
    """Where they come from. Every call raises StoreError."""

    async def one(self, resource: str, number: int) -> bytes | None:
        """A body, None if there is no such resource."""

    def changed(self, resource: str, since: datetime) -> AsyncIterator[Sequence[bytes]]:
        """Pages of what changed."""


class Fetcher:
    """The two ways to read."""

    def __init__(
        self,
        outbox: Outbox,
        store: Store,
        *,
        source: str,
        clock: Clock,
        rng: random.Random,
        stored: asyncio.Event,
    ) -> None:
        self._outbox = outbox
        self._store = store
        self._source = source
        self._clock = clock
        self._rng = rng
        self._stored = stored

    async def one(self, subject: str) -> None:
        """The resource as it is now, if it is still there."""
        resource, _, number = subject.partition("/")
        began = await self._outbox.last_sequence()
        body = await self._store.one(resource, int(number))
        if body is not None:
            await self.take_in(resource, [body], began)

    async def changed(self, resource: str, since: datetime) -> None:
        """All of that kind that changed since then."""
        began = await self._outbox.last_sequence()
        async for page in self._store.changed(resource, since):
            await self.take_in(resource, page, began)
            began = await self._outbox.last_sequence()

    async def take_in(self, resource: str, bodies: Sequence[bytes], began: int) -> None:
        """Bodies that were read while ``began`` was the newest number enter the line."""
        now = self._clock.now()
        await asyncio.gather(
            *(
                self._outbox.append(
                    envelope.event_id(now, self._rng.getrandbits(74)),
                    Webhook(now, f"{resource}.updated", self._source, READ_BY_US, str(began), body),
                )
                for body in bodies
            )
        )
        self._stored.set()
