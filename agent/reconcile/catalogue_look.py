"""A look at the products, variations, coupons and customers that changed since the last one.

Lists with a few fields are compared with what was told, and only what differs is read, later and
together.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from agent import errors
from agent.model.delivery import Look
from agent.reconcile import differences, whole_lists
from agent.reconcile.high_water import HighWater

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from agent.clock import Clock
    from agent.model.listed import Listed, Told
    from agent.reconcile.budget import Budget

log = logging.getLogger(__name__)

MISSING_FOR_S = 3600.0  # then it is asked for again: a plugin may have answered
_LISTS = {"product": "products", "variation": "variations", "coupon": "coupons"}


class Sides(Protocol):
    """What was told."""

    async def told(self, subjects: Collection[str]) -> Mapping[str, Told]:
        """The newest content of those subjects."""

    async def unsent(self, subjects: Collection[str]) -> Mapping[str, str]:
        """Those of which an event lies dead that is newer than what was told: reading them again
        brings nothing new."""

    async def go_live(self) -> datetime:
        """What is from before was never told."""

    async def looked_until(self, resource: str) -> datetime | None:
        """Until when that kind was looked at, by the store's clock; None before the first look."""

    async def look_ended(self, resource: str, until: datetime) -> None:
        """It was looked at until then."""

    async def ask(self, asked: Sequence[tuple[Look, str, int]]) -> None:
        """Those are to be looked at."""


class Fetcher(Protocol):
    """What is needed of ``agent.events.fetching``."""

    async def news(self, resource: str, since: datetime) -> int:
        """Takes in what changed and is not known. Raises StoreError."""


class CatalogueLook:
    """One look after the other."""

    def __init__(
        self,
        store: whole_lists.Store,
        sides: Sides,
        fetcher: Fetcher,
        budget: Budget,
        *,
        store_now: Callable[[], datetime],
        clock: Clock,
        asked: asyncio.Event,
    ) -> None:
        """``store_now`` is the time by the store's clock, as far as its answers told."""
        self._store = store
        self._sides = sides
        self._fetcher = fetcher
        self._budget = budget
        self._store_now = store_now
        self._clock = clock
        self._asked = asked
        self._missing_until: dict[str, float] = {}
        self._marks = {listing: HighWater(clock=clock) for listing in _LISTS.values()}

    async def look(self) -> None:
        """Raises StoreError; what was found until then counts all the same."""
        for resource, listing in _LISTS.items():
            if self._clock.monotonic() < self._missing_until.get(listing, 0.0):
                continue
            try:
                await self._look(resource, listing)
            except errors.StoreRefusedError as error:
                if resource != "variation" or error.status != 404:
                    raise
                if listing not in self._missing_until:
                    log.info("this WooCommerce has no list of variations: webhooks tell of them")
                self._missing_until[listing] = self._clock.monotonic() + MISSING_FOR_S
            else:
                self._missing_until.pop(listing, None)
        since = await self._sides.go_live()
        await self._budget.spend(lambda: self._fetcher.news("customer", since))

    async def _look(self, resource: str, listing: str) -> None:
        began = min(self._store_now(), self._clock.now())
        live = await self._sides.go_live()
        until = await self._sides.looked_until(resource)
        mark = self._marks[listing]
        since = mark.begin(began, live if until is None else until)

        async def take(page: Sequence[Listed]) -> None:
            for row in page:
                mark.saw(row.changed_at, began)
            told = await self._sides.told([row.subject for row in page])
            asked = [
                row.subject for row in page if differences.differ(row, told.get(row.subject), live)
            ]
            dead = await self._sides.unsent(asked)
            if asked:
                looks = [(Look.RESOURCE, subject, 0) for subject in asked if subject not in dead]
                await self._sides.ask(looks)
                self._asked.set()

        why_not = await whole_lists.read(self._store, listing, since, take)
        if why_not:  # what the store never shows must not hold up what it shows
            log.warning("some %s that changed are not seen: %s", listing, why_not)
        await self._sides.look_ended(resource, mark.end(began))
