"""Looks at orders before stock is written and after it, and does not let go of a product before its
figure was found right.

The store sets figures absolutely: a sale that falls between is lost, and only its order tells.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from agent.clock import Clock
from agent.model.in_force import Check, Computed, Conclusion, InForce
from agent.model.product import ItemWrite, Shown, StoreProduct
from agent.model.stock import Base, Snapshot
from agent.settings import Settings
from agent.updates import checks, unexplained
from agent.updates.figures import AS_SAID, Figures
from agent.updates.writing import Answers


class Memory(Protocol):
    """What is needed of the storage."""

    async def ready(self) -> bool:
        """The orders that count from the beginning were read."""

    async def snapshots(
        self, product_ids: Sequence[int], in_flight: Collection[int]
    ) -> Mapping[int, Sequence[Snapshot]]:
        """Everything that orders held of those products and that counts still; ``in_flight`` are
        the numbers of events that are being sent."""

    async def checks(self, most: int) -> list[Check]:
        """What is to be compared now."""

    async def checks_of(self, product_ids: Collection[int]) -> list[Check]:
        """What is to be compared of those products."""

    async def checked(
        self, conclusions: Sequence[Conclusion], computed: Mapping[str, Computed]
    ) -> None:
        """Checks are done with, or made again. The store is in line with what was ``computed``."""

    async def known(self, skus: Sequence[str], *, complete: bool) -> Mapping[str, Sequence[Shown]]:
        """The products that have those SKUs, as they were shown last."""

    async def outdated(self, skus: Sequence[str]) -> list[str]:
        """Those of the SKUs whose orders changed since their products were shown last."""

    async def by_id(self, product_ids: Sequence[int]) -> dict[int, Shown]:
        """Those of the products that the catalogue knows."""

    async def in_force(self, skus: Sequence[str]) -> dict[str, InForce]:
        """The stock updates in force."""

    async def bases(self, product_ids: Collection[int]) -> Mapping[int, Base]:
        """What those of the products showed that we wrote."""

    async def wrote(self, found: Mapping[int, Base]) -> None:
        """The store confirmed those."""

    async def mark(self, product_ids: Collection[int]) -> None:
        """A write to those is about to be sent."""

    async def learn(self, products: Sequence[StoreProduct], *, written: bool) -> None:
        """The store shows those as they are now."""

    async def doubt(self, product_ids: Collection[int], *, stock: Collection[int]) -> None:
        """Writes to those were not answered; ``stock``: those of which the stock was written."""


class StockChecks:
    """The stock half of a round. Where unseen orders are ignored there is nothing to look at."""

    def __init__(
        self,
        memory: Memory,
        look: Callable[[], Awaitable[None]],
        *,
        in_flight: Callable[[], Collection[int]],
        settings: Callable[[], Settings],
        clock: Clock,
    ) -> None:
        """``look`` brings what orders hold up to date, or raises StoreError."""
        self._memory = memory
        self._look = look
        self._in_flight = in_flight
        self._settings = settings
        self._clock = clock

    @property
    def _subtracts(self) -> bool:
        return self._settings().inventory.unseen_orders == "subtract"

    async def ready(self) -> bool:
        """Whether stock may be written yet."""
        return not self._subtracts or await self._memory.ready()

    async def due(self, most: int) -> list[Check]:
        """What is to be compared with the store now. What was marked because something became known
        is computed first: where that changes no figure nobody is asked."""
        if not self._subtracts:
            return []
        found: list[Check] = []
        while len(found) < most:
            due = [check for check in await self._memory.checks(most) if check not in found]
            found += [check for check in due if check.asks]
            learned = [check for check in due if not check.asks]
            if not learned:
                break
            found += await self._differing(learned)
        return found[:most]

    async def _differing(self, due: Sequence[Check]) -> list[Check]:
        """Those of the checks that the store has to be read for; the others are concluded."""
        known = {
            number: one.product
            for number, one in (
                await self._memory.by_id([check.product_id for check in due])
            ).items()
        }
        skus = list({one.sku for one in known.values() if one.sku})
        by_sku = {
            sku: [one.product for one in group]
            for sku, group in (await self._memory.known(skus, complete=False)).items()
        }
        products = {p.id for group in by_sku.values() for p in group} | known.keys()
        snapshots = await self._memory.snapshots(list(products), self._in_flight())
        figures = Figures(snapshots, {}, self._settings().inventory.uncertain)
        in_force = await self._memory.in_force(skus)
        outcome = checks.unchanged(due, known, by_sku, in_force, figures)
        await self._done(outcome)
        return [check for check in due if check not in outcome.good]

    async def look(self) -> None:
        """Brings what orders hold up to date. Raises StoreError."""
        if self._subtracts:
            await self._look()

    async def figures(self, found: Mapping[str, Sequence[StoreProduct]]) -> Figures:
        """What orders hold of those products now, and what is missing of them without an order."""
        if not self._subtracts or not found:
            return AS_SAID
        settings, now = self._settings().inventory, self._clock.now()
        products = {product.id: product for group in found.values() for product in group}
        snapshots = await self._memory.snapshots(list(products), self._in_flight())
        bases = {}
        for number, base in (await self._memory.bases(products)).items():
            stands = products[number].values["quantity"]
            if isinstance(stands, int):
                taken = unexplained.taken(snapshots.get(number, ()))
                bases[number] = unexplained.found(
                    base, stands, taken, now, settings.unexplained_for
                )
        return Figures(snapshots, bases, settings.uncertain)

    async def in_line(
        self, skus: Collection[str], found: Mapping[str, Sequence[StoreProduct]], figures: Figures
    ) -> None:
        """The products of those SKUs show what they should: what changes from here on is explained
        by orders, by what is learned, or by nothing."""
        now = self._clock.now()
        bases = {
            product.id: base
            for sku in skus
            for product in found.get(sku, ())
            if figures.snapshots.get(product.id) and product.id not in figures.bases
            if (base := _base(product, figures, {}, now)) is not None
        }
        if bases:
            await self._memory.wrote(bases)

    async def outdated(self, skus: Sequence[str]) -> list[str]:
        """Those of the SKUs whose orders changed since their products were shown last: what was
        shown then says nothing of what is missing now."""
        return await self._memory.outdated(skus) if self._subtracts and skus else []

    async def skus(self, due: Sequence[Check]) -> list[str]:
        """The SKUs of the products to be compared."""
        known = await self._memory.by_id([check.product_id for check in due])
        return list(dict.fromkeys(one.product.sku for one in known.values() if one.product.sku))

    async def decide(
        self,
        due: Sequence[Check],
        found: Mapping[str, Sequence[StoreProduct]],
        figures: Figures,
    ) -> checks.Outcome:
        """What the checks ask for; ``found`` has the products by SKU as the store shows them."""
        if not due:
            return checks.Outcome((), ())
        shown = {product.id: product for group in found.values() for product in group}
        in_force = await self._memory.in_force(list(found))
        return checks.decide(due, shown, found, in_force, figures)

    async def sending(self, items: Iterable[ItemWrite]) -> set[int]:
        """Those items are about to be sent; the products whose stock they set."""
        stock = {item.product.id for item in items if "quantity" in item.values}
        if stock and self._subtracts:
            await self._memory.mark(stock)
        return stock

    async def sent(
        self,
        answers: Answers,
        stock: Collection[int],
        figures: Figures,
        missing: Mapping[int, int],
    ) -> None:
        """What the store answered is what it shows; what it did not answer is in doubt. Of the
        products in ``missing`` so many units went without an order."""
        shown = [one.product for one in answers.answered.values() if one.product is not None]
        await self._memory.learn(shown, written=True)
        if self._subtracts:
            await self._memory.wrote(
                {
                    product.id: base
                    for product in shown
                    if product.id in stock
                    and (base := _base(product, figures, missing, self._clock.now())) is not None
                }
            )
        if answers.ambiguous:
            doubtful = {*stock} & {*answers.ambiguous} if self._subtracts else set()
            await self._memory.doubt(answers.ambiguous, stock=doubtful)

    async def conclude(
        self,
        due: Sequence[Check],
        written: Collection[int],
        found: Mapping[str, Sequence[StoreProduct]],
        refused: Collection[int],
        unanswered: Collection[int],
        set_aside: Collection[int],
    ) -> None:
        """Looks at orders once more, and lets go of what is right now. What the store did not do
        (``refused``) or fails on (``set_aside``) is tried again later; the rest is due at once.
        What ``unanswered`` products showed before says nothing of them now: they are read first.
        Raises StoreError."""
        if not self._subtracts or not (due or written):
            return
        if written:
            await self._look()
        ids = {check.product_id for check in due} | {*written}
        await self._later(ids & {*set_aside})
        ids -= {*unanswered, *set_aside}
        open_ = await self._memory.checks_of(ids)
        known = await self._memory.by_id(list(ids))
        now_shown: dict[str, list[StoreProduct]] = {
            sku: [known[p.id].product if p.id in known else p for p in group]
            for sku, group in found.items()
        }
        figures = await self.figures(now_shown)
        outcome = await self.decide(open_, now_shown, figures)
        await self.in_line(outcome.computed, now_shown, figures)
        retried = {write.product.id for write in outcome.writes} & set(refused)
        await self._done(outcome, [check for check in open_ if check.product_id in retried])

    async def _later(self, product_ids: Collection[int]) -> None:
        if product_ids:
            now = self._clock.now()
            left = await self._memory.checks_of(product_ids)
            await self._memory.checked([checks.retry(check, now) for check in left], {})

    async def _done(self, outcome: checks.Outcome, retried: Sequence[Check] = ()) -> None:
        now, timeout = self._clock.now(), self._settings().store.timeout
        done = [
            checks.conclude(one, now, timeout, is_doubtful=one.product_id in outcome.doubtful)
            for one in outcome.good
        ]
        done += [checks.retry(check, now) for check in retried]
        await self._memory.checked(done, outcome.computed)


def _base(
    product: StoreProduct, figures: Figures, missing: Mapping[int, int], now: datetime
) -> Base | None:
    """From now on: what it shows, and what orders had taken and was missing by then."""
    stands = product.values["quantity"]
    if not isinstance(stands, int):
        return None
    taken = unexplained.taken(figures.snapshots.get(product.id, ()))
    before = figures.bases.get(product.id)
    units = missing.get(product.id, 0 if before is None else before.unexplained)
    if not units:
        return Base(stands, taken)
    return Base(stands, taken, units, (before and before.since) or now)
