"""Compares everything, once in a while: what no webhook and no look told of is found here."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from agent import actor, errors
from agent.model import content
from agent.reconcile.comparison import Wanted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from agent.clock import Clock
    from agent.reconcile.comparison import Comparison
    from agent.settings import Settings

log = logging.getLogger(__name__)

FIRST = 600.0  # seconds after the start of a state that was never compared
FIRST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 3600.0


class Sides(Protocol):
    """What was swept."""

    async def last_sequence(self) -> int:
        """The highest number that was given so far."""

    async def swept_at(self) -> datetime | None:
        """When the last sweep ended."""

    async def swept(self, at: datetime, report: bytes) -> None:
        """One ended with that report, JSON."""


class Fetcher(Protocol):
    """Where the report enters the line."""

    async def take_in(self, resource: str, bodies: Sequence[bytes], began: int) -> None:
        """Bodies enter the line."""


class Sweep:
    """The loop."""

    def __init__(
        self,
        comparison: Comparison,
        sides: Sides,
        fetcher: Fetcher,
        *,
        known: Callable[[], Awaitable[bool]],
        settings: Callable[[], Settings],
        clock: Clock,
    ) -> None:
        """``known``: whether the orders of the beginning are."""
        self._comparison = comparison
        self._sides = sides
        self._fetcher = fetcher
        self._known = known
        self._settings = settings
        self._clock = clock
        self._started = clock.monotonic()
        self._pause_s = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Compares until asked to stop."""
        await actor.run(
            self.run_once, stop=stop, nudged=asyncio.Event(), clock=self._clock, interruptible=True
        )

    async def run_once(self) -> float:
        """One sweep, if it is time for it; how long to rest after it."""
        due_s = await self._due_s()
        if due_s > 0 or not await self._known():
            return max(1.0, min(due_s, LONGEST_PAUSE_S))
        try:
            repair = self._settings().reconcile.stock == "repair"
            made = await self._comparison.compare(Wanted(repair=repair))
        except errors.StoreError as error:
            if not self._pause_s:
                log.warning("both ends are not compared: %s", error.message)
            self._pause_s = actor.longer(self._pause_s, FIRST_PAUSE_S, LONGEST_PAUSE_S)
            return self._pause_s
        self._pause_s = 0.0
        began = await self._sides.last_sequence()
        await self._fetcher.take_in("report", [content.encoded(made)], began)
        await self._sides.swept(self._clock.now(), content.encoded(made))
        return 0.0

    async def _due_s(self) -> float:
        every_s = self._settings().reconcile.sweep_every.total_seconds()
        last = await self._sides.swept_at()
        if last is None:
            return min(FIRST, every_s) - (self._clock.monotonic() - self._started)
        since_s = (self._clock.now() - last).total_seconds()
        return every_s - since_s if since_s >= 0 else 0.0  # the clock was put back
