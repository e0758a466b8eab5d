"""Looks for what changed without a webhook: WooCommerce sends each once, and loses some."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from agent import actor, errors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import timedelta

    from agent.clock import Clock

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 5.0
KNOWN_SOON_S = 1.0


class CatchUp:
    """The loop: at start, and every so often."""

    def __init__(
        self,
        look: Callable[[], Awaitable[None]],
        *,
        what: str,
        known: Callable[[], Awaitable[bool]],
        every: Callable[[], timedelta],
        clock: Clock,
    ) -> None:
        """``look`` raises StoreError, ``what`` names what it looks for; ``known``: whether the
        orders of the beginning were read, which finds all that a look would."""
        self._look = look
        self._what = what
        self._known = known
        self._every = every
        self._clock = clock
        self._pause_s = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Looks until told to stop."""
        await actor.run(
            self.run_once, stop=stop, nudged=asyncio.Event(), clock=self._clock, interruptible=True
        )

    async def run_once(self) -> float:
        """One look; how long to rest after it."""
        every_s = self._every().total_seconds()
        if not await self._known():
            return min(every_s, KNOWN_SOON_S)
        try:
            await self._look()
        except errors.StoreError as error:
            if not self._pause_s:
                log.warning("%s are not looked for: %s", self._what, error.message)
            self._pause_s = actor.longer(self._pause_s, FIRST_PAUSE_S, every_s)
            return self._pause_s
        if self._pause_s:
            log.info("%s are looked for again", self._what)
        self._pause_s = 0.0
        return every_s
