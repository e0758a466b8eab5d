"""Reads the gateway's feed, page by page; a page and its cursor are stored together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from agent import actor, tracing
from agent.gateway import protocol
from agent.updates import intake

if TYPE_CHECKING:
    import random

    from agent.clock import Clock
    from agent.model.delivery import Answer
    from agent.model.inbox import Intake, KnownVersions
    from agent.settings import Settings

log = logging.getLogger(__name__)

PAGE = 500
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 60.0
LONGEST_ASKED_S = 3600.0


class Inbox(Protocol):
    """What the puller needs of the storage."""

    async def cursor(self) -> str | None:
        """How far the feed was read."""

    async def journal(self) -> int:
        """The number of the gateway's journal, as far as it is known."""

    async def start_anew(self) -> None:
        """Read from the start, and apply nothing until the end was seen."""

    async def caught_up(self, asked_in: int) -> bool:
        """The end was seen; True if that is news."""

    async def take_in(
        self,
        ids: Sequence[str],
        skus: Sequence[str],
        decide: Callable[[frozenset[str], KnownVersions], Intake],
        cursor: str | None,
        versions: Sequence[int],
        *,
        asked_in: int,
    ) -> Intake:
        """Stores what ``decide`` makes of a page, together with its cursor; nothing of one that was
        ``asked_in`` a journal before: it belongs to the feed as it was."""


class Gateway(Protocol):
    """What the puller needs of the gateway."""

    async def get_updates(self, after: str | None, *, limit: int, wait_s: float) -> Answer:
        """The next page; never raises for what the network does."""


class TakesNote(Protocol):
    """What the gateway calls its journal."""

    async def __call__(self, name: str, head_position: int | None, *, asked_in: int) -> bool:
        """True if it is not the one it was. The answer to a request that was made in an earlier
        one, ``asked_in``, may name that."""


class Puller:
    """The loop."""

    def __init__(
        self,
        inbox: Inbox,
        gateway: Gateway,
        *,
        settings: Callable[[], Settings],
        clock: Clock,
        rng: random.Random,
        arrived: asyncio.Event,
        journal: TakesNote,
    ) -> None:
        self._inbox = inbox
        self._gateway = gateway
        self._settings = settings
        self._clock = clock
        self._rng = rng
        self._arrived = arrived
        self._journal = journal
        self._pause_s = 0.0
        self.trouble = ""
        self.usurped = False

    async def run(self, stop: asyncio.Event) -> None:
        """Polls until asked to stop. A poll that the gateway holds is cut off then: nothing is
        lost, the cursor has not moved."""
        pulling = asyncio.create_task(
            actor.run(self.run_once, stop=stop, nudged=asyncio.Event(), clock=self._clock)
        )
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((pulling, stopping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            if not pulling.done():
                pulling.cancel()
                await asyncio.wait((pulling,))
        if not pulling.cancelled():
            pulling.result()

    async def run_once(self) -> float:
        """One page; how long to rest before the next."""
        settings = self._settings()
        wait_s = settings.updates.wait.total_seconds()
        started = self._clock.monotonic()
        asked_in = await self._inbox.journal()
        after = await self._inbox.cursor()
        answer = await self._gateway.get_updates(after, limit=PAGE, wait_s=wait_s)
        code = protocol.conflict(answer)
        self.usurped = code == protocol.ANOTHER_INSTANCE
        if code == protocol.CURSOR_UNKNOWN:
            log.warning("the gateway does not know our place in its feed: reading from the start")
            await self._inbox.start_anew()
            return FIRST_PAUSE_S
        page = protocol.page(answer)
        if page is None:
            return self._paused(answer)
        if self.trouble:
            log.info("the gateway's feed can be read again")
        self.trouble, self._pause_s = "", 0.0
        items, cursor = page.items, page.cursor
        named = protocol.journal(answer)
        if named is not None and await self._journal(*named, asked_in=asked_in):
            return FIRST_PAUSE_S  # this page belongs to the feed as it was
        news = await self._take_in(items, cursor, asked_in) if items else 0
        if len(items) < PAGE and await self._inbox.caught_up(asked_in):
            self._arrived.set()
        if news or (items and cursor != after):
            return 0.0
        if not items and self._clock.monotonic() - started >= wait_s * 0.5 and wait_s:
            return 0.0  # it was held: this is a long poll, and nothing came
        every_s = settings.gateway.poll_every.total_seconds()
        return min(answer.retry_after_s or every_s, LONGEST_ASKED_S)

    async def _take_in(self, items: Sequence[object], cursor: str, asked_in: int) -> int:
        """How many of them are new. A gateway that sends more than it was asked for is taken in
        piece by piece; the place moves with the last one."""
        news = 0
        for start in range(0, len(items), PAGE):
            last = start + PAGE >= len(items)
            some = items[start : start + PAGE]
            news += await self._piece(some, cursor if last else None, asked_in)
        self._arrived.set()
        return news

    async def _piece(self, items: Sequence[object], cursor: str | None, asked_in: int) -> int:
        page = intake.entries(items)

        def decide(seen: frozenset[str], known: KnownVersions) -> Intake:
            return intake.decide(page, seen, known, self._clock.now())

        taken = await self._inbox.take_in(
            [entry.id for entry in page],
            intake.skus(page),
            decide,
            cursor,
            intake.version_numbers(page),
            asked_in=asked_in,
        )
        for row in taken.rows:
            if row.code is not None and row.due_at is None:
                with tracing.working(row.correlation_id):
                    log.warning("update %s rejected: %s (%s)", row.id, row.code, row.message)
        if taken.approved:
            log.info("the gateway approves %d updates", len(taken.approved))
        return len(taken.rows)

    def _paused(self, answer: Answer) -> float:
        status = protocol.BROKEN_ANSWER if answer.status == 200 else f"http_{answer.status}"
        reason = answer.failure or status
        if reason != self.trouble:
            log.warning(
                "the gateway's feed can't be read: %s (%s)",
                reason,
                answer.why_not or answer.excerpt,
            )
        self.trouble = reason
        self._pause_s = actor.longer(self._pause_s, FIRST_PAUSE_S, LONGEST_PAUSE_S)
        asked_s = min(answer.retry_after_s or 0.0, LONGEST_ASKED_S)
        return max(asked_s, self._rng.uniform(self._pause_s / 2, self._pause_s))
