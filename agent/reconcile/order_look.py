"""A look at the orders that changed since the last one: what it finds is judged when it returns.

WooCommerce tells of a change late or never, and stock that is written meanwhile overwrites the
sale. What is known already is not stored again: looks are frequent, and most find nothing.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from agent.reconcile.high_water import HighWater

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.clock import Clock

_WAIT_S = 0.05


class Outbox(Protocol):
    """What is needed of the storage."""

    async def looked_until(self) -> datetime | None:
        """Until when orders were looked at, by the store's clock; None before the first look."""

    async def look_ended(self, until: datetime) -> None:
        """Orders were looked at until then."""

    async def is_judged(self, sequence: int) -> bool:
        """Every arrival up to that number has its row."""


class Fetcher(Protocol):
    """What is needed of ``agent.events.fetching``."""

    async def news(
        self, resource: str, since: datetime, saw: Callable[[datetime | None], None]
    ) -> int:
        """Takes in what changed and is not known; the highest number after it. ``saw`` is told of
        every date of change. Raises StoreError."""


class OrderLook:
    """One look at a time."""

    def __init__(
        self,
        outbox: Outbox,
        fetcher: Fetcher,
        *,
        store_now: Callable[[], datetime],
        clock: Clock,
        stored: asyncio.Event,
        judged: asyncio.Event,
    ) -> None:
        """``store_now`` is the time by the store's clock, as far as its answers told."""
        self._outbox = outbox
        self._fetcher = fetcher
        self._store_now = store_now
        self._clock = clock
        self._stored = stored
        self._judged = judged
        self._looking = asyncio.Lock()
        self._mark = HighWater(clock=clock)

    @property
    def behind(self) -> timedelta:
        """At least so far are the dates of changes behind the store's clock."""
        return self._mark.behind

    async def look(self) -> None:
        """Raises StoreError; what was found until then counts all the same."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        began = min(self._store_now(), self._clock.now())
        until = await self._outbox.looked_until()
        since = self._mark.begin(began, began if until is None else until)
        last = await self._fetcher.news("order", since, lambda at: self._mark.saw(at, began))
        self._stored.set()
        while not await self._outbox.is_judged(last):
            await self._clock.sleep(_WAIT_S, or_when=(self._judged,))
        await self._outbox.look_ended(self._mark.end(began))
