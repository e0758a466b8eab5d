"""Reads the gateway's feed, page by page; a page and its cursor are stored together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from agent import actor
from agent.updates import intake

if TYPE_CHECKING:
    import random

    from agent.clock import Clock
    from agent.model.delivery import Answer
    from agent.model.update import Intake, KnownVersions
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

    async def forget_cursor(self) -> None:
        """Read from the start."""

    async def take_in(
        self,
        ids: Sequence[str],
        skus: Sequence[str],
        decide: Callable[[frozenset[str], KnownVersions], Intake],
        cursor: str,
    ) -> Intake:
        """Stores what ``decide`` makes of a page, together with its cursor."""


class Gateway(Protocol):
    """What the puller needs of the gateway."""

    async def get_updates(self, after: str | None, *, limit: int, wait_s: float) -> Answer:
        """The next page; never raises for what the network does."""


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
    ) -> None:
        self._inbox = inbox
        self._gateway = gateway
        self._settings = settings
        self._clock = clock
        self._rng = rng
        self._arrived = arrived
        self._pause_s = 0.0
        self.trouble = ""

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
        answer = await self._gateway.get_updates(
            await self._inbox.cursor(), limit=PAGE, wait_s=wait_s
        )
        if answer.status == 409 and _code(answer) == "cursor_unknown":
            log.warning("the gateway does not know our place in its feed: reading from the start")
            await self._inbox.forget_cursor()
            return FIRST_PAUSE_S
        page = _page(answer)
        if page is None:
            return self._paused(answer)
        if self.trouble:
            log.info("the gateway's feed can be read again")
        self.trouble, self._pause_s = "", 0.0
        items, cursor = page
        if items:
            await self._take_in(items, cursor)
            return 0.0
        if self._clock.monotonic() - started >= wait_s * 0.5 and wait_s:
            return 0.0  # it was held: this is a long poll, and nothing came
        every_s = settings.gateway.poll_every.total_seconds()
        return min(answer.retry_after_s or every_s, LONGEST_ASKED_S)

    async def _take_in(self, items: Sequence[object], cursor: str) -> None:
        page = intake.entries(items)

        def decide(seen: frozenset[str], known: KnownVersions) -> Intake:
            fresh = [entry for entry in page if entry.id not in seen]
            return intake.decide(fresh, known, self._clock.now())

        taken = await self._inbox.take_in(
            [entry.id for entry in page], intake.skus(page), decide, cursor
        )
        for row in taken.rows:
            if row.code is not None and row.due_at is None:
                log.warning("update %s rejected: %s (%s)", row.id, row.code, row.message)
        self._arrived.set()

    def _paused(self, answer: Answer) -> float:
        reason = answer.failure or f"http_{answer.status}"
        if reason != self.trouble:
            log.warning("the gateway's feed can't be read: %s (%s)", reason, answer.excerpt)
        self.trouble = reason
        self._pause_s = min(max(self._pause_s * 2, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        asked_s = min(answer.retry_after_s or 0.0, LONGEST_ASKED_S)
        return max(asked_s, self._rng.uniform(self._pause_s / 2, self._pause_s))


def _page(answer: Answer) -> tuple[list[object], str] | None:
    """Items and cursor, None where the answer is not a page."""
    body: Any = answer.body
    if answer.status != 200 or not isinstance(body, Mapping):
        return None
    items, cursor = body.get("updates"), body.get("cursor")
    if not isinstance(items, list) or not (
        (isinstance(cursor, str) and cursor.isprintable()) or (cursor is None and not items)
    ):
        return None
    return items, cursor or ""


def _code(answer: Answer) -> str:
    if not isinstance(answer.body, Mapping):
        return ""
    named = answer.body.get("code") or str(answer.body.get("type", "")).rpartition("/")[2]
    return str(named)
