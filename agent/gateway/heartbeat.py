"""Once a minute the gateway gets our health document, so that the centre sees the whole fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from agent.clock import Clock
    from agent.model.delivery import Answer

EVERY_S = 60.0


class Gateway(Protocol):
    """What is needed of the gateway."""

    async def put_heartbeat(self, health: Any) -> Answer:
        """Never raises for what the network does."""


class Heartbeat:
    """The loop."""

    def __init__(
        self,
        gateway: Gateway,
        *,
        health: Callable[[], Awaitable[dict[str, Any]]],
        clock: Clock,
    ) -> None:
        self._gateway = gateway
        self._health = health
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """A gateway that does not offer it (404) is left alone from then on."""
        while not stop.is_set():
            await self._clock.sleep(EVERY_S, or_when=(stop,))
            if stop.is_set():
                return
            answer = await self._gateway.put_heartbeat(await self._health())
            if answer.status == 404:
                await stop.wait()
