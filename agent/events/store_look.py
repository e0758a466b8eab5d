"""Looks at the store itself at the start and a few times a day: its currency, how it keeps taxes
and stock, what it runs on. No webhook tells of a change of those."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from agent import actor, errors

if TYPE_CHECKING:
    from agent.clock import Clock

log = logging.getLogger(__name__)

EVERY_S = 3 * 3600.0
FIRST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 3600.0


class Fetcher(Protocol):
    """What is needed of ``agent.events.fetching``."""

    async def store(self, store_id: str) -> None:
        """Reads the store itself. Raises StoreError."""


class StoreLook:
    """The loop."""

    def __init__(self, fetcher: Fetcher, *, store_id: str, clock: Clock) -> None:
        self._fetcher = fetcher
        self._store_id = store_id
        self._clock = clock
        self._pause_s = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Looks until asked to stop."""
        await actor.run(self.run_once, stop=stop, nudged=asyncio.Event(), clock=self._clock)

    async def run_once(self) -> float:
        """One look; how long to rest after it."""
        try:
            await self._fetcher.store(self._store_id)
        except errors.StoreError as error:
            if not self._pause_s:
                log.warning("the store's own settings could not be read: %s", error.message)
            self._pause_s = actor.longer(self._pause_s, FIRST_PAUSE_S, LONGEST_PAUSE_S)
            return self._pause_s
        self._pause_s = 0.0
        return EVERY_S
