"""Wakes the store's cron while webhooks are late, by the call that a system's cron would make."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from agent import actor, errors, metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from agent.clock import Clock
    from agent.reconcile.lateness import Lateness

log = logging.getLogger(__name__)

LOOK_EVERY_S = 10.0
LATE_S = 60.0  # a cron that runs every minute delivers within one
WAKE_EVERY_S = 60.0  # WordPress takes no more: its cron holds a lock for so long


class Store(Protocol):
    """What is needed of the store."""

    async def wake_cron(self) -> bool:
        """Whether its cron answered in time; it runs all the same. Raises StoreError."""


class Waking:
    """The loop. ``trouble`` says why the cron can't be woken, empty if it can."""

    def __init__(
        self,
        lateness: Lateness,
        store: Store,
        *,
        on: Callable[[], bool],
        ask: Callable[[Sequence[str]], Awaitable[None]],
        clock: Clock,
    ) -> None:
        """``ask``: those subjects are to be read again, for they may be gone."""
        self._lateness = lateness
        self._ask = ask
        self.trouble = ""
        self._store = store
        self._on = on
        self._clock = clock
        self._waking = False
        self._next = clock.monotonic()

    async def run(self, stop: asyncio.Event) -> None:
        """Looks until told to stop."""
        await actor.run(self.run_once, stop=stop, nudged=asyncio.Event(), clock=self._clock)

    async def run_once(self) -> float:
        """One look; how long to rest after it."""
        if lost := self._lateness.lost():
            metrics.WEBHOOKS_LOST.inc(len(lost))
            log.info("no webhook told of %d changes, the first: %s", len(lost), lost[0])
        if doubtful := self._lateness.doubtful():
            await self._ask(doubtful)
        late_s = self._lateness.late_s()
        if late_s <= LATE_S or not self._on():
            if self._waking and late_s <= LATE_S:
                log.info("the store's webhooks come in time again")
            self._waking, self.trouble = False, ""
        elif self._clock.monotonic() >= self._next:
            if not self._waking:
                log.info("webhooks are %.0f s late, the store's cron is woken", late_s)
            self._waking = True
            self._next = self._clock.monotonic() + WAKE_EVERY_S
            await self._wake()
        return LOOK_EVERY_S

    async def _wake(self) -> None:
        try:
            outcome = "answered" if await self._store.wake_cron() else "no_answer"
        except errors.StoreError as error:
            outcome = "refused"
            if not self.trouble:
                log.warning("the store's cron can't be woken: %s", error.message)
            self.trouble = error.message
        else:
            self.trouble = ""
        metrics.CRON_WAKES.labels(outcome).inc()
