"""Plugs the room that compares both ends together with what it compares."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agent.model.delivery import Look
from agent.reconcile import (
    budget,
    catalogue_look,
    catch_up,
    comparison,
    gentle,
    lateness,
    order_look,
    sweep,
    waking,
    watchdog,
)
from agent.storage import drift
from agent.storage.comparing import Sides
from agent.storage.registrations import Book
from agent.storage.stock import Stock
from agent.updates.intended import Intended
from agent.updates.stock_checks import StockChecks
from agent.woo import wire
from agent.woo.reads import Reads
from agent.woo.translate import broken
from agent.woo.webhook_registry import Registry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from datetime import timedelta

    from agent.actor import Actor
    from agent.clock import Clock
    from agent.events.fetching import Fetcher
    from agent.model.product import StoreProduct
    from agent.reconcile import whole_lists
    from agent.settings import Settings
    from agent.storage.access import State
    from agent.storage.database import Database
    from agent.storage.queues import Outbox
    from agent.woo.client import Client


class Reconciling:
    """``look`` brings the store's orders up to date; ``budget`` is what comparing may ask for;
    ``lateness`` and ``cron`` are about webhooks that come late, ``webhooks`` about those that never
    come, ``drift`` about prices, ``cache`` about what answers in the store's place."""

    def __init__(
        self,
        db: Database,
        outbox: Outbox,
        fetcher: Fetcher,
        store: Client,
        *,
        settings: Callable[[], Settings],
        clock: Clock,
        busy: Callable[[], bool],
        stored: asyncio.Event,
        asked: asyncio.Event,
        judged: asyncio.Event,
    ) -> None:
        """``busy``: whether the store is being written to."""
        self._fetcher = fetcher
        self._store = store
        self.cache = store.cache
        self._settings = settings
        self._clock = clock
        self._asked = asked
        self._sides = Sides(db.read, db.writer.write, clock=clock)
        self._orders = order_look.OrderLook(
            outbox,
            fetcher,
            store_now=store.store_now,
            clock=clock,
            stored=stored,
            judged=judged,
        )
        self.look = self._orders.look
        self.lateness = lateness.Lateness(
            store_now=lambda: store.store_now() - self.behind, clock=clock
        )
        self.cron = waking.Waking(
            self.lateness,
            store,
            on=lambda: settings().store.wake_cron,
            ask=self._look_again,
            clock=clock,
        )
        self.drift = drift.Drift(db, wire.same, settings=settings, clock=clock)
        self.webhooks = watchdog.Watchdog(
            Registry(store, settings().webhooks),
            Book(db, broken.is_its_webhooks_fault, clock=clock),
            delivery_url=settings().webhooks.delivery_url,
            every=lambda: settings().reconcile.webhooks_every,
            clock=clock,
            asked=asked,
        )
        self.budget = budget.Budget(
            per_minute=lambda: settings().reconcile.requests_per_minute, busy=busy, clock=clock
        )

    @property
    def behind(self) -> timedelta:
        """At least so far are the dates of changes behind the store's clock."""
        return self._orders.behind

    async def _look_again(self, subjects: Sequence[str]) -> None:
        await self._sides.ask([(Look.RESOURCE, subject, 0) for subject in subjects])
        self._asked.set()

    def actors(self, shelf: Stock, stock: StockChecks) -> Mapping[str, Actor]:
        """What looks and compares, by name."""

        def every() -> timedelta:
            return self._settings().reconcile.orders_every

        catalogue = catalogue_look.CatalogueLook(
            Reads(gentle.Gentle(self._store, self.budget, clock=self._clock)),
            self._sides,
            self._fetcher,
            self.budget,
            store_now=self._store.store_now,
            clock=self._clock,
            asked=self._asked,
        )
        compared = _comparison(
            *(self._sides, shelf, stock, self.drift, self._store, self.budget),
            look=self.look,
            settings=self._settings,
            clock=self._clock,
            asked=self._asked,
        )
        sweeping = sweep.Sweep(
            *(compared, self._sides, self._fetcher),
            known=shelf.ready,
            settings=self._settings,
            clock=self._clock,
        )
        looks = {"orders": self.look, "products, coupons and customers": catalogue.look}
        return {
            **{
                f"look for {what}": catch_up.CatchUp(
                    look, what=what, known=shelf.ready, every=every, clock=self._clock
                ).run
                for what, look in looks.items()
            },
            "sweep": sweeping.run,
            "cron": self.cron.run,
            "webhooks": self.webhooks.run,
        }


def beside(
    state: State,
    sides: Sides,
    store: Client,
    *,
    counted: Callable[[whole_lists.Store], whole_lists.Store],
    settings: Callable[[], Settings],
    clock: Clock,
) -> comparison.Comparison:
    """The daemon's comparison, to be made once by a process that has no line of its own: orders are
    not looked at before figures are compared."""
    shelf = Stock(state, clock=clock)
    stock = StockChecks(shelf, _nothing, in_flight=frozenset, settings=settings, clock=clock)
    prices = drift.Drift(state, wire.same, settings=settings, clock=clock)
    spared = budget.Budget(
        per_minute=lambda: settings().reconcile.requests_per_minute,
        busy=lambda: False,
        clock=clock,
    )
    return _comparison(
        *(sides, shelf, stock, prices, store, spared),
        counted=counted,
        pauses_s=(),
        look=_nothing,
        settings=settings,
        clock=clock,
        asked=asyncio.Event(),
    )


def _comparison(
    sides: Sides,
    shelf: Stock,
    stock: StockChecks,
    prices: drift.Drift,
    store: Client,
    spared: budget.Budget,
    *,
    look: Callable[[], Awaitable[None]],
    settings: Callable[[], Settings],
    clock: Clock,
    asked: asyncio.Event,
    counted: Callable[[whole_lists.Store], whole_lists.Store] = lambda store: store,
    pauses_s: Sequence[float] = gentle.PAUSES_S,
) -> comparison.Comparison:
    reader = gentle.Gentle(store, spared, clock=clock, pauses_s=pauses_s)
    intended = Intended(shelf, stock, settings=settings)
    return comparison.Comparison(
        counted(Reads(reader)),
        sides,
        Inventory(sides, intended, prices, store, look, reader, clock),
        requests=lambda: reader.requests,
        store_now=store.store_now,
        settings=settings,
        clock=clock,
        asked=asked,
    )


async def _nothing() -> None:
    return


class Inventory:
    """What products should show, and what they show."""

    def __init__(
        self,
        sides: Sides,
        intended: Intended,
        prices: drift.Drift,
        store: Client,
        look: Callable[[], Awaitable[None]],
        reader: gentle.Gentle,
        clock: Clock,
    ) -> None:
        self._reader = reader
        self._prices = prices
        self._store = store
        self._look = look
        self._sides = sides
        self._intended = intended
        self._now = clock.now
        self.quantities = intended.quantities
        self.newest_updates = sides.newest_updates
        self.written_at = sides.written_at
        self.marked = sides.marked

    async def repair(self, products: Sequence[StoreProduct]) -> None:
        missing = await self._intended.missing(products, self._now())
        await self._sides.repair({one.id for one in products}, missing)

    async def prices(self, products: Sequence[StoreProduct]) -> Mapping[int, tuple[str, ...]]:
        return await self._prices.of(products)

    async def fresh(self, skus: Collection[str]) -> Sequence[StoreProduct]:
        await self._look()
        found = await self._reader.spend(lambda: self._store.find(list(skus)))
        return [product for sku in skus for product in found[sku]]
