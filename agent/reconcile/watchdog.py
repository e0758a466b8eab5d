"""Every minute: does the store still tell us everything? WooCommerce disables a webhook after seven
failures in a row, for good, and tells nobody."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from agent import actor, errors
from agent.model.registration import Found
from agent.reconcile import repair

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta

    from agent.clock import Clock
    from agent.reconcile.repair import Book, Registry
    from agent.reconcile.webhooks import Topic

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 5.0
_FIRST_START = frozenset({Found.MISSING, Found.UNRECORDED})


class Watchdog:
    """The loop. ``trouble`` is what it could not repair; None where nothing is watched."""

    def __init__(
        self,
        registry: Registry,
        book: Book,
        *,
        delivery_url: str | None,
        every: Callable[[], timedelta],
        clock: Clock,
        asked: asyncio.Event,
    ) -> None:
        self._registry = registry
        self._book = book
        self._url = delivery_url
        self._every = every
        self._clock = clock
        self._asked = asked
        self._pause_s = 0.0
        self.trouble: str | None = None if delivery_url is None else ""

    async def run(self, stop: asyncio.Event) -> None:
        """Watches until told to stop."""
        if self._url is None:
            log.warning("the store's webhooks are not watched: set webhooks.delivery_url")
            await stop.wait()
            return
        await actor.run(self.run_once, stop=stop, nudged=asyncio.Event(), clock=self._clock)

    async def run_once(self) -> float:
        """One look, and what follows from it; how long to rest after it."""
        every_s = self._every().total_seconds()
        topics: list[Topic] = []
        repaired: list[Topic] = []
        try:
            topics = await repair.look(
                self._registry, self._book, self._url or "", self._clock.now()
            )
            left = await repair.repair(self._registry, self._book, topics, repaired.append)
        except errors.StoreRefusedError as error:
            self._doubt(error.message)
            return self._away(every_s)
        except errors.StoreError as error:
            lost = [one for one in topics if one.is_losing and one not in repaired]
            if lost:
                self._doubt(_named({one.topic: error.message for one in lost}, lost))
            elif not self._pause_s:
                log.warning("the store's webhooks can't be looked at: %s", error.message)
            return self._away(every_s)
        finally:
            if repaired:
                self._tell(repaired)
                self._asked.set()
        self._doubt(_named(left, topics))
        if self._pause_s:
            log.info("the store's webhooks are looked at again")
        self._pause_s = 0.0
        return every_s

    def _away(self, every_s: float) -> float:
        self._pause_s = actor.longer(self._pause_s, FIRST_PAUSE_S, every_s)
        return self._pause_s

    def _doubt(self, trouble: str) -> None:
        """Said once, as long as it stays the same."""
        if trouble and trouble != self.trouble:
            log.error("the store does not tell everything: %s", trouble)
        self.trouble = trouble

    @staticmethod
    def _tell(repaired: Sequence[Topic]) -> None:
        usual = all(one.found in _FIRST_START for one in repaired)
        told = ", ".join(f"{one.topic} ({one.found})" for one in repaired)
        log.log(logging.INFO if usual else logging.WARNING, "webhooks put right: %s", told)


def _named(left: Mapping[str, str], topics: Sequence[Topic]) -> str:
    """Which topics, what is wrong with each, and why the first could not be repaired."""
    if not left:
        return ""
    found = {one.topic: one.found for one in topics}
    names = ", ".join(f"{topic} ({found[topic]})" for topic in left)
    return f"webhooks that could not be repaired: {names}; {next(iter(left.values()))}"
