"""Webhooks on bad days: late, lost, out of order; those that wait stand for later ones too."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from agent.clock import Clock
    from agent.demo.shop.webhooks import Job
    from agent.demo.store import Store

_LOOK_S = 0.01


class Postman:
    """``told(order, at)``: what that order was at that time has been taken in. ``losing`` is the
    share that is lost."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        rng: random.Random,
        *,
        told: Callable[[int, float], None],
        losing: float,
    ) -> None:
        self.lost = 0
        self._losing = losing
        self._store = store
        self._clock = clock
        self._rng = rng
        self._told = told
        self._waiting: set[Job] = set()

    async def run(self) -> None:
        """Works until cancelled."""
        async with asyncio.TaskGroup() as rounds:
            while True:
                for job in self._store.take_webhooks():
                    if job in self._waiting:
                        continue
                    if self._rng.random() < self._losing:
                        self.lost += 1
                        continue
                    self._waiting.add(job)
                    rounds.create_task(self._deliver(job))
                await self._clock.sleep(_LOOK_S)

    async def _deliver(self, job: Job) -> None:
        longest = self._rng.choice((0.1, 0.1, 0.1, 0.5, 2.0))
        await self._clock.sleep(self._rng.uniform(0, longest))
        self._waiting.discard(job)
        webhook, at = self._store.shop.webhooks.by_id[job.webhook_id], self._clock.monotonic()
        if await self._store.deliver(job) and webhook.resource == "order":
            self._told(job.resource_id, at)
        webhook.failures = 0  # while the agent is down; that it is disabled then is another story
