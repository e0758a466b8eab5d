"""Sends one batch and settles it, and knows how the gateway is doing.

What an answer means is ``verdict``'s business, when to try again ``breaker``'s and ``backoff``'s.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from agent import errors, metrics, tracing
from agent.events import backoff, verdict
from agent.events.breaker import Breaker
from agent.gateway import protocol
from agent.model import envelope
from agent.model.delivery import Accepted, Again, Answer, Attempt, Dead, Event, Outcome

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from agent.clock import Clock
    from agent.events.terms import Agreement
    from agent.settings import GatewaySettings

log = logging.getLogger(__name__)

REFUSED_S = 60.0
FAILED_S = 60.0  # at most, for an event that the gateway fails on, alone
SMALLEST_BATCH_BYTES = 64 * 1024
_FAILED_ON_IT = 500
_ENCODED_AT_ONCE = 50  # about a millisecond: webhooks are answered in between
_TRANSLATING = 10  # counts as so many


class Settling(Protocol):
    """What the sender needs of the storage."""

    async def dead_in_a_row(self) -> int:
        """How many events were dead-lettered since the last one that was accepted."""

    async def settle(self, attempts: Sequence[Attempt], dead_in_a_row: int) -> None:
        """Writes down how sending them ended."""

    async def present_journal(self) -> int:
        """The number of the gateway's journal, as far as it is known."""

    async def journal(
        self, name: str, head_position: int | None, *, asked_in: int | None = None
    ) -> bool:
        """The gateway's journal has that name; True if it is another one than before (the gateway
        was restored from a backup), and what it lost is pending again. The answer to a request that
        was made in an earlier one, ``asked_in``, may name that."""

    async def journal_named(self, name: str) -> int:
        """The number of the newest journal with that name."""


class Gateway(Protocol):
    """What the sender needs of the gateway."""

    async def post_events(self, body: bytes) -> Answer:
        """Sends a batch; never raises for what the network does."""


@dataclass(frozen=True, slots=True)
class _Sent:
    event: Event
    encoded: bytes


