"""All products, variations, customers and coupons of the store against what was told of them, and
the stock and prices they show against what they should show."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from agent.model import report
from agent.model.delivery import Look
from agent.model.report import DriftCause, Drifted
from agent.reconcile import causes, order_sweep, whole_lists
from agent.reconcile.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime, timedelta

    from agent.model.listed import Listed
    from agent.model.product import StoreProduct

log = logging.getLogger(__name__)

LISTS = {
    "product": ("products", "variations", "trashed products", "trashed variations"),
    "customer": ("customers",),
    "coupon": ("coupons",),
}
_REPAIRED = frozenset({DriftCause.CHANGED_IN_STORE, DriftCause.WRITTEN_BY_OTHERS})
_MOST_CHECKED = 5000


class Inventory(Protocol):
    """What products should show, and how that stands. Where stock or prices are not the ERP's
    there is nothing."""

    async def quantities(self, products: Sequence[StoreProduct]) -> Mapping[int, int]:
        """The intended figure of those that have one in force, by id."""

    async def prices(self, products: Sequence[StoreProduct]) -> Mapping[int, tuple[str, ...]]:
        """The fields of prices that the ERP said otherwise, by id."""

    async def fresh(self, skus: Collection[str]) -> Sequence[StoreProduct]:
        """Products as the store shows them now, orders having been looked at before. Raises
        StoreError."""

    async def newest_updates(
        self, kind: str, skus: Collection[str]
    ) -> Mapping[str, tuple[str, str | None]]:
        """The state of the newest update of a kind, and the quantity that it says, by SKU."""

    async def marked(self, product_ids: Collection[int]) -> Collection[int]:
        """Those whose stock figure is about to be computed anew."""

    async def written_at(self, product_ids: Collection[int]) -> Mapping[int, datetime]:
        """When we wrote to products last."""

    async def repair(self, products: Sequence[StoreProduct]) -> None:
        """Their stock is put right by the next round of writing."""


class CatalogueSweep:
    """One comparison."""

    def __init__(
        self,
        store: whole_lists.Store,
        sides: order_sweep.Sides,
        inventory: Inventory,
        *,
        ahead: timedelta,
        believe: bool = False,
    ) -> None:
        """``ahead``: how far the store's clock is before ours; ``believe`` and
        ``hidden`` are as in OrderSweep."""
        self._believe = believe
        self._store = store
        self._sides = sides
        self._inventory = inventory
        self._ahead = ahead
        self.tallies = {resource: Tally() for resource in LISTS}
        self.hidden: list[str] = []
        self.skus: set[str] = set()
        self.drifted: list[Drifted] = []
        self._changed_at: dict[int, datetime | None] = {}  # of what seems to have drifted
        self._suspects: dict[str, bool] = {}  # SKU → whether its stock seems wrong

    @property
    def unchecked(self) -> int:
        """SKUs that seemed wrong and could not be looked at twice."""
        return len(self._suspects)

    @property
    def accurate(self) -> int:
        """SKUs whose stock is the intended one; what could not be looked at twice is not known to
        be."""
        wrong = {one.sku for one in self.drifted if one.field == "quantity"}
        wrong |= {sku for sku, stock in self._suspects.items() if stock}
        return len(self.skus - wrong)

    async def run(self) -> None:
        """Compares all. Raises StoreError."""
        live = await self._sides.go_live()
        last = await self._sides.last_sequence()
        for resource, lists in LISTS.items():
            self.tallies[resource].began = last
            shown = [await self._list(resource, listing, live) for listing in lists]
            if all(shown):
                ends = (self.tallies[resource], self._sides, self.hidden)
                await order_sweep.ask_for_gone(resource, *ends, up_to=last, believe=self._believe)

    async def again(self) -> None:
        """What is still open after what was asked for has been read."""
        for tally in self.tallies.values():
            await order_sweep.look_again(tally, self._sides)

    async def find_drift(self, *, repair: bool) -> None:
        """Looks once more at what seemed to have drifted, and says why it has. Raises
        StoreError."""
        skus = sorted(self._suspects)[:_MOST_CHECKED]
        wrong: dict[int, StoreProduct] = {}
        for at in range(0, len(skus), 99):
            some = skus[at : at + 99]
            products = await self._inventory.fresh(some)
            found = await self._drifted(products)
            self.drifted += found
            repaired = {one.product_id for one in found if is_repaired(one)}
            wrong |= {one.id: one for one in products if one.id in repaired}
            for one in products:
                self._suspects.pop(one.sku, None)
        if repair and wrong:
            await self._inventory.repair(list(wrong.values()))

    async def _list(self, resource: str, listing: str, live: datetime) -> bool:
        """Whether all of it was shown: without that, what it would show is not gone."""

        async def take(page: Sequence[Listed]) -> None:
            await self._page(resource, page, live)

        why_not = await whole_lists.read(self._store, listing, None, take)
        if why_not:
            log.warning("%s are not compared: %s", listing, why_not)
            self.hidden.append(report.not_compared(listing, why_not))
        return not why_not

    async def _page(self, resource: str, page: Sequence[Listed], live: datetime) -> None:
        told, dead = await order_sweep.known(self._sides, page)
        asked = self.tallies[resource].page(page, told, dead, live)
        if asked:
            await self._sides.ask([(Look.RESOURCE, subject, 0) for subject in asked])
        shown = [row.product for row in page if row.product is not None]
        products = [one for one in shown if one.sku and one.status != "trash"]
        if not products:
            return
        quantities = await self._quantities(products)
        prices = await self._inventory.prices(products)
        self.skus |= {one.sku for one in products if one.id in quantities}
        changed_at = {row.number: row.changed_at for row in page}
        for one in products:
            wrong = quantities.get(one.id, one.values["quantity"]) != one.values["quantity"]
            if wrong or prices.get(one.id):
                self._suspects[one.sku] = wrong or self._suspects.get(one.sku, False)
                self._changed_at[one.id] = changed_at[one.id]

    async def _quantities(self, products: Sequence[StoreProduct]) -> Mapping[int, int]:
        """What they should show: by the figures in force, or by a newer one that was not applied
        and is not known to be wrong."""
        in_force = await self._inventory.quantities(products)
        newest = await self._inventory.newest_updates("stock", {one.sku for one in products})
        newer = {
            one.id: int(said)
            for one in products
            for state, said in [newest.get(one.sku, ("", None))]
            if said is not None and causes.is_not_applied(state)
        }
        return {**in_force, **newer}

    async def _drifted(self, products: Sequence[StoreProduct]) -> list[Drifted]:
        skus, ids = {one.sku for one in products}, [one.id for one in products]
        quantities = await self._quantities(products)
        prices = await self._inventory.prices(products)
        newest = {
            kind: await self._inventory.newest_updates(kind, skus) for kind in ("stock", "price")
        }
        written = await self._inventory.written_at(ids)
        marked = await self._inventory.marked(ids)

        def drifted(one: StoreProduct, field: str, intended: int | None) -> Drifted:
            kind = "stock" if field == "quantity" else "price"
            state, _ = newest[kind].get(one.sku, (None, None))
            shown = one.values[field]
            is_low = shown is not None and intended is not None and shown < intended
            standing = causes.Standing(
                *(state, written.get(one.id), self._ahead), is_marked=is_low and one.id in marked
            )
            return Drifted(
                sku=one.sku,
                product_id=one.id,
                field=field,
                shown=None if shown is None else str(shown),
                intended=None if intended is None else str(intended),
                cause=causes.of(standing, self._changed_at.get(one.id)),
            )

        return [
            *(
                drifted(one, "quantity", quantities[one.id])
                for one in products
                if one.id in quantities and one.values["quantity"] != quantities[one.id]
            ),
            *(drifted(one, name, None) for one in products for name in prices.get(one.id, ())),
        ]


def is_repaired(one: Drifted) -> bool:
    """Whether writing the figure once more may help."""
    return one.field == "quantity" and one.cause in _REPAIRED


def by_cause(drifted: Iterable[Drifted]) -> dict[str, int]:
    """How many figures drifted for each cause."""
    counts: dict[str, int] = {}
    for one in drifted:
        counts[one.cause] = counts.get(one.cause, 0) + 1
    return counts
