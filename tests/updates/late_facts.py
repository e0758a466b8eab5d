"""A shop, an agent and an ERP in which facts arrive late: the agent's own steps on a real database,
between a shop and a gateway that are told when to do what.

The ERP books an event in the transaction that gives it a position, and may publish the figure that
counts it long before its answer reaches the agent. What the agent can't know, ``expected`` knows:
positions as the gateway gave them, not as it told them.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent import errors
from agent.events.forwarder import Forwarder
from agent.events.sender import Sender
from agent.model.delivery import Answer, Event, Reading
from agent.model.inbox import Intake, KnownVersions
from agent.model.product import ItemAnswer, ItemWrite, StoreProduct, StoreProfile
from agent.settings import Settings
from agent.storage import database, in_force, inbox_queue, journals, queues, replay, stock
from agent.updates import applier, intake, resolver, stock_checks, writing
from agent.woo import wire
from tests import agents
from tests.clock import FakeClock
from tests.storage import ledger
from tests.storage.seeding import select

ON_HAND = 100
PRODUCTS = {"MUG": 10, "CUP": 11}


@dataclass
class Order:
    """As the shop shows it now."""

    number: int
    units: dict[str, int]
    is_deleted: bool = False
    told: tuple[object, ...] = ()

    def body(self) -> Reading:
        if self.is_deleted:
            return ledger.deletion(self.number)
        lines = [
            ledger.line(units, line_id=self.number * 10 + place, item=PRODUCTS[sku])
            for place, (sku, units) in enumerate(sorted(self.units.items()))
        ]
        return ledger.order(*lines, number=self.number)

    def state(self) -> tuple[object, ...]:
        return (tuple(sorted(self.units.items())), self.is_deleted)


class Shop:
    """Sells, gives stock back on cancellation and none on deletion, sets what it is told."""

    def __init__(self) -> None:
        self.stock = dict.fromkeys(PRODUCTS, ON_HAND)
        self.orders: dict[int, Order] = {}
        self.reads = 0
        self.during_write: list[tuple[str, int]] = []
        self.answers = "told"

    def sell(self, sku: str, units: int) -> None:
        number = len(self.orders) + 1
        self.orders[number] = Order(number, {sku: units})
        self.stock[sku] -= units

    def change(self, order: Order, units: int) -> None:
        """Edited, or cancelled with none left: the shop's stock follows at once."""
        for sku, before in order.units.items():
            self.stock[sku] += before - units
            order.units[sku] = units

    def sellable(self, sku: str) -> int:
        """By what is on hand and what customers hold."""
        held = sum(one.units.get(sku, 0) for one in self.orders.values() if not one.is_deleted)
        return ON_HAND - held

    # What the agent needs of it.

    async def profile(self) -> StoreProfile:
        return StoreProfile("EUR", prices_include_tax=False)

    def can_ask(self, sku: str) -> bool:
        return True

    async def find(self, skus: Sequence[str]) -> dict[str, list[StoreProduct]]:
        self.reads += 1
        return {sku: [self._product(sku)] for sku in skus}

    async def one(self, product_id: int, parent_id: int) -> StoreProduct | None:
        raise AssertionError("every SKU can be asked for")

    async def write(self, parent_id: int, writes: Sequence[ItemWrite]) -> dict[int, ItemAnswer]:
        """Sets them; what is sold in between is lost, as in the real one."""
        for sku, units in self.during_write:
            self.sell(sku, units)
        self.during_write = []
        answers, self.answers = self.answers, "told"
        if answers != "lost before":
            for write in writes:
                self.stock[write.product.sku] = write.values["quantity"]
        if answers != "told":
            raise errors.StoreUnavailableError("no answer", hint="", retry_after_s=None)
        return {w.product.id: ItemAnswer(self._product(w.product.sku)) for w in writes}

    def _product(self, sku: str) -> StoreProduct:
        values: dict[str, Any] = dict.fromkeys(
            ("regular_price", "sale_price", "sale_from", "sale_to")
        )
        values["quantity"] = self.stock[sku]
        return StoreProduct(PRODUCTS[sku], 0, "simple", sku, "publish", True, values)


@dataclass
class Flight:
    """A batch that was sent."""

    events: list[dict[str, Any]]
    answer: asyncio.Future[Answer]
    journal: str
    is_committed: bool = False
    results: list[dict[str, Any]] = field(default_factory=list)


