"""Compares both ends: what differs is asked for, and the owner gets the proof that they agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from agent import metrics
from agent.model import report
from agent.reconcile import catalogue_sweep, order_sweep, refund_days, whole_lists

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from datetime import datetime

    from agent.clock import Clock
    from agent.model.report import ReconciliationReport
    from agent.settings import Settings

LOOK_S = 1.0
MENDED_WITHIN_S = 1800.0
ACCEPTED_WITHIN_S = 30.0


class Sides(order_sweep.Sides, Protocol):
    """What was told, and how it stands."""

    async def is_asking(self) -> bool:
        """Whether something that was asked for is not read yet."""

    async def open_ends(self) -> tuple[float | None, int, bool]:
        """Age in seconds of the oldest event that waits, held updates, and whether something waits
        for its verdict."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to compare. ``since``: only orders that changed since then, as history where they are
    older than the store's going live. ``believe``: what the store does not show any more is gone,
    however much that is."""

    orders: bool = True
    catalogue: bool = True
    since: datetime | None = None
    repair: bool = False
    believe: bool = False


class Comparison:
    """One at a time."""

    def __init__(
        self,
        store: whole_lists.Store,
        sides: Sides,
        inventory: catalogue_sweep.Inventory,
        *,
        requests: Callable[[], int],
        store_now: Callable[[], datetime],
        settings: Callable[[], Settings],
        clock: Clock,
        asked: asyncio.Event,
    ) -> None:
        """``requests`` is how many were made so far, ``store_now`` the time by the store's
        clock."""
        self._store = store
        self._sides = sides
        self._inventory = inventory
        self._requests = requests
        self._store_now = store_now
        self._settings = settings
        self._clock = clock
        self._asked = asked

    async def compare(self, wanted: Wanted, *, mend: bool = True) -> ReconciliationReport:
        """Compares, asks for what differs, and waits until that is read unless it is not to
        ``mend``. Raises StoreError."""
        live, spent = await self._sides.go_live(), self._requests()
        orders = order_sweep.OrderSweep(self._store, self._sides, believe=wanted.believe)
        shelf = catalogue_sweep.CatalogueSweep(
            self._store,
            self._sides,
            self._inventory,
            ahead=self._store_now() - self._clock.now(),
            believe=wanted.believe,
        )
        if wanted.orders:
            await orders.run(wanted.since)
        if wanted.catalogue:
            await shelf.run()
        if mend:
            await self._mended()
        if wanted.catalogue:
            await shelf.find_drift(repair=wanted.repair)
        for one in (orders, shelf):
            await one.again()
        made = await self._report(wanted, orders, shelf, live, self._requests() - spent)
        _measure(made, shelf)
        return made

    async def _mended(self) -> None:
        """Waits until what was asked for is read; then, for a while, until it is accepted."""
        self._asked.set()
        given_up = self._clock.monotonic() + MENDED_WITHIN_S
        while await self._sides.is_asking() and self._clock.monotonic() < given_up:
            await self._clock.sleep(LOOK_S)
        given_up = self._clock.monotonic() + ACCEPTED_WITHIN_S
        while self._clock.monotonic() < given_up:
            oldest_s, _, unjudged = await self._sides.open_ends()
            if oldest_s is None and not unjudged:
                return
            await self._clock.sleep(LOOK_S)

    async def _report(
        self,
        wanted: Wanted,
        orders: order_sweep.OrderSweep,
        shelf: catalogue_sweep.CatalogueSweep,
        live: datetime,
        requests: int,
    ) -> ReconciliationReport:
        now, store_id = self._clock.now(), self._settings().store.id
        oldest_s, held, _ = await self._sides.open_ends()
        whole = wanted.orders and wanted.since is None
        days = await orders.days() if whole else ()
        has_refunds = orders.summed or orders.refunds.shown
        hidden = (*orders.hidden, *shelf.hidden)
        skus, accurate = len(shelf.skus), shelf.accurate
        tallies = (orders.orders, orders.refunds, *shelf.tallies.values())
        agreed = not (
            any(one.open for one in tallies) or hidden or shelf.drifted or shelf.unchecked
        )
        agreed = agreed and skus == accurate and refund_days.agree(days)
        return report.ReconciliationReport(
            id=f"report/{now:%Y-%m-%d}",
            store_id=store_id,
            made_at=now,
            since=wanted.since or live,
            agreed=agreed,
            orders=orders.orders.told() if wanted.orders else None,
            refunds=orders.refunds.told() if whole and has_refunds else None,
            refund_days=refund_days.named(days),
            **{
                f"{resource}s": tally.told() if wanted.catalogue else None
                for resource, tally in shelf.tallies.items()
            },
            skus=skus,
            accurate=accurate,
            accuracy=accurate * 10_000 // skus / 10_000 if skus else None,
            drifted=tuple(shelf.drifted[: report.NAMED]),
            drifted_count=len(shelf.drifted),
            hidden=hidden,
            unchecked_skus=shelf.unchecked,
            oldest_unsettled_seconds=oldest_s,
            held_updates=held,
            requests=requests,
        )


def _measure(made: ReconciliationReport, shelf: catalogue_sweep.CatalogueSweep) -> None:
    if made.orders is not None:
        metrics.NOT_ACCEPTED.labels("orders").set(made.orders.in_store - made.orders.accepted)
    if made.refunds is not None:
        metrics.NOT_ACCEPTED.labels("refunds").set(made.refunds.in_store - made.refunds.accepted)
    if made.accuracy is not None:
        metrics.INVENTORY_ACCURACY.set(made.accuracy)
    found = catalogue_sweep.by_cause(shelf.drifted)
    for cause in report.DriftCause:
        metrics.DRIFTED.labels(cause).set(found.get(cause, 0))