class Sender:
    """``breaker`` tells how the gateway is doing, ``unsettled`` the numbers of events that were
    sent and of which it could not be written down how that ended."""

    def __init__(
        self,
        outbox: Settling,
        gateway: Gateway,
        encode: Callable[[Event], bytes],
        *,
        settings: Callable[[], GatewaySettings],
        clock: Clock,
        rng: random.Random,
        agreement: Agreement | None = None,
    ) -> None:
        """``agreement``: what the gateway takes; without one that is everything."""
        self._outbox = outbox
        self._gateway = gateway
        self._encode = encode
        self._settings = settings
        self._clock = clock
        self._rng = rng
        self._agreement = agreement
        self._dead_in_a_row: int | None = None
        self._learned_bytes: int | None = None
        self.breaker = Breaker()
        self._finished: set[int] = set()
        self.unsettled: set[int] = set()

    @property
    def max_batch_bytes(self) -> int:
        """As configured, or less where the gateway says so, or found that too large."""
        configured = self._settings().max_batch_bytes
        told = self._agreement.terms.max_batch_bytes if self._agreement else None
        return min(configured, told or configured, self._learned_bytes or configured)

    @property
    def greeted(self) -> bool:
        """Whether it was asked what it takes: nothing is sent before."""
        return self._agreement is None or self._agreement.asked

    async def send(self, events: Sequence[Event]) -> list[int]:
        """Send the batch and settle it; the numbers of those that are pending still. What could not
        be written down stays so: the gateway knows repeats by their id."""
        numbers = {event.sequence for event in events}
        try:
            if self._dead_in_a_row is None:
                self._dead_in_a_row = await self._outbox.dead_in_a_row()
            if self._agreement is not None:
                events = await self._agreement.sifted(events)
            await self._deliver(await self._encoded(events))
            self.unsettled -= numbers
        except errors.StorageError as error:
            self.unsettled |= numbers
            self._opened(verdict.Unavailable("storage", error.message))
        pending = sorted(numbers - self._finished - self.unsettled)
        self._finished -= numbers
        return pending

    async def _encoded(self, events: Sequence[Event]) -> list[_Sent]:
        """What can't be translated (any more) is a dead letter; the others go on."""
        sent: list[_Sent] = []
        work = 0
        for event in events:
            try:
                sent.append(_Sent(event, self._encode(event)))
            except ValueError as error:
                await self._settle([event], [Dead("untranslatable", str(error))], None)
            work += 1 if event.data else _TRANSLATING
            if work >= _ENCODED_AT_ONCE:
                await asyncio.sleep(0)
                work = 0
        return sent

    async def _deliver(self, batch: Sequence[_Sent], *, whole: bool = True) -> bool:
        """Whether the gateway could be asked about it; ``whole`` is False for half of a batch that
        it failed on, whose failure says nothing about the gateway yet."""
        if not batch:
            return True
        events = [sent.event for sent in batch]
        body = envelope.batch([sent.encoded for sent in batch])
        if len(body) > self.max_batch_bytes and len(batch) > 1:  # the envelopes count too
            return await self._halves(batch)
        asked_in = await self._outbox.present_journal()
        with _work(events[0]) if len(events) == 1 else nullcontext():
            answer = await self._gateway.post_events(body)
        match await self._decision(answer, events):
            case verdict.Settled(outcomes):
                await self._conclude(events, outcomes, answer, asked_in)
            case verdict.Guilty(dead) if len(batch) == 1:
                await self._conclude(events, {events[0].id: dead}, answer, asked_in)
            case verdict.Guilty():
                if answer.status == 413:
                    self._learned_bytes = max(len(body) // 2, SMALLEST_BATCH_BYTES)
                return await self._halves(batch)
            case verdict.Unavailable() as reason:
                if not whole:
                    return False
                if answer.status == _FAILED_ON_IT and await self._isolated(batch):
                    return True
                self._opened(reason)
                await self._tried(events, reason, answer, asked_in)
                return False
        return True

    async def _halves(self, batch: Sequence[_Sent]) -> bool:
        middle = len(batch) // 2
        return await self._deliver(batch[:middle]) and await self._deliver(batch[middle:])

    async def _tried(
        self,
        events: Sequence[Event],
        reason: verdict.Unavailable,
        answer: Answer,
        asked_in: int,
    ) -> None:
        """One event that the gateway fails on waits for a while: the next probe is another one."""
        if reason.refused:  # that says nothing about the events
            return
        alone = len(events) == 1 and answer.status == _FAILED_ON_IT
        wait_s = min(FAILED_S, 2.0 ** min(events[0].attempts + 1, 10)) if alone else 0.0
        again = Again(reason.code, reason.message, wait_s, verdict.is_doubtful(answer))
        await self._settle(events, [again] * len(events), answer.status, asked_in)

    async def _isolated(self, batch: Sequence[_Sent]) -> bool:
        """A 500 may be the fault of one event: whether one half came through, and the other half
        was searched for it. Where neither does, it is the gateway."""
        if len(batch) == 1:
            return False
        middle = len(batch) // 2
        halves = (batch[:middle], batch[middle:])
        came_through = [await self._deliver(half, whole=False) for half in halves]
        if not any(came_through):
            return False
        for half, well in zip(halves, came_through, strict=True):
            if not well:
                await self._deliver(half)
        return True

    async def _decision(
        self, answer: Answer, events: Sequence[Event]
    ) -> verdict.Settled | verdict.Guilty | verdict.Unavailable:
        ids = [event.id for event in events]
        decision = verdict.decide(answer, ids, accept_empty=self._settings().accept_empty_2xx)
        if isinstance(decision, verdict.Forbidden):
            probe = await self._gateway.post_events(envelope.batch([]))
            return verdict.after_probe(probe, decision)
        return decision

    async def _conclude(
        self,
        events: Sequence[Event],
        outcomes: verdict.Outcomes,
        answer: Answer,
        asked_in: int,
    ) -> None:
        """A journal of another name comes first: what is accepted is accepted in that one."""
        answered_in = await self._journal(answer, asked_in)
        kept, dead_in_a_row = verdict.restrained(outcomes, self._dead_in_a_row or 0)
        held_back = sum(kept[event_id] is not outcome for event_id, outcome in outcomes.items())
        self._dead_in_a_row = dead_in_a_row
        told = [kept[event.id] for event in events]
        await self._settle(events, told, answer.status, answered_in)
        if held_back or dead_in_a_row >= verdict.MOST_DEAD_IN_A_ROW:
            self._opened(
                verdict.Unavailable(
                    verdict.REJECTING_EVERYTHING,
                    "the gateway rejects whatever it gets: woo-agent outbox list --state dead",
                    refused=True,
                )
            )
        else:
            self._closed()

    async def _journal(self, answer: Answer, asked_in: int) -> int:
        """The number of the gateway's journal that an answer is of. One that was asked for before
        the gateway was restored, and comes after that was noticed, is of the journal before."""
        named = protocol.journal(answer)
        if named is None:
            return asked_in
        if await self._outbox.journal(*named, asked_in=asked_in):
            log.warning("the gateway was restored from a backup: what it lost is sent again")
        return await self._outbox.journal_named(named.name)

    async def _settle(
        self,
        events: Sequence[Event],
        outcomes: Sequence[Outcome],
        status: int | None,
        journal: int | None = None,
    ) -> None:
        at = self._clock.now()
        await self._outbox.settle(
            [
                Attempt(event, at, outcome, status, journal)
                for event, outcome in zip(events, outcomes, strict=True)
            ],
            self._dead_in_a_row or 0,
        )
        self._finished |= {
            event.sequence
            for event, outcome in zip(events, outcomes, strict=True)
            if not isinstance(outcome, Again)
        }
        for name, count in Counter(map(_name, outcomes)).items():
            metrics.SENT.labels(name).inc(count)
        is_told = log.isEnabledFor(logging.DEBUG)
        for event, outcome in zip(events, outcomes, strict=True):
            if isinstance(outcome, Dead):
                with _work(event):
                    log.error("dead letter %s (%s): %s", event.id, event.subject, outcome.code)
            elif is_told:
                with _work(event):
                    log.debug("event %s: %s", event.id, _name(outcome))

    def _closed(self) -> None:
        if self.breaker.failures:
            log.info("the gateway takes events again")
        self.breaker = self.breaker.closed()

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


def _work(event: Event) -> AbstractContextManager[None]:
    return tracing.working(event.lane, envelope.traceparent(event.id))


def _name(outcome: Outcome) -> str:
    match outcome:
        case Accepted(duplicate=duplicate):
            return "duplicate" if duplicate else "accepted"
        case Dead():
            return "dead"
        case Again():
            return "again"
