"""A model ERP on the gateway stand-in's journal: it books late, ships, refuses and publishes.

Its figures keep the contract, whatever their watermark. Goods that were shipped stay booked: it
refuses their cancellation.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from agent.clock import iso
from tests import agents
from tests.flows.race import goods

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    from agent.clock import Clock

_LOOK_S = 0.05
_MARGIN = 0.6  # of what is uncertain: how late it may book and still publish without a position


@dataclass(frozen=True, slots=True)
class _Event:
    """``units`` by figure; None where the event is no order's."""

    position: int
    subject: str
    sequence: str
    accepted_at: datetime
    units: dict[str, int] | None


class Journal(Protocol):
    """What it needs of a gateway."""

    def events(self, store: str, after: int = 0) -> list[dict[str, Any]]:
        """Above position ``after``, in order, with ``position`` and ``accepted_at``."""

    def publish(self, store: str, *updates: dict[str, Any]) -> None:
        """Appends to the store's feed."""


class Erp:
    """``asleep``: it books nothing, and goes on publishing. ``booked`` and ``shipped`` are units
    by order and figure."""

    def __init__(
        self, gateway: Journal, clock: Clock, rng: random.Random, *, uncertain: timedelta
    ) -> None:
        self.on_hand = dict.fromkeys(goods.POOLS, goods.START)
        self.booked: dict[str, dict[str, int]] = {}
        self.shipped: dict[str, dict[str, int]] = {}
        self.asleep = False
        self.refused = 0
        self._gateway = gateway
        self._clock = clock
        self._rng = rng
        self._uncertain = uncertain
        self._total = dict.fromkeys(goods.POOLS, 0)
        self._read = self._position = self._version = 0
        self._waiting: deque[_Event] = deque()
        self._sequences: dict[str, str] = {}
        self._parked: dict[str, list[_Event]] = {}
        self._ahead: dict[str, int] = {}  # booked above the position: up to which
        self._to_publish: set[str] = set(goods.POOLS)
        self._sending: set[asyncio.Task[None]] = set()

    def figure(self, pool: str) -> int:
        """What it says the store may sell."""
        return self.on_hand[pool] - self._total[pool]

    async def run(self) -> None:
        """Works until cancelled."""
        try:
            while True:
                self._look()
                if self.asleep:
                    self._to_publish.add(self._rng.choice(goods.POOLS))
                else:
                    self._work()
                for pool in sorted(self._to_publish):
                    if self._rng.random() < 0.5:
                        self.publish(pool)
                await self._clock.sleep(self._rng.uniform(0.02, 0.15))
        finally:
            for task in self._sending:
                task.cancel()

    def book_everything(self) -> None:
        """All that was accepted so far."""
        self._look()
        self._unpark(list(self._parked))
        while self._waiting:
            self._book_next(park=0.0)

    def publish(self, pool: str) -> None:
        """One figure, with one of the watermarks that are true of it, soon or late, once or
        twice."""
        self._look()
        self._book_ahead(self._ahead)
        watermark = self._rng.choice(self._watermarks())
        update = self._update(pool, watermark)
        if not watermark:  # counts from when it is fetched: it must not be late
            self._gateway.publish(agents.STORE, update)
            return
        delays = [self._rng.choice((0.0, 0.0, self._rng.uniform(0, 1)))]
        if self._rng.random() < 0.15:
            delays.append(self._rng.uniform(0, 2))
        for delay_s in delays:
            task = asyncio.create_task(self._send(update, delay_s))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    def _update(self, pool: str, watermark: dict[str, Any]) -> dict[str, Any]:
        self._version += 1
        self._to_publish.discard(pool)
        return {
            "id": f"u-{self._version}",
            "kind": "stock",
            "sku": pool,
            "version": self._version,
            "quantity": self.figure(pool),
            **watermark,
        }

    async def _send(self, update: dict[str, Any], delay_s: float) -> None:
        await self._clock.sleep(delay_s)
        self._gateway.publish(agents.STORE, update)

    def _watermarks(self) -> list[dict[str, Any]]:
        now = self._clock.now()
        position: dict[str, Any] = {"seen_position": self._position}
        if self._parked:
            position["unseen"] = sorted(self._parked)
        if self._ahead:
            position |= {"seen": sorted(self._ahead), "as_of": iso(now)}
        found = [position]
        orders = [event for event in self._waiting if event.units is not None]
        if not self._parked:
            if not orders or now - orders[0].accepted_at < _MARGIN * self._uncertain:
                found.append({"as_of": iso(now)})
            if not orders:
                found.append({})
        return found

    def _look(self) -> None:
        for event in self._gateway.events(agents.STORE, after=self._read):
            self._read = event["position"]
            self._waiting.append(_read(event))

    def _work(self) -> None:
        chance = self._rng.random
        for _ in range(self._rng.choice((0, 0, 1, 3, 8, 20))):
            self._book_next(park=0.03)
        if chance() < 0.1 and self._waiting:
            self._book_ahead([self._rng.choice(self._waiting).subject])
        if chance() < 0.1:
            self._unpark([subject for subject in self._parked if chance() < 0.5])
        if chance() < 0.3 and self.booked:
            subject = self._rng.choice(list(self.booked))
            self.shipped.setdefault(subject, dict(self.booked[subject]))
        if chance() < 0.05:
            pool = self._rng.choice(goods.POOLS)
            self.on_hand[pool] += 5
            self._to_publish.add(pool)

    def _book_next(self, *, park: float) -> None:
        if not self._waiting:
            return
        event = self._waiting.popleft()
        self._position = event.position
        self._ahead = {s: upto for s, upto in self._ahead.items() if upto > event.position}
        is_new = event.units and event.subject not in self.booked
        if event.subject in self._parked:
            self._parked[event.subject].append(event)
        elif is_new and self._rng.random() < park:
            self._parked[event.subject] = [event]
        else:
            self._book(event)

    def _book_ahead(self, subjects: Iterable[str]) -> None:
        """All that is known of those orders, before what stands in front of it."""
        wanted = set(subjects) - self._parked.keys()
        for event in self._waiting:
            if event.subject in wanted and event.units is not None:
                self._book(event)
                self._ahead[event.subject] = event.position

    def _unpark(self, subjects: Iterable[str]) -> None:
        for subject in subjects:
            for event in self._parked.pop(subject):
                self._book(event)

    def _book(self, event: _Event) -> None:
        if event.units is None or event.sequence <= self._sequences.get(event.subject, ""):
            return
        self._sequences[event.subject] = event.sequence
        old, new = self.booked.get(event.subject, {}), dict(event.units)
        for pool, units in self.shipped.get(event.subject, {}).items():
            self.refused += units > new.get(pool, 0)
            new[pool] = max(units, new.get(pool, 0))
        self.booked[event.subject] = new
        for pool in old | new:
            self._total[pool] += new.get(pool, 0) - old.get(pool, 0)
            self._to_publish.add(pool)


class PromptErp(Erp):
    """Books whatever was accepted at once; a figure names the position of the moment."""

    async def run(self) -> None:
        """Works until cancelled."""
        while True:
            self.keep_up()
            await self._clock.sleep(_LOOK_S)

    def keep_up(self) -> None:
        """Books all there is, and publishes the figures that this changed."""
        self.book_everything()
        watermark = {"seen_position": self._position}
        updates = [self._update(pool, watermark) for pool in sorted(self._to_publish)]
        if updates:
            self._gateway.publish(agents.STORE, *updates)


def _read(event: dict[str, Any]) -> _Event:
    units: dict[str, int] | None = None
    if event["type"] == "retail.order.deleted.v1":
        units = {}
    elif event["type"] == "retail.order.snapshot.v1":
        units = {}
        for line in event["data"]["lines"]:
            pool = goods.POOL[line["sku"]]
            units[pool] = units.get(pool, 0) + line["committed_units"]
    return _Event(
        event["position"],
        event["subject"],
        event["sequence"],
        datetime.fromisoformat(event["accepted_at"]),
        units,
    )
