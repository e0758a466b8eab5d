"""Tells the gateway what became of its updates; a result is kept until the gateway has it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from agent import actor, tracing
from agent.gateway import protocol

if TYPE_CHECKING:
    import asyncio
    import random
    from contextlib import AbstractContextManager

    from agent.clock import Clock
    from agent.model.delivery import Answer

log = logging.getLogger(__name__)

BATCH = 200
IDLE_S = 2.0
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 300.0
LONGEST_ASKED_S = 3600.0


class Results(Protocol):
    """What the reporter needs of the storage."""

    async def unreported(self, most: int) -> list[tuple[int, Any]]:
        """(number, result) pairs, oldest first."""

    async def reported(self, numbers: Sequence[int]) -> None:
        """The gateway has those."""


class Gateway(Protocol):
    """What the reporter needs of the gateway."""

    async def post_results(self, results: list[Any]) -> Answer:
        """Never raises for what the network does."""


class Reporter:
    """The loop."""

    def __init__(
        self,
        results: Results,
        gateway: Gateway,
        *,
        clock: Clock,
        rng: random.Random,
        settled: asyncio.Event,
    ) -> None:
        self._results = results
        self._gateway = gateway
        self._clock = clock
        self._rng = rng
        self._settled = settled
        self._pause_s = 0.0
        self._most = BATCH

    async def run(self, stop: asyncio.Event) -> None:
        """Reports until asked to stop."""
        await actor.run(self.run_once, stop=stop, nudged=self._settled, clock=self._clock)

    async def run_once(self) -> float:
        """The oldest results; how long to rest after them."""
        waiting = await self._results.unreported(self._most)
        if not waiting:
            return IDLE_S
        answer = await self._gateway.post_results([result for _, result in waiting])
        numbers = [number for number, _ in waiting]
        if _is_about_content(answer):
            return await self._halved(waiting, answer)
        if not protocol.acknowledges(answer):
            return self._paused(answer)
        self._pause_s, self._most = 0.0, min(self._most * 2, BATCH)
        await self._results.reported(numbers)
        for _, result in waiting:
            with _work(result):
                log.debug("update %s is reported: %s", result.get("id"), result.get("status"))
        return 0.0

    async def _halved(self, waiting: Sequence[tuple[int, Any]], answer: Answer) -> float:
        """One of them is at fault: it must not hold up the others for good. What became of its
        update stays in the inbox."""
        if len(waiting) > 1:
            self._most = len(waiting) // 2
            return 0.0
        [(number, result)] = waiting
        with _work(result):
            log.error("the gateway refuses result %s: %s", number, answer.excerpt)
        await self._results.reported([number])
        return 0.0

    def _paused(self, answer: Answer) -> float:
        if not self._pause_s:
            reason = answer.failure or f"http_{answer.status}"
            log.warning("the gateway does not take results: %s (%s)", reason, answer.excerpt)
        self._pause_s = actor.longer(self._pause_s, FIRST_PAUSE_S, LONGEST_PAUSE_S)
        asked_s = min(answer.retry_after_s or 0.0, LONGEST_ASKED_S)
        return max(asked_s, self._rng.uniform(self._pause_s / 2, self._pause_s))


def _work(result: Mapping[str, Any]) -> AbstractContextManager[None]:
    return tracing.working(result.get("correlation_id", ""), result.get("traceparent", ""))


def _is_about_content(answer: Answer) -> bool:
    """The contract's error, or too large: not an nginx that says 400 to a missing certificate."""
    if answer.status == 413:
        return True
    return answer.status in (400, 422) and protocol.problem(answer) is not None
