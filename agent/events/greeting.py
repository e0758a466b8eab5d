"""Asks the gateway who is there: what it takes, and the last number that it has of us.

Our numbers must go on above that one: a state that was lost, on a host whose clock was set back,
would otherwise give numbers again.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from agent import actor
from agent.events.terms import Agreement, Terms
from agent.gateway import protocol

if TYPE_CHECKING:
    from agent.clock import Clock
    from agent.model.delivery import Answer

log = logging.getLogger(__name__)

AGAIN_S = 60.0
RENEWED_S = 3600.0
_NOT_OFFERED = frozenset({404, 405, 501})


class Outbox(Protocol):
    """What is needed of the storage."""

    async def number_above(self, sequence: int) -> None:
        """Numbers given from now on are higher."""

    async def present_journal(self) -> int:
        """The number of the gateway's journal, as far as it is known."""

    async def journal(self, name: str, head_position: int | None, *, asked_in: int) -> bool:
        """Takes note of the gateway's journal; the answer to a request that was made in an earlier
        one, ``asked_in``, may name that."""


class Gateway(Protocol):
    """What is needed of the gateway."""

    async def get_store(self) -> Answer:
        """Never raises for what the network does."""


class Greeting:
    """Tried until it is answered, and again every hour: what the gateway takes may change."""

    def __init__(
        self,
        outbox: Outbox,
        gateway: Gateway,
        agreement: Agreement,
        *,
        clock: Clock,
        greeted: asyncio.Event,
    ) -> None:
        """``greeted`` is set whenever the gateway was asked: what waited for that may go on."""
        self._outbox = outbox
        self._gateway = gateway
        self._agreement = agreement
        self._clock = clock
        self._greeted = greeted

    async def run(self, stop: asyncio.Event) -> None:
        """Asks until asked to stop."""
        await actor.run(self.run_once, stop=stop, nudged=asyncio.Event(), clock=self._clock)

    async def run_once(self) -> float:
        """Asks once; how long to rest after it."""
        asked_in = await self._outbox.present_journal()
        answer = await self._gateway.get_store()
        try:
            return await self._taken(answer, asked_in)
        finally:
            self._agreement.asked = True
            self._greeted.set()

    async def _taken(self, answer: Answer, asked_in: int) -> float:
        if answer.status in _NOT_OFFERED:
            return RENEWED_S
        described = protocol.description(answer)
        if described is None:
            return AGAIN_S
        if described.last_sequence is not None:
            await self._outbox.number_above(described.last_sequence)
        await self._agreement.renewed(Terms(described.accepts, described.max_batch_bytes))
        named = protocol.journal(answer)
        if named is not None and await self._outbox.journal(*named, asked_in=asked_in):
            log.warning("the gateway was restored from a backup: what it lost is sent again")
        return RENEWED_S
