"""Plugs the room that compares both ends together with what it compares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.reconcile import budget, catch_up, order_look

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping

    from agent.actor import Actor
    from agent.clock import Clock
    from agent.events.fetching import Fetcher
    from agent.ops.reload import Current
    from agent.storage.queues import Outbox
    from agent.storage.stock import Stock
    from agent.woo.client import Client


class Reconciling:
    """``look`` brings the store's orders up to date; ``budget`` is what comparing may ask for."""

    def __init__(
        self,
        outbox: Outbox,
        fetcher: Fetcher,
        shelf: Stock,
        store: Client,
        *,
        settings: Current,
        clock: Clock,
        busy: Callable[[], bool],
        stored: asyncio.Event,
        judged: asyncio.Event,
    ) -> None:
        """``busy``: whether the store is being written to."""
        self.look = order_look.OrderLook(
            outbox,
            fetcher,
            store_now=store.store_now,
            clock=clock,
            stored=stored,
            judged=judged,
        ).look
        self.budget = budget.Budget(
            per_minute=lambda: settings().reconcile.requests_per_minute, busy=busy, clock=clock
        )
        self.actors: Mapping[str, Actor] = {
            "catch_up": catch_up.CatchUp(
                self.look,
                known=shelf.ready,
                every=lambda: settings().reconcile.orders_every,
                clock=clock,
            ).run,
        }
