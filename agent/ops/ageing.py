"""Settled rows go after ``state.retention``, and the space they took goes back to the disk. What is
known of customers who were deleted in the store goes as soon as none of their orders is open.

Small steps with pauses between them: whoever writes meanwhile waits for one step at most.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from agent import actor

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from agent.clock import Clock

BETWEEN_STEPS_S = 0.05
IDLE_S = 10.0


class Settled(Protocol):
    """What is needed of the storage."""

    async def erase(self, now: datetime) -> bool:
        """Takes a step to erase deleted customers; whether there was anything to do."""

    async def forget(self, before: datetime) -> int:
        """Deletes some of the rows settled before that; how many, 0 if there are none left."""

    async def drop_translations(self, now: datetime) -> bool:
        """Drops some of the translations that are not needed any more; whether there were any."""

    async def give_back(self) -> bool:
        """Hands some of the free pages back to the disk; whether there were any."""


class Ageing:
    """The loop."""

    def __init__(
        self, settled: Settled, *, retention: Callable[[], timedelta], clock: Clock
    ) -> None:
        self._settled = settled
        self._retention = retention
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Ages rows until asked to stop."""
        await actor.run(self.run_once, stop=stop, nudged=asyncio.Event(), clock=self._clock)

    async def run_once(self) -> float:
        """One step; how long to rest after it."""
        now = self._clock.now()
        if (
            await self._settled.erase(now)
            or await self._settled.forget(now - self._retention())
            or await self._settled.drop_translations(now)
            or await self._settled.give_back()
        ):
            return BETWEEN_STEPS_S
        return IDLE_S
