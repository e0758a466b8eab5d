"""Asks the gateway once who is there: our numbers must go on above the last one it has of us.

A state that was lost, on a host whose clock was set back, would otherwise give numbers again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

from agent.events import verdict

if TYPE_CHECKING:
    import asyncio

    from agent.clock import Clock
    from agent.model.delivery import Answer

log = logging.getLogger(__name__)

AGAIN_S = 60.0
_NOT_OFFERED = frozenset({404, 405, 501})


class Outbox(Protocol):
    """What is needed of the storage."""

    async def number_above(self, sequence: int) -> None:
        """Numbers given from now on are higher."""

    async def journal(self, name: str, head_position: int | None) -> bool:
        """Takes note of the gateway's journal."""


class Gateway(Protocol):
    """What is needed of the gateway."""

    async def get_store(self) -> Answer:
        """Never raises for what the network does."""


class Greeting:
    """Tried until it is answered."""

    def __init__(self, outbox: Outbox, gateway: Gateway, *, clock: Clock) -> None:
        self._outbox = outbox
        self._gateway = gateway
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Ends its work when it is answered, itself only when asked to stop."""
        while not stop.is_set() and not await self.run_once():
            await self._clock.sleep(AGAIN_S, or_when=(stop,))
        await stop.wait()

    async def run_once(self) -> bool:
        """Whether nothing is left to be asked."""
        answer = await self._gateway.get_store()
        if answer.status in _NOT_OFFERED:
            return True
        if answer.status != 200 or not isinstance(answer.body, dict):
            return False
        last = last_sequence(answer.body)
        if last is not None:
            await self._outbox.number_above(last)
        named = verdict.journal(answer)
        if named is not None and await self._outbox.journal(*named):
            log.warning("the gateway was restored from a backup: what it lost is sent again")
        return True


def last_sequence(body: dict[str, Any]) -> int | None:
    """The highest number the gateway has of this store, as a number or zero-padded text."""
    told = body.get("last_sequence")
    if isinstance(told, str) and told.isascii() and told.isdigit() and len(told) <= 19:
        told = int(told)
    return told if type(told) is int and 0 <= told < 2**62 else None
