"""The inbound line without a daemon: real database, real HTTP, stand-ins at both ends."""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

from agent.demo.gateway import Gateway
from agent.demo.store import Store
from agent.gateway import client as gateway_client
from agent.model.delivery import State
from agent.model.stock import Snapshot
from agent.storage import database, in_force, inbox_queue, stock, stock_marks
from agent.updates import applier, intake, puller, reporter, resolver, stock_checks, writing
from agent.woo import client, reads, wire
from tests import agents
from tests.woo.shops import HurriedClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Sequence
    from pathlib import Path

    from agent.demo.site import Handler
    from agent.model.inbox import Intake, KnownVersions
    from agent.settings import Settings


class Shelf(stock.Stock):
    """What orders hold is said by the test."""

    held: dict[int, list[Snapshot]]
    is_ready = True

    async def ready(self) -> bool:
        return self.is_ready

    async def snapshots(
        self, product_ids: Sequence[int], in_flight: Collection[int]
    ) -> dict[int, list[Snapshot]]:
        return {number: self.held[number] for number in product_ids if number in self.held}


@dataclass
class Line:
    """All of it; ``sent`` has the path and the items of every batch that reached the store, and
    ``answered`` says what becomes of the rows of its answer on their way back."""

    clock: HurriedClock
    store: Store
    gateway: Gateway
    inbox: inbox_queue.Inbox
    settings: Settings
    sent: list[tuple[str, list[dict[str, Any]]]]
    answered: Callable[[list[Any]], list[Any]] = list
    looks: int = 0
    seen_at_looks: list[Callable[[], None]] = field(default_factory=list)
    shelf: Shelf = field(init=False)
    applier: applier.Applier = field(init=False)
    puller: puller.Puller = field(init=False)
    reporter: reporter.Reporter = field(init=False)

    def configure(self, **sections: dict[str, Any]) -> None:
        """Changes settings, as a reload does."""
        changed = {
            name: getattr(self.settings, name).model_copy(update=section)
            for name, section in sections.items()
        }
        self.settings = self.settings.model_copy(update=changed)

    async def feed(self, *items: dict[str, Any]) -> None:
        """Takes a page in, as the puller does."""
        page = intake.entries(items)

        def decide(seen: frozenset[str], known: KnownVersions) -> Intake:
            return intake.decide(page, seen, known, self.clock.now())

        ids = [entry.id for entry in page]
        await self.inbox.take_in(ids, intake.skus(page), decide, None)

    def sells(self, product_id: int, units: int, *, order: int = 1) -> None:
        """An order takes that many in the store, and the agent has read it; the ERP has not."""
        sequence = len(self.shelf.held.get(product_id, ())) + 1
        snapshot = Snapshot(
            sequence, f"order/{order}", order, product_id, units, units, State.PENDING
        )
        self.shelf.held.setdefault(product_id, []).append(snapshot)

    async def compare(self, product_id: int) -> None:
        """Marks a product as the judge does when what orders hold of it has changed."""
        now = self.clock.now()
        await self.shelf._db.write(lambda tx: stock_marks.units_changed(tx, [product_id], now))
        self.clock.advance(stock_marks.GATHERED_FOR.total_seconds())

    async def marked(self) -> dict[int, bool]:
        """Products that are to be compared, and whether they are unchecked."""
        checks = await self.shelf._db.read(in_force.due, datetime.max.replace(tzinfo=UTC), 100)
        return {check.product_id: check.unchecked for check in checks}

    async def apply(self, *, rounds: int = 20) -> int:
        """Rounds until nothing is due, or until a round is paused; how many there were."""
        for n in range(1, rounds + 1):
            if await self.applier.run_once():
                return n
        raise AssertionError(f"still busy after {rounds} rounds")

    async def look(self) -> None:
        """What the next one of ``seen_at_looks`` says is found."""
        self.looks += 1
        if self.seen_at_looks:
            self.seen_at_looks.pop(0)()

    async def results(self) -> dict[str, list[str]]:
        """Status, or code where there is one, of the results of each update in order."""
        said: dict[str, list[str]] = {}
        for _, result in await self.inbox.unreported(10_000):
            said.setdefault(result["id"], []).append(result.get("code") or result["status"])
        return said


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Line]:
    """A line between two stand-ins, with its state in ``folder``."""
    clock = HurriedClock()
    store = Store(
        clock, consumer_key=agents.KEY, consumer_secret=agents.SECRET, rng=random.Random(1)
    )
    sent: list[tuple[str, list[dict[str, Any]]]] = []
    store.site._app.middlewares.append(_kept(sent))
    store.site._app.middlewares.append(_answered(lambda rows: line.answered(rows)))
    gateway = Gateway(folder / "gateway.db", clock, token=agents.TOKEN)
    async with store.serving(deliver=False), gateway.serving():
        settings = agents.configured(
            folder / "state",
            store={"url": store.url, "connect_to": None, "timeout": "100ms"},
            gateway={"url": gateway.url, "poll_every": "10s", "timeout": "300ms"},
            updates={"wait": "20s"},
        )
        async with (
            database.opened(folder / "state") as db,
            client.opened(settings.store, clock=clock, rng=random.Random(2)) as woo,
            gateway_client.opened(
                settings.gateway,
                store_id=agents.STORE,
                instance="i-1",
                clock=clock,
                rng=random.Random(3),
            ) as gate,
        ):
            inbox = inbox_queue.Inbox(db, clock=clock)
            arrived, settled = asyncio.Event(), asyncio.Event()
            line = Line(clock, store, gateway, inbox, settings, sent)

            def current() -> Settings:
                return line.settings

            shelf = line.shelf = Shelf(db, clock=clock)
            shelf.held = {}
            line.applier = applier.Applier(
                inbox,
                woo,
                resolver.Resolver(shelf, woo, clock=clock, lists=reads.Reads(woo)),
                writing.Writing(woo, settings=lambda: current().store, clock=clock),
                stock_checks.StockChecks(
                    shelf, line.look, in_flight=frozenset, settings=current, clock=clock
                ),
                same=wire.same,
                settings=current,
                clock=clock,
                arrived=arrived,
                settled=settled,
            )
            line.puller = puller.Puller(
                inbox,
                gate,
                settings=current,
                clock=clock,
                rng=random.Random(3),
                arrived=arrived,
                journal=same_journal,
            )
            line.reporter = reporter.Reporter(
                inbox, gate, clock=clock, rng=random.Random(4), settled=settled
            )
            yield line


def _kept(sent: list[tuple[str, list[dict[str, Any]]]]) -> Any:
    @web.middleware
    async def keep(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST":
            path = request.path.removeprefix("/wp-json/wc/v3/")
            sent.append((path, json.loads(await request.read())["update"]))
        return await handler(request)

    return keep


def _answered(change: Callable[[list[Any]], list[Any]]) -> Any:
    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if request.method != "POST" or response.status != 200:
            return response
        assert isinstance(response, web.Response)
        assert isinstance(response.body, bytes)
        body = json.loads(response.body)
        return web.json_response(body | {"update": change(body["update"])})

    return answer


async def same_journal(name: str, head_position: int | None, *, asked_in: int) -> bool:
    """A gateway that was never restored from a backup."""
    return False
