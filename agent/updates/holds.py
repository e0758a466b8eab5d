"""Held updates that nobody need decide on any more: expired, or overtaken by something newer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from agent import actor, metrics
from agent.updates import plan, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.clock import Clock
    from agent.model.inbox import Fence, FenceKey, Opened, Settlement

IDLE_S = 5.0


class Inbox(Protocol):
    """What is needed of the storage."""

    async def review(
        self,
        after: int,
        decide: Callable[[Opened, Mapping[FenceKey, Fence]], Settlement | None],
    ) -> tuple[list[Settlement], int]:
        """Settles held updates above a number that ``decide`` says are over; those, and the number
        after which to go on, 0 at the end."""


class Holds:
    """The loop."""

    def __init__(self, inbox: Inbox, *, clock: Clock, settled: asyncio.Event) -> None:
        self._inbox = inbox
        self._clock = clock
        self._settled = settled
        self._after = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Looks through what is held until asked to stop."""
        await actor.run(self.run_once, stop=stop, nudged=asyncio.Event(), clock=self._clock)

    async def run_once(self) -> float:
        """Some of them; how long to rest after it."""
        over, self._after = await self._inbox.review(self._after, self._over)
        for settlement in over:
            metrics.UPDATES.labels(settlement.state).inc()
        if over:
            self._settled.set()
        return 0.0 if self._after else IDLE_S

    def _over(self, held: Opened, fences: Mapping[FenceKey, Fence]) -> Settlement | None:
        values = versions.in_force(held, fences, stronger=(), later=())
        return plan.ended(held, values, self._clock.now())