class Erp:
    """The gateway and the ERP behind it. ``replays_anew``: an event that is sent again on purpose
    gets another position."""

    def __init__(self, *, replays_anew: bool) -> None:
        self.replays_anew = replays_anew
        self.journal = "j0"
        self.head = 0
        self.positions: dict[str, dict[str, int]] = defaultdict(dict)  # journal → id → first one
        self.sequences: dict[str, int] = {}
        self.booked: dict[str, tuple[int, dict[str, int]]] = {}  # order → newest sequence, units
        self.units: dict[int, dict[str, int]] = {}
        self.log: list[tuple[int, str]] = []
        self.feed: list[dict[str, Any]] = []
        self.parked: set[str] = set()
        self.version = 0
        self.flights: list[Flight] = []
        self.order_of: dict[int, str] = {}
        self._posted = asyncio.Event()

    async def post_events(self, body: bytes) -> Answer:
        flight = Flight(json.loads(body), asyncio.get_running_loop().create_future(), self.journal)
        self.flights.append(flight)
        self._posted.set()
        return await flight.answer

    async def arrived(self, before: int) -> None:
        """There are more flights than ``before``."""
        while len(self.flights) <= before:
            self._posted.clear()
            await self._posted.wait()

    def commit(self, flight: Flight) -> None:
        """Book its events: from now on figures count them."""
        if flight.is_committed or flight.journal != self.journal:
            return
        flight.is_committed = True
        for event in flight.events:
            known = self.positions[self.journal]
            status = "duplicate" if event["id"] in known else "accepted"
            if status == "accepted" or (event["replay"] and self.replays_anew):
                self.head += 1
                status = "accepted"
                known.setdefault(event["id"], self.head)
                self.log.append((self.head, event["id"]))
                self._book(event)
                position = self.head
            else:
                position = known[event["id"]]
            flight.results.append({"id": event["id"], "status": status, "position": position})

    def _book(self, event: dict[str, Any]) -> None:
        self.sequences[event["id"]] = event["sequence"]
        newest, _ = self.booked.get(event["subject"], (0, {}))
        if event["sequence"] >= newest:
            units = self.units.get(event["sequence"], {})
            self.booked[event["subject"]] = (event["sequence"], units)

    def publish(self, sku: str) -> None:
        booked = sum(
            units.get(sku, 0)
            for order, (_, units) in self.booked.items()
            if order not in self.parked
        )
        self.version += 1
        self.feed.append(
            {
                "id": f"{self.journal}-{self.version}",
                "kind": "stock",
                "sku": sku,
                "version": self.version,
                "quantity": ON_HAND - booked,
                "seen_position": self.head,
                "unseen": sorted(self.parked),
                "journal": self.journal,
            }
        )

    def restore(self, head: int) -> None:
        """From a backup that was made when the journal ended there."""
        before, self.journal = self.journal, f"j{int(self.journal[1:]) + 1}"
        self.head = head
        self.log = [(position, one) for position, one in self.log if position <= head]
        kept = {one for _, one in self.log}
        self.positions[self.journal] = {
            one: position for one, position in self.positions[before].items() if one in kept
        }
        self.booked = {}
        for _, one in self.log:
            sequence = self.sequences[one]
            order = self.order_of[sequence]
            if sequence >= self.booked.get(order, (0, {}))[0]:
                self.booked[order] = (sequence, self.units.get(sequence, {}))
        self.feed = []


