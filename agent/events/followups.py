"""Asks the store what a stored webhook does not tell: was it really a product that was deleted?"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from agent import actor, errors, metrics
from agent.events import verdicts
from agent.model.delivery import Followup, Judged, Reading, Received, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.clock import Clock

log = logging.getLogger(__name__)

MOST = 50
IDLE_S = 5.0
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 300.0


class Outbox(Protocol):
    """What is needed of the storage."""

    async def followups(self, most: int) -> list[Followup]:
        """Those that are due."""

    async def received(self, sequence: int) -> Received | None:
        """The stored webhook, None if it is gone."""

    async def conclude(self, followup: Followup, judged: Judged | None) -> None:
        """The look was taken; writes the verdict it gave, if there is one."""


class Store(Protocol):
    """What is needed of the store."""

    async def status_of(self, resource: str, number: int) -> str | None:
        """The status of a resource, ``trash`` if it is there; None if there is none of that kind.
        Raises StoreError."""


class Followups:
    """The loop."""

    def __init__(
        self,
        outbox: Outbox,
        store: Store,
        read: Callable[[Received], Reading],
        *,
        clock: Clock,
        judged: asyncio.Event,
    ) -> None:
        self._outbox = outbox
        self._store = store
        self._read = read
        self._clock = clock
        self._judged = judged
        self._pause_s = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Asks until told to stop."""
        await actor.run(self.run_once, stop=stop, nudged=asyncio.Event(), clock=self._clock)

    async def run_once(self) -> float:
        """Works off what is due; how long to rest after it."""
        due = await self._outbox.followups(MOST)
        for followup in due:
            try:
                await self._deletion(followup)
            except errors.StoreError as error:
                if not self._pause_s:
                    log.warning("deletions wait for the store: %s", error.message)
                self._pause_s = min(max(self._pause_s * 2, FIRST_PAUSE_S), LONGEST_PAUSE_S)
                return self._pause_s
        self._pause_s = 0.0
        return IDLE_S if len(due) < MOST else 0.0

    async def _deletion(self, followup: Followup) -> None:
        row = await self._outbox.received(followup.cause)
        if row is None:
            await self._outbox.conclude(followup, None)
            return
        resource, _, number = followup.subject.partition("/")
        status = await self._store.status_of(resource, int(number))
        found = verdict(status)
        read = verdicts.Read(row.sequence, self._read(row))
        await self._outbox.conclude(followup, verdicts.conclude(read, found))
        metrics.VERDICTS.labels(found).inc()
        self._judged.set()


def verdict(status: str | None) -> Verdict:
    """What a deletion of a resource with that status is: trashed, it really went; still there, it
    came back since; nowhere, the id was that of something else (a page, or a product)."""
    if status is None:
        return Verdict.OTHER_KIND
    return Verdict.EVENT if status == "trash" else Verdict.STALE
