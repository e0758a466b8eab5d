"""Takes what is ready and hands it to the sender: batches side by side, never two events of a lane.

Which events go together is ``lanes``' business, how a batch is sent and settled the sender's.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from agent import actor, errors
from agent.events import lanes
from agent.events.breaker import Permit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from agent.clock import Clock
    from agent.events.sender import Sender
    from agent.model.delivery import Event, Head
    from agent.settings import GatewaySettings

IDLE_S = 1.0


class Outbox(Protocol):
    """What the forwarder needs of the storage."""

    async def ready(self, most: int, besides: Collection[str]) -> list[Head]:
        """The oldest pending event of each lane that does not wait, best first, but for some."""

    async def events(self, sequences: Sequence[int]) -> list[Event]:
        """Those events with their bodies."""

    async def released(self, sequences: Sequence[int]) -> None:
        """Those are not in flight any more, and still pending: whatever was computed while the
        gateway might have them is computed again."""


class Forwarder:
    """The loop, and the batches in flight."""

    def __init__(
        self,
        outbox: Outbox,
        sender: Sender,
        *,
        settings: Callable[[], GatewaySettings],
        clock: Clock,
        judged: asyncio.Event,
    ) -> None:
        self._outbox = outbox
        self._sender = sender
        self._settings = settings
        self._clock = clock
        self._nudged = judged
        self._in_flight: dict[int, str] = {}  # number → lane
        self._batches = 0

    @property
    def in_flight(self) -> frozenset[int]:
        """The numbers of events that the gateway may have by now, for all that is on disk."""
        return frozenset(self._in_flight.keys() | self._sender.unsettled)

    async def run(self, stop: asyncio.Event) -> None:
        """Sends until asked to stop; batches in flight are then waited for."""
        async with asyncio.TaskGroup() as sending:

            async def fill() -> float:
                while not stop.is_set() and (batch := await self.take()):
                    sending.create_task(self.send(batch), name="batch")
                return IDLE_S

            await actor.run(fill, stop=stop, nudged=self._nudged, clock=self._clock)

    async def take(self) -> list[Event]:
        """The next batch, its lanes marked as in flight; empty if nothing may or can be sent."""
        settings = self._settings()
        permit = self._sender.breaker.permits(self._clock.monotonic(), self._batches)
        free = settings.max_in_flight - self._batches
        if permit is Permit.NONE or free < 1 or not self._sender.greeted:
            return []
        most = 1 if permit is Permit.PROBE else settings.batch_size
        heads = await self._outbox.ready(most, set(self._in_flight.values()))
        chosen = lanes.choose(
            heads,
            most=most,
            max_bytes=self._sender.max_batch_bytes,
            urgent_only=free == 1 and settings.max_in_flight > 1,
        )
        if not chosen:
            return []
        events = await self._outbox.events([head.sequence for head in chosen])
        self._in_flight |= {event.sequence: event.lane for event in events}
        self._batches += 1
        return events

    async def send(self, events: Sequence[Event]) -> None:
        """Sends a batch that ``take`` gave; its lanes are free again afterwards."""
        pending: Sequence[int] = ()
        try:
            pending = await self._sender.send(events)
        finally:
            self._batches -= 1
            for event in events:
                del self._in_flight[event.sequence]
            self._nudged.set()
        if pending:
            with suppress(errors.StorageError):  # what rests on a doubt is computed again anyway
                await self._outbox.released(pending)
