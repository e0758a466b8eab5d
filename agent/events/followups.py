"""Asks the store what stored webhooks do not tell: was it really a product that was deleted, how is
a resource whose body came late, what changed while error objects came in place of resources, which
refunds has an order?"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from agent import actor, errors, metrics, tracing
from agent.events import verdicts
from agent.model.delivery import Followup, Judged, Look, Reading, Received, Verdict

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
    from datetime import datetime

    from agent.clock import Clock

T = TypeVar("T")

log = logging.getLogger(__name__)

MOST = 100  # as many as a list shows at once
IDLE_S = 5.0
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 300.0
CONFIRMED_AFTER_S = 300.0


class Outbox(Protocol):
    """What is needed of the storage."""

    async def followups(self, most: int) -> list[Followup]:
        """Those that are due."""

    async def received(self, sequence: int) -> Received | None:
        """The stored webhook, None if it is gone."""

    async def conclude(self, followup: Followup, judged: Judged | None) -> None:
        """The look was taken; writes the verdict it gave, if there is one."""

    async def looked(self, followup: Followup, *, until: datetime, untold: bool = False) -> None:
        """What the store had until then was read; ``untold``: no webhook had told of some of it."""

    async def postpone(self, followup: Followup, *, after_s: float) -> None:
        """That look is taken later."""


class Store(Protocol):
    """What is needed of the store."""

    async def status_of(self, resource: str, number: int) -> str | None:
        """The status of a resource, ``trash`` if it is there; None if there is none of that kind.
        Raises StoreError."""


class Fetcher(Protocol):
    """What is needed of ``agent.events.fetching``. Every call raises StoreError."""

    async def one(self, subject: str, *, backfill: bool, sure: bool) -> bool:
        """Reads a resource, or finds that it is gone; False where that is not ``sure``, and is not
        told."""

    async def answers(self) -> bool:
        """Whether the store answers at all; raises nothing."""

    async def several(
        self, resource: str, subjects: Sequence[str], *, backfill: bool
    ) -> Collection[str]:
        """Reads resources of a kind in one request; which of them were shown."""

    async def untold(self, resource: str, since: datetime) -> bool:
        """Reads what changed of a kind; whether no webhook had told of some of it."""

    async def refunds(self, order: str, cause: str) -> None:
        """Reads the refunds of an order, which the event ``cause`` named."""


class Budget(Protocol):
    """What comparisons may ask of the store."""

    def wait_s(self) -> float:
        """Seconds until its next request; 0 if it may be made now."""

    async def spend(self, work: Callable[[], Awaitable[T]]) -> T:
        """Does the work, which is a request."""


class Followups:
    """The loop."""

    def __init__(
        self,
        outbox: Outbox,
        store: Store,
        fetcher: Fetcher,
        read: Callable[[Received], Reading],
        *,
        budget: Budget,
        clock: Clock,
        asked: asyncio.Event,
        judged: asyncio.Event,
    ) -> None:
        self._outbox = outbox
        self._store = store
        self._fetcher = fetcher
        self._read = read
        self._budget = budget
        self._clock = clock
        self._asked = asked
        self._judged = judged
        self._alone: set[str] = set()
        self._gone: set[str] = set()  # customers, as one answer said
        self._pause_s = 0.0
        self._paused_until = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Asks until told to stop."""
        await actor.run(self.run_once, stop=stop, nudged=self._asked, clock=self._clock)

    async def run_once(self) -> float:
        """Works off what is due; how long to rest after it."""
        left_s = self._paused_until - self._clock.monotonic()
        if left_s > 0:  # new questions do not bring the store back
            return left_s
        due = await self._outbox.followups(MOST)
        rest_s = 0.0 if len(due) == MOST else IDLE_S
        for group in grouped(due, self._alone):
            if group[0].compared and (left_s := self._budget.wait_s()):
                return min(left_s, IDLE_S)
            try:
                if not await self._look(group):
                    rest_s = 0.0
            except errors.StoreError as error:
                if not isinstance(error, errors.StoreRejectedError) and (
                    not await self._fetcher.answers()
                ):
                    return self._away(error)
                await self._set_back(group, error)
                rest_s = 0.0
        self._pause_s = 0.0
        return rest_s

    def _away(self, error: errors.StoreError) -> float:
        if not self._pause_s:
            log.warning("what is to be looked up waits for the store: %s", error.message)
        self._pause_s = actor.longer(self._pause_s, FIRST_PAUSE_S, LONGEST_PAUSE_S)
        self._paused_until = self._clock.monotonic() + self._pause_s
        return self._pause_s

    async def _set_back(self, group: Sequence[Followup], error: errors.StoreError) -> None:
        """The store answers, but not that: the others must not wait for it."""
        if len(group) > 1:
            self._alone |= {one.subject for one in group}
            return
        log.warning("%s, asked again later: %s", group[0].subject, error.message)
        await self._outbox.postpone(group[0], after_s=LONGEST_PAUSE_S)

    async def _look(self, group: Sequence[Followup]) -> bool:
        """Whether it is done with; what no list shows is asked for alone the next time."""

        async def look() -> bool:
            return await (self._ask_all(group) if len(group) > 1 else self._ask(group[0]))

        return await (self._budget.spend(look) if group[0].compared else look())

    async def _ask_all(self, group: Sequence[Followup]) -> bool:
        began, first = self._clock.now(), group[0]
        shown = await self._fetcher.several(
            first.subject.partition("/")[0],
            [one.subject for one in group],
            backfill=first.backfill,
        )
        for followup in group:
            if followup.subject in shown:
                await self._outbox.looked(followup, until=began)
        missing = {one.subject for one in group} - {*shown}
        self._alone |= missing
        return not missing

    async def _ask(self, followup: Followup) -> bool:
        with tracing.working(followup.subject):
            if followup.kind == Look.DELETION:
                await self._deletion(followup)
            else:
                await self._read_now(followup)
        return True

    async def _read_now(self, followup: Followup) -> None:
        began, subject, untold = self._clock.now(), followup.subject, False
        if followup.since is not None:
            untold = await self._fetcher.untold(subject, followup.since)
        elif not subject.partition("/")[2].isdecimal():
            log.warning("%s can't be looked up: it has no number", subject)
        elif followup.kind == Look.REFUNDS:
            order = await self._outbox.received(followup.cause)
            await self._fetcher.refunds(subject, order.id if order else "")
        else:
            # A customer who is gone is erased, for good: one answer is not enough for that.
            sure = not subject.startswith("customer/") or subject in self._gone
            if not await self._fetcher.one(subject, backfill=followup.backfill, sure=sure):
                self._gone.add(subject)
                await self._outbox.postpone(followup, after_s=CONFIRMED_AFTER_S)
                return
        self._alone.discard(subject)
        self._gone.discard(subject)
        await self._outbox.looked(followup, until=began, untold=untold)

    async def _deletion(self, followup: Followup) -> None:
        row = await self._outbox.received(followup.cause)
        if row is None:
            await self._outbox.conclude(followup, None)
            return
        resource, _, number = followup.subject.partition("/")
        status = await self._store.status_of(resource, int(number))
        found, reading = verdict(status), self._read(row)
        if found is Verdict.OTHER_KIND:
            why = f"the store has no {resource} with that id, and none was known"
            reading = replace(reading, reason=why)
        read = verdicts.Read(row.sequence, reading)
        await self._outbox.conclude(followup, verdicts.conclude(read, found))
        metrics.VERDICTS.labels(found).inc()
        self._judged.set()


def grouped(due: Iterable[Followup], alone: Collection[str] = ()) -> list[list[Followup]]:
    """Looks that are one request: those at resources of one kind as they are now, but for those
    that are asked for alone; in order."""
    groups: dict[object, list[Followup]] = {}
    for one in due:
        key: object = (one.kind, one.subject)
        if one.kind in (Look.RESOURCE, Look.AGAIN) and one.subject not in alone:
            key = (one.subject.partition("/")[0], one.compared, one.backfill)
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def verdict(status: str | None) -> Verdict:
    """What a deletion of a resource with that status is: trashed, it really went; still there, it
    came back since; nowhere, the id was that of something else (a page, or a product)."""
    if status is None:
        return Verdict.OTHER_KIND
    return Verdict.EVENT if status == "trash" else Verdict.STALE