class World:
    """All of it. ``tells_head``: a restored gateway tells where its journal ends."""

    def __init__(
        self, folder: Path, *, replays_anew: bool = False, tells_head: bool = True
    ) -> None:
        self.clock = FakeClock()
        self.shop = Shop()
        self.erp = Erp(replays_anew=replays_anew)
        self.tells_head = tells_head
        self.settings = agents.configured(
            folder,
            store={"url": "http://127.0.0.1:1", "timeout": "100ms"},
            gateway={"url": "http://127.0.0.1:1", "max_in_flight": 4, "batch_size": 3},
            inventory={"max_zeroed_percent": 100},
        )
        self._folder = folder
        self._opened = AsyncExitStack()
        self._tasks: set[asyncio.Task[None]] = set()
        self._fed = 0

    async def open(self) -> None:
        self.db = await self._opened.enter_async_context(
            database.opened(self._folder / "state", self.clock)
        )
        await ledger.write(
            self.db,
            "INSERT INTO cursors VALUES ('baseline', 'done')",
            "INSERT INTO cursors VALUES ('go_live', '0')",
        )
        for sku, number in PRODUCTS.items():
            await ledger.write(
                self.db,
                "INSERT INTO catalogue VALUES"
                f" ({number}, 0, 'simple', '{sku}', 'publish', 'yes', '{{}}', 0, 0)",
            )
        await self.start()

    async def close(self) -> None:
        await self._cut()
        await self._opened.aclose()

    # The agent.

    async def start(self) -> None:
        """Another process, which knows what is on disk."""
        rng = random.Random(1)
        self.outbox = queues.Outbox(
            self.db, clock=self.clock, reread=lambda _: Reading(), version=1
        )
        await self.outbox.start(datetime.fromtimestamp(0, UTC))
        self.inbox = inbox_queue.Inbox(self.db, clock=self.clock)
        self.sender = Sender(
            self.outbox,
            self.erp,
            _encoded,
            settings=lambda: self.settings.gateway,
            clock=self.clock,
            rng=rng,
        )
        self.forwarder = Forwarder(
            self.outbox,
            self.sender,
            settings=lambda: self.settings.gateway,
            clock=self.clock,
            judged=asyncio.Event(),
        )
        self.shelf = stock.Stock(self.db, clock=self.clock)
        self.checks = stock_checks.StockChecks(
            self.shelf,
            self.poll_orders,
            in_flight=lambda: self.forwarder.in_flight,
            settings=self._settings,
            clock=self.clock,
        )
        self.applier = applier.Applier(
            self.inbox,
            self.shop,
            resolver.Resolver(self.shelf, self.shop, clock=self.clock),
            writing.Writing(self.shop, settings=lambda: self.settings.store, clock=self.clock),
            self.checks,
            same=wire.same,
            settings=self._settings,
            clock=self.clock,
            arrived=asyncio.Event(),
            settled=asyncio.Event(),
        )

    def _settings(self) -> Settings:
        return self.settings

    async def kill(self) -> None:
        """What was in flight may have been booked, and nothing of it is written down."""
        await self._cut()
        await self.start()

    async def _cut(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in list(self._tasks):
            with suppress(asyncio.CancelledError):
                await task
        self._tasks.clear()
        self.erp.flights.clear()

    async def poll_orders(self) -> None:
        """Everything that the shop shows otherwise than it was told last."""
        await self.deliver(self.shop.orders.values())

    async def deliver(self, orders: Iterable[Order]) -> None:
        for order in orders:
            if order.told == order.state():
                continue
            order.told = order.state()
            [sequence] = await ledger.judge(self.db, order.body(), at=self.clock.now())
            self.erp.units[sequence] = {} if order.is_deleted else dict(order.units)
            self.erp.order_of[sequence] = f"order/{order.number}"

    async def post(self) -> bool:
        """Send what is ready, up to where the gateway has it; whether there was anything."""
        before = len(self.erp.flights)
        batch = await self.forwarder.take()
        if not batch:
            return False
        task = asyncio.create_task(self.forwarder.send(batch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        arrived = asyncio.create_task(self.erp.arrived(before))
        await asyncio.wait((arrived, task), return_when=asyncio.FIRST_COMPLETED)
        arrived.cancel()
        return True

    async def answer(self, flight: Flight, kind: str) -> None:
        """``told``, ``no position``, ``lost``, ``deferred``, ``refused`` or ``rejected``."""
        self.erp.flights.remove(flight)
        results = flight.results
        if not flight.is_committed and kind in ("told", "no position"):
            kind = "lost"
        if flight.is_committed and kind in ("rejected", "refused", "deferred"):
            kind = "lost"
        body: dict[str, Any] = {"journal": flight.journal}
        if kind == "lost":
            answer = Answer(None, "timeout", excerpt="lost")
        elif kind == "refused":
            answer = Answer(401, excerpt="no")
        else:
            if kind == "no position":
                results = [{"id": one["id"], "status": one["status"]} for one in results]
            elif kind in ("deferred", "rejected"):
                results = [{"id": one["id"], "status": kind, "code": kind} for one in flight.events]
            if self.tells_head:
                body["head_position"] = self.erp.head
            answer = Answer(200, body=body | {"results": results})
        flight.answer.set_result(answer)
        await self._rested()

    async def _rested(self) -> None:
        """The tasks whose answer came have written it down."""
        while len(self._tasks) > len(self.erp.flights):
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    async def poll_feed(self) -> None:
        """As the puller does."""
        head = self.erp.head if self.tells_head else None
        if await self.outbox.journal(self.erp.journal, head):
            self._fed = 0
        self._fed = min(self._fed, len(self.erp.feed))
        items = [
            {name: value for name, value in one.items() if name != "journal"}
            for one in self.erp.feed[self._fed :]
        ]
        self._fed = len(self.erp.feed)
        page = intake.entries(items)

        def decide(seen: frozenset[str], known: KnownVersions) -> Intake:
            return intake.decide(page, seen, known, self.clock.now())

        ids = [entry.id for entry in page]
        await self.inbox.take_in(ids, intake.skus(page), decide, "c")
        await self.inbox.caught_up(await self.inbox.journal())

    async def apply(self) -> None:
        """Rounds until there is nothing to do."""
        for _ in range(30):
            self.clock.advance(4)
            if await self.applier.run_once() == applier.IDLE_S:
                return
        raise AssertionError("rounds without end")

    async def replay(self) -> None:
        """``woo-agent outbox replay --since`` of everything."""
        await self.db.writer.write(
            lambda tx: replay.since(
                tx, datetime.fromtimestamp(0, UTC), None, who="ada", now=self.clock.now()
            )
        )

    async def settle_everything(self) -> None:
        """Every webhook comes, every event is sent and answered, and the rounds end."""
        for _ in range(60):
            await self.poll_orders()
            self.clock.advance(4)
            while self.erp.flights:
                self.erp.commit(self.erp.flights[0])
                await self.answer(self.erp.flights[0], "told")
            if not await self.post() and not await self._pending():
                break
        else:
            raise AssertionError("events without end")
        await self.apply()

    async def _pending(self) -> int:
        [(count,)] = await select(
            self.db, "SELECT count(*) FROM outbox WHERE state = 'pending' OR verdict IS NULL"
        )
        if count:  # whatever they wait for is over
            self.clock.advance(61)
        return int(count)

    # What must hold.

    async def is_resting(self) -> bool:
        """Nothing we wrote is unchecked."""
        rows = await select(
            self.db, "SELECT 1 FROM stock_checks WHERE unchecked OR ambiguous_at IS NOT NULL"
        )
        return not rows

    async def expected(self, sku: str) -> int | None:
        """The figure in force less the units of what lies behind its position, as the gateway
        knows it; None where no figure is in force."""
        force = (await self.db.read(in_force.by_sku, [sku])).get(sku)
        if force is None:
            return None
        name = await self.db.read(journals.name_of, force.journal)
        ids = dict(await select(self.db, "SELECT sequence, id FROM outbox"))
        positions = self.erp.positions[name or ""]
        seen_position = force.update.seen_position or 0
        missing = 0
        for order in {*self.erp.order_of.values()}:
            most = base = 0
            for sequence in sorted(s for s, o in self.erp.order_of.items() if o == order):
                units = self.erp.units[sequence].get(sku, 0)
                position = positions.get(ids[sequence])
                is_seen = position is not None and position <= seen_position
                if is_seen and order not in force.update.unseen:
                    most = base = units
                most = max(most, units)
            missing += most - base
        return force.update.quantity - missing

    async def computed_anew(self, skus: Collection[str]) -> dict[str, tuple[int | None, int]]:
        """What stands beside each figure in force, and what it would be from all facts."""
        forces = await self.db.read(in_force.by_sku, list(skus))
        found = {}
        for sku, force in forces.items():
            shown = await self.shop.find([sku])
            figures = await self.checks.figures(shown)
            found[sku] = (force.computed, figures.of(force, shown[sku]).computed)
        return found

    async def open_checks(self) -> list[tuple[Any, ...]]:
        """What is marked, but for writes without an answer: they are looked at for five minutes."""
        return await select(self.db, "SELECT * FROM stock_checks WHERE ambiguous_at IS NULL")


def _encoded(event: Event) -> bytes:
    said = {"id": event.id, "sequence": event.sequence, "subject": event.subject}
    return json.dumps(said | {"replay": event.replay}).encode()
