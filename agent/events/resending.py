"""Works off what the gateway asked to be sent again, step by step: webhooks are stored between."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from agent import actor

if TYPE_CHECKING:
    from agent.clock import Clock

BETWEEN_STEPS_S = 0.05
IDLE_S = 1.0


class Outbox(Protocol):
    """What is needed of the storage."""

    async def resend(self) -> bool:
        """Puts some of what was asked for back into its lanes; False if nothing was asked for."""


class Resending:
    """The loop; ``requeued`` is set when there is something to send, ``settled`` when there may be
    a result to report."""

    def __init__(
        self, outbox: Outbox, *, clock: Clock, requeued: asyncio.Event, settled: asyncio.Event
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._requeued = requeued
        self._settled = settled

    async def run(self, stop: asyncio.Event) -> None:
        """Looks for requests until asked to stop."""
        await actor.run(self.run_once, stop=stop, nudged=asyncio.Event(), clock=self._clock)

    async def run_once(self) -> float:
        """One step; how long to rest after it."""
        if not await self._outbox.resend():
            return IDLE_S
        self._requeued.set()
        self._settled.set()
        return BETWEEN_STEPS_S
