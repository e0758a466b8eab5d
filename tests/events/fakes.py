"""The other sides of the loops: an outbox in memory, and a gateway that answers as it is told."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent import errors
from agent.model.delivery import (
    Accepted,
    Again,
    Answer,
    Attempt,
    Dead,
    Event,
    Head,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

AT = datetime(2026, 11, 24, 8, tzinfo=UTC)
PROBLEM = {"code": "bad_total", "title": "does not add up"}


def event(sequence: int, lane: str = "") -> Event:
    """``id-7`` of lane ``order/7``, unless it is told otherwise."""
    lane = lane or f"order/{sequence}"
    return Event(
        sequence,
        f"id-{sequence}",
        "retail.order.snapshot.v1",
        lane,
        lane,
        "order.updated",
        received_at=AT,
        changed_at=None,
        attempts=0,
        replay=False,
        body=b"",
    )


def encode(one: Event) -> bytes:
    """Enough for the gateway below to know it by."""
    return json.dumps({"id": one.id, "lane": one.lane}).encode()


def storage_error() -> errors.StorageError:
    return errors.StorageError("the disk is full", hint="woo-agent status")


class FakeOutbox:
    """Pending events per lane. ``failing`` names methods that fail once each time it is there."""

    def __init__(self, *events: Event) -> None:
        self.pending = list(events)
        self.attempts: list[Attempt] = []
        self.released_ones: list[int] = []
        self.failing: list[str] = []
        self.emptied = asyncio.Event()

    async def ready(self, most: int, besides: Collection[str]) -> list[Head]:
        self._fail("ready")
        heads: dict[str, Head] = {}
        for one in self.pending:
            heads.setdefault(one.lane, Head(one.lane, one.sequence, len(one.body), 0))
        return [head for head in heads.values() if head.lane not in besides][:most]

    async def events(self, sequences: Sequence[int]) -> list[Event]:
        self._fail("events")
        return [one for one in self.pending if one.sequence in sequences]

    async def dead_in_a_row(self) -> int:
        return 0

    async def present_journal(self) -> int:
        return 0

    async def journal(
        self, name: str, head_position: int | None, *, asked_in: int | None = None
    ) -> bool:
        return False

    async def journal_named(self, name: str) -> int:
        return 0

    async def released(self, sequences: Sequence[int]) -> None:
        self.released_ones += sequences

    async def settle(self, attempts: Sequence[Attempt], dead_in_a_row: int) -> None:
        await asyncio.sleep(0)
        self._fail("settle")
        self.attempts += attempts
        final = {a.event.sequence for a in attempts if not isinstance(a.outcome, Again)}
        self.pending = [one for one in self.pending if one.sequence not in final]
        if not self.pending:
            self.emptied.set()

    def ended(self, outcome: type[Accepted | Again | Dead]) -> list[int]:
        """The sequences of the attempts that ended so, in order."""
        return [a.event.sequence for a in self.attempts if isinstance(a.outcome, outcome)]

    def _fail(self, method: str) -> None:
        if method in self.failing:
            self.failing.remove(method)
            raise storage_error()


class FakeGateway:
    """Answers with ``answer(ids)`` after some ``turns`` of the loop, not before ``let_go``."""

    def __init__(self, answer: Callable[[list[str]], Answer] | None = None) -> None:
        self.answer = answer or accept
        self.batches: list[list[str]] = []
        self.let_go = asyncio.Event()
        self.let_go.set()
        self.called = asyncio.Event()
        self.most_at_once = 0
        self.turns: Callable[[], int] = lambda: 1
        self._lanes: Counter[str] = Counter()
        self._calls = 0

    async def post_events(self, body: bytes) -> Answer:
        batch: list[dict[str, Any]] = json.loads(body)
        ids, lanes = [one["id"] for one in batch], [one["lane"] for one in batch]
        self.batches.append(ids)
        self._lanes.update(lanes)
        assert set(self._lanes.values()) <= {0, 1}, "two events of one lane in flight"
        self._calls += 1
        self.most_at_once = max(self.most_at_once, self._calls)
        self.called.set()
        await self.let_go.wait()
        for _ in range(self.turns()):
            await asyncio.sleep(0)
        self._calls -= 1
        self._lanes.subtract(lanes)
        return self.answer(ids)


def accept(ids: list[str]) -> Answer:
    return Answer(200, body={"results": [{"id": one, "status": "accepted"} for one in ids]})


def refusing(status: int, *guilty: str) -> Callable[[list[str]], Answer]:
    """The contract's error for every batch that holds one of ``guilty``."""

    def answer(ids: list[str]) -> Answer:
        return Answer(status, body=PROBLEM) if set(guilty) & set(ids) else accept(ids)

    return answer


async def until(holds: Callable[[], bool]) -> None:
    """Lets the loop turn until it does."""
    for _ in range(10_000):
        if holds():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never did")
