"""What products should show: the ERP's figure less what it has not seen."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from agent.model.delivery import State
from agent.model.in_force import InForce
from agent.model.product import Shown
from agent.model.stock import Base, Snapshot
from agent.model.update import StockUpdate
from agent.updates.intended import Intended
from agent.updates.stock_checks import StockChecks
from tests import agents
from tests.clock import FakeClock
from tests.updates import rows
from tests.updates.rows import NOW, product

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from agent.model.product import StoreProduct


class Shelf:
    """What is in force, what is known of products, and what orders hold of them."""

    def __init__(self, **figures: int) -> None:
        self.figures = figures
        self.shown: dict[str, list[StoreProduct]] = {}
        self.held: dict[int, list[Snapshot]] = {}
        self.based: dict[int, Base] = {}
        self.settings = agents.configured(Path("/nowhere"))
        checks = StockChecks(
            self,  # type: ignore[arg-type]
            self._look,
            in_flight=frozenset,
            settings=lambda: self.settings,
            clock=FakeClock(NOW),
        )
        self.intended = Intended(self, checks, settings=lambda: self.settings)

    def configure(self, section: str, **changed: Any) -> None:
        one = getattr(self.settings, section).model_copy(update=changed)
        self.settings = self.settings.model_copy(update={section: one})

    def sells(self, product_id: int, units: int, *, state: State = State.PENDING) -> None:
        sold = Snapshot(1, "order/1", product_id, product_id, units, units, state)
        self.held.setdefault(product_id, []).append(sold)

    async def in_force(self, skus: Sequence[str]) -> dict[str, InForce]:
        found = {}
        for sku in {*skus} & self.figures.keys():
            update = rows.read(rows.stock(1, self.figures[sku], sku=sku))
            assert isinstance(update, StockUpdate)
            found[sku] = InForce(update, NOW)
        return found

    async def known(self, skus: Sequence[str], *, complete: bool) -> dict[str, list[Shown]]:
        assert not complete
        return {sku: [Shown(one, NOW) for one in self.shown.get(sku, ())] for sku in skus}

    async def snapshots(
        self, product_ids: Sequence[int], in_flight: Collection[int]
    ) -> Mapping[int, Sequence[Snapshot]]:
        return {number: self.held[number] for number in product_ids if number in self.held}

    async def bases(self, product_ids: Collection[int]) -> Mapping[int, Base]:
        return {number: one for number, one in self.based.items() if number in product_ids}

    async def _look(self) -> None:
        raise AssertionError("a comparison looks by itself")


async def test_orders_that_the_erp_has_not_seen_are_subtracted() -> None:
    shelf = Shelf(A=18, B=5)
    shelf.sells(1, 2)
    products = [product(id=1, sku="A"), product(id=2, sku="B"), product(id=3, sku="C")]
    assert await shelf.intended.quantities(products) == {1: 16, 2: 5}
    shelf.configure("inventory", unseen_orders="ignore")
    assert await shelf.intended.quantities(products) == {1: 18, 2: 5}


async def test_a_sale_of_one_product_counts_for_all_that_share_its_sku() -> None:
    shelf = Shelf(A=18)
    shelf.sells(1, 2)
    shelf.sells(2, 3)
    first, second = product(id=1, sku="A"), product(id=2, sku="A")
    assert await shelf.intended.quantities([first, second]) == {1: 13, 2: 13}
    shelf.shown = {"A": [first, second]}  # they need not be on one page
    assert await shelf.intended.quantities([second]) == {2: 13}
    assert (await shelf.intended.quantities([first]))[1] == 13


@pytest.mark.parametrize(
    ("section", "changed"),
    [("ownership", {"stock": "store"}), ("updates", {"mode": "observe"})],
)
async def test_nothing_is_intended_where_stock_is_the_stores_or_nothing_is_written(
    section: str, changed: dict[str, str]
) -> None:
    shelf = Shelf(A=18)
    shelf.configure(section, **changed)
    assert await shelf.intended.quantities([product(id=1, sku="A")]) == {}


@pytest.mark.parametrize("shown", [{"manages_stock": False}, {"manages_stock": "parent"}])
async def test_what_does_not_manage_its_stock_has_no_figure(shown: dict[str, Any]) -> None:
    shelf = Shelf(A=18, B=7)
    products = [product(id=1, sku="A", **shown), product(id=2, sku=""), product(id=3, sku="B")]
    assert await shelf.intended.quantities(products) == {3: 7}
    assert await shelf.intended.quantities(products[:2]) == {}


async def test_what_went_without_an_order_lowers_nothing_but_is_remembered_since_when() -> None:
    shelf, earlier = Shelf(A=18, B=18, C=18), NOW - timedelta(hours=5)
    shelf.based = {
        1: Base(18, 0, unexplained=3, since=earlier),  # and 3 more since
        2: Base(18, 0),
    }
    shelf.sells(3, 2)
    shown = {"A": 15, "B": 10, "C": 11, "D": 1}
    products = [
        product(id=n, sku=sku, quantity=left) for n, (sku, left) in enumerate(shown.items(), 1)
    ]
    assert await shelf.intended.quantities(products) == {1: 18, 2: 18, 3: 16}
    assert await shelf.intended.missing(products, NOW) == {
        1: Base(15, 0, 6, earlier),
        2: Base(10, 0, 8, NOW),
        3: Base(11, 2, 5, NOW),  # never written by us
    }
    full = [product(id=2, sku="B", quantity=18), product(id=3, sku="C", quantity=20)]
    assert await shelf.intended.missing(full, NOW) == {}


async def test_the_figure_is_that_of_what_is_shown_now() -> None:
    """What the catalogue remembers of it may be older."""
    shelf = Shelf(A=18)
    shelf.based = {1: Base(18, 0)}
    shelf.shown = {"A": [product(id=1, sku="A", quantity=11)]}
    assert await shelf.intended.quantities([product(id=1, sku="A", quantity=18)]) == {1: 18}
