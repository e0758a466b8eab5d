"""Reads the orders of the last weeks, and all since the store went live, once, at the beginning:
what they hold of the stock must be known before any figure of the ERP can be put right.

Those that are from before, and did not change since, count as seen by the ERP; others enter the
line as events.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from agent import actor, errors
from agent.events.judge import READ_AT_ONCE
from agent.model.history import is_history

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Sequence
    from datetime import datetime, timedelta

    from agent.clock import Clock
    from agent.model.delivery import Reading
    from agent.settings import Settings

log = logging.getLogger(__name__)

BETWEEN_PAGES_S = 0.5
JUDGED_SOON_S = 0.2
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 300.0
IDLE_S = 86_400.0


class Outbox(Protocol):
    """What is needed of the storage."""

    async def last_sequence(self) -> int:
        """The highest number that was given so far."""

    async def told_since(self) -> datetime:
        """What did not change since then counts as seen, and is not told."""

    async def compare_clocks(self, ahead: timedelta) -> None:
        """The store has answered, and its clock is so far ahead of ours."""

    async def baseline_done(self) -> bool:
        """Whether all of this was done before."""

    async def assume_seen(self, readings: Sequence[Reading], sequence: int) -> Collection[str]:
        """Takes in orders that count as seen; the subjects of those that are to be judged."""

    async def finish_baseline(self, sequence: int, until: datetime) -> bool:
        """It is done once everything up to that number is judged; what changed after ``until`` is
        found by looks."""


class Store(Protocol):
    """Where they come from. Every call raises StoreError."""

    def changed(self, resource: str, since: datetime) -> AsyncIterator[Sequence[bytes]]:
        """Pages of what changed."""


class Fetcher(Protocol):
    """What is needed of ``agent.events.fetching``."""

    async def take_in(self, resource: str, bodies: Sequence[bytes], began: int) -> None:
        """Bodies enter the line."""


class Baseline:
    """The loop: a page at a time. It sets ``known`` once the stock line may begin."""

    def __init__(
        self,
        outbox: Outbox,
        store: Store,
        fetcher: Fetcher,
        read: Callable[[bytes], Reading],
        *,
        store_now: Callable[[], datetime],
        settings: Callable[[], Settings],
        clock: Clock,
        known: asyncio.Event,
    ) -> None:
        self._outbox = outbox
        self._store = store
        self._fetcher = fetcher
        self._read = read
        self._store_now = store_now
        self._settings = settings
        self._clock = clock
        self._known = known
        self._done = False
        self._began = clock.now()
        self._pages: AsyncIterator[Sequence[bytes]] | None = None
        self._last: int | None = None  # number up to which all must be judged
        self._pause_s = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Reads until it is done, or told to stop."""
        await actor.run(self.run_once, stop=stop, nudged=asyncio.Event(), clock=self._clock)

    async def run_once(self) -> float:
        """Reads a page; how long to rest after it."""
        self._done = self._done or await self._outbox.baseline_done()
        if self._done:
            return IDLE_S
        if self._last is None:
            return await self._next_page()
        if not await self._outbox.finish_baseline(self._last, self._began):
            return JUDGED_SOON_S
        log.info("the store's orders are known")
        self._known.set()
        self._done = True
        return IDLE_S

    async def _next_page(self) -> float:
        is_first = self._pages is None
        if self._pages is None:
            self._began = self._clock.now()
            since = self._began - self._settings().inventory.baseline
            since = min(since, await self._outbox.told_since())
            self._pages = self._store.changed("order", since)
        began = await self._outbox.last_sequence()
        try:
            page = await anext(self._pages, None)
        except errors.StoreError as error:
            if not self._pause_s:
                log.warning("stock waits until the store's orders are read: %s", error.message)
            self._pages = None  # what was read before is found again, and left
            self._pause_s = actor.longer(self._pause_s, FIRST_PAUSE_S, LONGEST_PAUSE_S)
            return self._pause_s
        self._pause_s = 0.0
        if is_first:
            ahead = self._store_now() - self._clock.now()
            self._began = min(self._began, self._began + ahead)
            await self._outbox.compare_clocks(ahead)
        if page is None:
            self._last = await self._outbox.last_sequence()
            return 0.0
        await self._take_in(page, began)
        return BETWEEN_PAGES_S if page else 0.0

    async def _take_in(self, page: Sequence[bytes], began: int) -> None:
        since = await self._outbox.told_since()
        old: dict[str, bytes] = {}
        readings: list[Reading] = []
        events: list[bytes] = []
        for number, body in enumerate(page, start=1):
            said = self._read(body)
            if number % READ_AT_ONCE == 0:
                await asyncio.sleep(0)
            if said.verdict is not None:
                continue
            if not is_history((said.created_at, said.changed_at), since):
                events.append(body)
            elif said.untranslatable:
                log.warning(
                    "what %s holds of the stock is not known: %s", said.subject, said.untranslatable
                )
            else:
                old[said.subject] = body
                readings.append(said)
        events += [old[subject] for subject in await self._outbox.assume_seen(readings, began)]
        await self._fetcher.take_in("order", events, began)
