"""Gives every stored webhook its verdict: an event to send, or one of the reasons not to.

Translation (pure, handed in) happens outside the transaction; the comparison with what is known
happens inside it, so that two bodies of one subject never pass each other.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from agent import actor, metrics, tracing
from agent.events import verdicts
from agent.events.repeats import Repeats
from agent.model import envelope, foreign
from agent.model.delivery import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from agent.clock import Clock
    from agent.model.delivery import Judged, Judgement, Known, Reading, Received
    from agent.model.product import StoreProduct

log = logging.getLogger(__name__)

BATCH = 50
READ_AT_ONCE = 5  # about a millisecond: webhooks are answered in between
IDLE_S = 1.0
_MOST_SITES = 20
_NO_CHANGE = frozenset({Verdict.DUPLICATE, Verdict.ECHO})


class Outbox(Protocol):
    """What the judge needs of the storage."""

    async def unjudged(self, most: int) -> list[Received]:
        """The oldest rows without a verdict."""

    async def judge(
        self, subjects: Sequence[str], decide: Callable[[Mapping[str, Known]], Judgement]
    ) -> Judgement:
        """Hands what is known of ``subjects`` to ``decide`` and writes what it says."""


class Drift(Protocol):
    """What knows the figures that the ERP said last."""

    async def note(
        self, shown: Sequence[tuple[int, StoreProduct]]
    ) -> Mapping[int, tuple[str, ...]]:
        """The fields of what the ERP owns that were changed, by the number of the arrival; its
        event, if it becomes one, says so."""


class Lateness(Protocol):
    """What watches how late webhooks come."""

    def judged(self, judged: Judged, received_at: datetime) -> float | None:
        """How late that one was, in seconds; None where that can't be told."""


class Judge:
    """The loop."""

    def __init__(
        self,
        outbox: Outbox,
        read: Callable[[Received], Reading],
        *,
        version: int,
        max_repeats: Callable[[], int],
        clock: Clock,
        stored: asyncio.Event,
        asked: asyncio.Event,
        judged: asyncio.Event,
        drift: Drift | None = None,
        lateness: Lateness | None = None,
    ) -> None:
        self._outbox = outbox
        self._read = read
        self._version = version
        self._foreign: set[str] = set()
        self.repeats = Repeats()
        self._max_repeats = max_repeats
        self._clock = clock
        self._stored = stored
        self._asked = asked
        self._judged = judged
        self._drift = drift
        self._lateness = lateness

    async def run(self, stop: asyncio.Event) -> None:
        """Judges what comes in until asked to stop."""
        await actor.run(self.run_once, stop=stop, nudged=self._stored, clock=self._clock)

    async def run_once(self) -> float:
        """Judges the oldest rows; how long to rest after it."""
        rows = await self._outbox.unjudged(BATCH)
        if not rows:
            return IDLE_S
        batch = []
        for row in rows:
            batch.append(verdicts.Read(row.sequence, self._read(row)))
            if len(batch) % READ_AT_ONCE == 0:
                await asyncio.sleep(0)
        drifted = await self._drifted(batch)
        judgement = await self._outbox.judge(
            verdicts.subjects(batch),
            lambda known: verdicts.decide(batch, known, version=self._version),
        )
        received = {row.sequence: row for row in rows}
        for judged in judgement.judged:
            metrics.VERDICTS.labels(judged.verdict).inc()
            row = received[judged.sequence]
            with tracing.working(judged.reading.lane, envelope.traceparent(row.id)):
                log.debug("%s is %s", row.webhook.topic, judged.verdict)
                self._watch(judged, row)
                self._time(judged, row)
                if judged.verdict is Verdict.EVENT and row.sequence in drifted:
                    _tell_drifted(judged.reading, drifted[row.sequence])
        if judgement.asks:
            self._asked.set()
        self._judged.set()
        return 0.0

    async def _drifted(self, batch: Sequence[verdicts.Read]) -> Mapping[int, tuple[str, ...]]:
        shown = [
            (read.sequence, read.reading.product)
            for read in batch
            if read.reading.product is not None and not read.reading.deletion
        ]
        return await self._drift.note(shown) if self._drift and shown else {}

    def _watch(self, judged: Judged, row: Received) -> None:
        """Somebody may save a resource in a loop. What we read ourselves does not count."""
        reading = judged.reading
        if judged.verdict is Verdict.FOREIGN_SOURCE:
            self._tell_foreign(row.webhook.source)
        if reading.read_after is not None:
            return
        if judged.verdict is Verdict.EVENT:
            self.repeats.changed(reading.subject)
        elif judged.verdict in _NO_CHANGE:
            content, at = reading.digest + reading.figures, row.webhook.received_at
            if self.repeats.seen(reading.subject, content, at, self._max_repeats()):
                metrics.WRITE_LOOPS.inc()
                log.warning(
                    "%s is saved again and again without a change, see what saves it:"
                    " woo-agent outbox list --subject %s",
                    reading.subject,
                    reading.subject,
                )

    def _time(self, judged: Judged, row: Received) -> None:
        if self._lateness is not None:
            lag_s = self._lateness.judged(judged, row.webhook.received_at)
            if lag_s is not None:
                metrics.WEBHOOK_LAG_SECONDS.observe(lag_s)

    def _tell_foreign(self, source: str) -> None:
        """Once per site: it may be ours under another name."""
        if source not in self._foreign and len(self._foreign) < _MOST_SITES:
            self._foreign.add(source)
            log.warning(
                "webhooks of another site (%s) are kept and not sent; if it is this store,"
                " add it to store.aliases",
                foreign.line(source, 200),
            )


def _tell_drifted(reading: Reading, fields: Sequence[str]) -> None:
    metrics.CONFLICTS.inc()
    log.warning(
        "%s was changed in the store where the ERP has the last word: %s (%s)",
        reading.subject,
        ", ".join(fields),
        reading.product.sku if reading.product else "",
    )
