"""Sends pending events to the gateway: batches side by side, never two events of one lane.

The loop takes what is ready, sends it, and writes down how it ended. What an answer means is
``verdict``'s business, when to try again ``breaker``'s, which events go together ``lanes``'.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from agent import actor, errors, metrics
from agent.events import backoff, lanes, verdict
from agent.events.breaker import Breaker, Permit
from agent.model import envelope
from agent.model.delivery import (
    Accepted,
    Again,
    Answer,
    Attempt,
    Dead,
    Event,
    Head,
    Outcome,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from agent.clock import Clock
    from agent.settings import GatewaySettings

log = logging.getLogger(__name__)

IDLE_S = 1.0
REFUSED_S = 60.0


class Outbox(Protocol):
    """What the forwarder needs of the storage."""

    async def ready(self, most: int) -> list[Head]:
        """The oldest pending event of each lane that does not wait, best first."""

    async def events(self, sequences: Sequence[int]) -> list[Event]:
        """Those events with their bodies."""

    async def settle(self, attempts: Sequence[Attempt]) -> None:
        """Writes down how sending them ended."""


class Gateway(Protocol):
    """What the forwarder needs of the gateway."""

    async def post_events(self, body: bytes) -> Answer:
        """Sends a batch; never raises for what the network does."""


@dataclass(frozen=True, slots=True)
class _Sent:
    event: Event
    encoded: bytes


class Forwarder:
    """The loop, and the batches in flight."""

    def __init__(
        self,
        outbox: Outbox,
        gateway: Gateway,
        encode: Callable[[Event], bytes],
        *,
        settings: Callable[[], GatewaySettings],
        clock: Clock,
        rng: random.Random,
        judged: asyncio.Event,
    ) -> None:
        self._outbox = outbox
        self._gateway = gateway
        self._encode = encode
        self._settings = settings
        self._clock = clock
        self._rng = rng
        self._nudged = judged
        self._in_flight: set[str] = set()
        self._batches = 0
        self.breaker = Breaker()

    async def run(self, stop: asyncio.Event) -> None:
        """Sends until asked to stop; batches in flight are then waited for."""
        async with asyncio.TaskGroup() as sending:

            async def fill() -> float:
                while batch := await self.take():
                    sending.create_task(self.send(batch), name="batch")
                return IDLE_S

            await actor.run(fill, stop=stop, nudged=self._nudged, clock=self._clock)

    async def take(self) -> list[Event]:
        """The next batch, its lanes marked as in flight; empty if nothing may or can be sent."""
        settings = self._settings()
        permit = self.breaker.permits(self._clock.monotonic(), self._batches)
        if permit is Permit.NONE or self._batches >= settings.max_in_flight:
            return []
        most = 1 if permit is Permit.PROBE else settings.batch_size
        heads = await self._outbox.ready(most + len(self._in_flight))
        chosen = lanes.choose(heads, self._in_flight, most=most, max_bytes=settings.max_batch_bytes)
        if not chosen:
            return []
        events = await self._outbox.events([head.sequence for head in chosen])
        self._in_flight |= {event.lane for event in events}
        self._batches += 1
        return events

    async def send(self, events: Sequence[Event]) -> None:
        """Sends a batch that ``take`` gave, and settles it."""
        try:
            await self._deliver(await self._encoded(events))
        except errors.StorageError as error:  # they stay pending: the gateway knows repeats by id
            self._opened(verdict.Unavailable("storage", error.message))
        finally:
            self._batches -= 1
            self._in_flight -= {event.lane for event in events}
            self._nudged.set()

    async def _encoded(self, events: Sequence[Event]) -> list[_Sent]:
        """What can't be translated (any more) is a dead letter; the others go on."""
        sent: list[_Sent] = []
        failed: dict[int, Dead] = {}
        for event in events:
            try:
                sent.append(_Sent(event, self._encode(event)))
            except ValueError as error:
                failed[event.sequence] = Dead("untranslatable", str(error))
        bad = [event for event in events if event.sequence in failed]
        await self._settle(bad, [failed[event.sequence] for event in bad], None)
        return sent

    async def _deliver(self, batch: Sequence[_Sent]) -> None:
        if not batch:
            return
        answer = await self._gateway.post_events(envelope.batch([sent.encoded for sent in batch]))
        events = [sent.event for sent in batch]
        decision = verdict.decide(
            answer,
            [event.id for event in events],
            accept_empty=self._settings().accept_empty_2xx,
        )
        match decision:
            case verdict.Settled(outcomes):
                self._closed()
                await self._settle(events, [outcomes[e.id] for e in events], answer.status)
            case verdict.Guilty(dead) if len(batch) == 1:
                await self._settle(events, [dead], answer.status)
            case verdict.Guilty():
                middle = len(batch) // 2
                await self._deliver(batch[:middle])
                await self._deliver(batch[middle:])
            case verdict.Unavailable() as reason:
                self._opened(reason)
                if not reason.refused:  # a refusal says nothing about the events
                    again = Again(reason.code, reason.message, 0.0)
                    await self._settle(events, [again] * len(events), answer.status)

    async def _settle(
        self, events: Sequence[Event], outcomes: Sequence[Outcome], status: int | None
    ) -> None:
        if not events:
            return
        at = self._clock.now()
        await self._outbox.settle(
            [
                Attempt(event, at, outcome, status)
                for event, outcome in zip(events, outcomes, strict=True)
            ]
        )
        for event, outcome in zip(events, outcomes, strict=True):
            metrics.SENT.labels(_name(outcome)).inc()
            if isinstance(outcome, Dead):
                log.error("dead letter %s (%s): %s", event.id, event.subject, outcome.code)

    def _closed(self) -> None:
        if self.breaker.failures:
            log.info("the gateway takes events again")
        self.breaker = Breaker()

    def _opened(self, reason: verdict.Unavailable) -> None:
        if not self.breaker.failures or self.breaker.reason != reason.code:
            log.warning("the gateway does not take events: %s (%s)", reason.code, reason.message)
        wait_s = (
            REFUSED_S
            if reason.refused
            else backoff.wait_s(self.breaker.failures + 1, self._rng, reason.retry_after_s)
        )
        self.breaker = self.breaker.opened(
            self._clock.monotonic(), wait_s, reason.code, refused=reason.refused
        )


def _name(outcome: Outcome) -> str:
    match outcome:
        case Accepted(duplicate=duplicate):
            return "duplicate" if duplicate else "accepted"
        case Dead():
            return "dead"
        case Again():
            return "again"
