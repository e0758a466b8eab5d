"""All orders and refunds of the store against what was told of them: what is missing, changed or
gone is asked for."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from agent.model import report
from agent.model.delivery import Look
from agent.reconcile import differences, refund_days, whole_lists
from agent.reconcile.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from agent.model.listed import Listed, Told
    from agent.model.report import RefundDay

log = logging.getLogger(__name__)

AT_ONCE = 1000


class Sides(Protocol):
    """What was told, and what is to be looked at."""

    async def told(self, subjects: Collection[str]) -> Mapping[str, Told]:
        """The newest content of those subjects."""

    async def told_after(self, resource: str, subject: str, most: int) -> Sequence[Told]:
        """The same of a kind, in order, behind one of them."""

    async def unsent(self, subjects: Collection[str]) -> Mapping[str, str]:
        """Those of which an event lies dead that is newer than what was told, and why."""

    async def asked(self, look: Look, subjects: Collection[str]) -> Collection[str]:
        """Those of them that are still to be looked at."""

    async def go_live(self) -> datetime:
        """What is from before was never told."""

    async def last_sequence(self) -> int:
        """The highest number that was given so far."""

    async def ask(self, asked: Sequence[tuple[Look, str, int]], *, backfill: bool = False) -> None:
        """Those are to be looked at."""

    async def accepted_refunds(
        self, after: str, most: int
    ) -> Sequence[tuple[str, int, datetime | None, str, str, str]]:
        """(subject, number of its event, made at, amount, order, currency) of those that the
        gateway has."""


class OrderSweep:
    """One comparison. ``hidden`` are kinds of which the store shows suspiciously little, and lists
    that are not compared, with the reason."""

    def __init__(self, store: whole_lists.Store, sides: Sides, *, believe: bool = False) -> None:
        """``believe``: what the store does not show any more is gone, however much that is."""
        self._believe = believe
        self._store = store
        self._sides = sides
        self.orders = Tally()
        self.refunds = Tally()
        self.hidden: list[str] = []
        self.summed = False
        self._in_store = refund_days.Sums()
        self._currency = ""
        self._others: dict[str, str] = {}  # order → its currency, where that is not the usual one

    async def run(self, since: datetime | None = None) -> None:
        """Compares all, or only what changed ``since`` then, which is loaded as history where it is
        from before the store went live. Raises StoreError."""
        live = await self._sides.go_live()
        last = self.orders.began = self.refunds.began = await self._sides.last_sequence()

        async def take(page: Sequence[Listed]) -> None:
            await self._orders(page, live, since)

        is_whole = await self._read("orders", since, take)
        if since is not None:
            return
        if is_whole:
            await self._gone("order", self.orders, last)

        async def take_refunds(page: Sequence[Listed]) -> None:
            await self._refunds(page, live)

        if await self._read("refunds", None, take_refunds):
            await self._gone("refund", self.refunds, last)
            self.summed = is_whole  # refunds of orders that were not shown are left out

    async def _read(
        self,
        listing: str,
        since: datetime | None,
        take: Callable[[Sequence[Listed]], Awaitable[None]],
    ) -> bool:
        """Whether that was all of it."""
        why_not = await whole_lists.read(self._store, listing, since, take)
        if why_not:
            log.warning("%s are not compared: %s", listing, why_not)
            self.hidden.append(report.not_compared(listing, why_not))
        return not why_not

    async def _gone(self, resource: str, tally: Tally, last: int) -> None:
        ends = (tally, self._sides, self.hidden)
        await ask_for_gone(resource, *ends, up_to=last, believe=self._believe)

    async def again(self) -> None:
        """After what was asked for has been read."""
        await look_again(self.orders, self._sides)
        await look_again(self.refunds, self._sides)

    async def days(self) -> tuple[RefundDay, ...]:
        """Refunds of both sides by day and currency, without those made since the lists were read;
        none where not all were shown."""
        if not self.summed:
            return ()
        gateway, after = refund_days.Sums(), ""
        while rows := await self._sides.accepted_refunds(after, AT_ONCE):
            for subject, sequence, at, amount, order, currency in rows:
                shown = int(subject.partition("/")[2]) in self.refunds.shown
                if shown or sequence <= self.refunds.began:
                    gateway.add(at, currency or self._currency_of(order), amount)
            after = rows[-1][0]
        return refund_days.compared(self._in_store, gateway)

    def _currency_of(self, order: str) -> str:
        return self._others.get(order, self._currency)

    async def _orders(self, page: Sequence[Listed], live: datetime, since: datetime | None) -> None:
        for row in page:
            self._currency = self._currency or row.currency
            if row.currency != self._currency:
                self._others[row.subject] = row.currency
        told, dead = await known(self._sides, page)
        history = {row.subject for row in page if not differences.is_ours(row, None, live)}
        asked = self.orders.page(page, told, dead, live if since is None else min(live, since))
        for backfill in (False, True):
            looks = [
                (Look.RESOURCE, subject, 0)
                for subject in asked
                if (subject in history and subject not in told) is backfill
            ]
            if looks:
                await self._sides.ask(looks, backfill=backfill)

    async def _refunds(self, page: Sequence[Listed], live: datetime) -> None:
        told, dead = await known(self._sides, page)
        told = {**told, **await self._sides.told({row.parent for row in page})}
        page = [row for row in page if differences.is_owed(row, told, self.orders.shown)]
        for row in page:
            if row.number not in self.refunds.shown and differences.is_ours(
                row, told.get(row.subject), live
            ):
                self._in_store.add(
                    row.created_at, self._currency_of(row.parent), row.figures.decode()
                )
        different = {*self.refunds.page(page, told, dead, live)}
        orders = differences.refunds_of((r for r in page if r.subject in different), told)
        looks = [look for one in orders for look in looks_at_refunds(one, told.get(one))]
        if looks:
            await self._sides.ask(looks)


async def known(
    sides: Sides, page: Sequence[Listed]
) -> tuple[Mapping[str, Told], Mapping[str, str]]:
    """What was told of a page, and what of it lies dead."""
    subjects = [row.subject for row in page]
    return await sides.told(subjects), await sides.unsent(subjects)


async def look_again(tally: Tally, sides: Sides) -> None:
    """Brings what is open up to date. A refund is read with all of its order."""
    subjects = list(tally.open)
    for at in range(0, len(subjects), AT_ONCE):
        some = subjects[at : at + AT_ONCE]
        told, dead = await sides.told(some), await sides.unsent(some)
        orders = {name: one.parent for name, one in told.items() if one.parent}
        waiting = {
            *await sides.asked(Look.RESOURCE, some),
            *await sides.asked(Look.REFUNDS, {*orders.values()}),
        }
        tally.again(some, told, dead, {one for one in some if {one, orders.get(one)} & waiting})


async def ask_for_gone(
    resource: str,
    tally: Tally,
    sides: Sides,
    hidden: list[str],
    *,
    up_to: int,
    believe: bool = False,
) -> None:
    """Asks for what was told by number ``up_to`` and is not shown any more; for none of it where it
    is more than can be believed, unless somebody says so."""
    alive, after = 0, ""
    gone: list[Told] = []
    while some := await sides.told_after(resource, after, AT_ONCE):
        alive += sum(not one.deleted for one in some)
        gone += differences.gone(some, tally.shown, up_to=up_to)
        after = some[-1].subject
    if not believe and not differences.is_believable(len(gone), alive):
        hidden.append(f"{resource}s")
        return
    tally.went(one.subject for one in gone)
    looks = [(Look.RESOURCE, one.subject, 0) for one in gone]
    if resource == "refund":
        orders = await sides.told({one.parent for one in gone})
        looks = [look for name, one in orders.items() for look in looks_at_refunds(name, one)]
    if looks:
        await sides.ask(looks)


def looks_at_refunds(order: str, told: Told | None) -> list[tuple[Look, str, int]]:
    """The order too: that a refund was deleted shows in it, and no date tells. The refunds of one
    that was never told follow it."""
    looks = [(Look.RESOURCE, order, 0)]
    return looks if told is None else [(Look.REFUNDS, order, told.sequence), *looks]
