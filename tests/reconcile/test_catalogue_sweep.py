"""Products, customers and coupons against what was told, and their figures against what they should
be."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent import errors
from agent.model.report import DriftCause
from agent.reconcile import catalogue_sweep
from agent.reconcile.catalogue_sweep import CatalogueSweep, by_cause
from tests.reconcile.fakes import AT, Ends, listed, told
from tests.updates import rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from agent.model.listed import Listed
    from agent.model.product import StoreProduct

LATER = AT + timedelta(seconds=5)
NO_LIST = errors.StoreRefusedError("no route", hint="", status=404)


def product(number: int, sku: str = "", shown: int | None = 5, **more: Any) -> Listed:
    changed_at = more.pop("changed_at", AT)
    one = rows.product(id=number, sku=sku, quantity=shown, **more)
    return listed(f"product/{number}", status=one.status, product=one, changed_at=changed_at)


class Shelf:
    """What products should show; ``now`` is what the store shows at the second look, where that
    differs from the first."""

    def __init__(self, ends: Ends) -> None:
        self.ends = ends
        self.intended: dict[int, int] = {}
        self.wrong_prices: dict[int, tuple[str, ...]] = {}
        self.now: dict[int, int] = {}
        self.unaskable: set[str] = set()
        self.asked: list[list[str]] = []
        self.updates: dict[tuple[str, str], tuple[str, str | None]] = {}
        self.written: dict[int, datetime] = {}
        self.marks: set[int] = set()
        self.repaired: list[set[int]] = []

    async def quantities(self, products: Sequence[StoreProduct]) -> Mapping[int, int]:
        return {one.id: self.intended[one.id] for one in products if one.id in self.intended}

    async def prices(self, products: Sequence[StoreProduct]) -> Mapping[int, tuple[str, ...]]:
        return {p.id: self.wrong_prices[p.id] for p in products if p.id in self.wrong_prices}

    async def fresh(self, skus: Collection[str]) -> Sequence[StoreProduct]:
        self.asked.append(list(skus))
        shown = [
            row.product for pages in self.ends.pages.values() for page in pages for row in page
        ]
        return [
            rows.product(**_of(one) | {"quantity": self.now.get(one.id, one.values["quantity"])})
            for one in shown
            if one is not None and one.sku in skus and one.sku not in self.unaskable
        ]

    async def newest_updates(
        self, kind: str, skus: Collection[str]
    ) -> Mapping[str, tuple[str, str | None]]:
        return {sku: newest for (of, sku), newest in self.updates.items() if of == kind}

    async def marked(self, product_ids: Collection[int]) -> Collection[int]:
        return self.marks

    async def written_at(self, product_ids: Collection[int]) -> Mapping[int, datetime]:
        return {n: at for n, at in self.written.items() if n in product_ids}

    async def repair(self, products: Sequence[StoreProduct]) -> None:
        self.repaired.append({one.id for one in products})


def _of(one: StoreProduct) -> dict[str, Any]:
    return {"id": one.id, "sku": one.sku, "regular_price": one.values["regular_price"]}


class Sweeping:
    """A comparison of a catalogue in one list."""

    def __init__(self, *products: Listed, known: Sequence[Any] = (), **pages: Any) -> None:
        self.ends = Ends(*known, products=[list(products)], **pages)
        self.shelf = Shelf(self.ends)
        self.sweep = CatalogueSweep(self.ends, self.ends, self.shelf, ahead=timedelta())

    async def drift(self, *, repair: bool = False) -> list[tuple[str, str, str]]:
        await self.sweep.run()
        await self.sweep.find_drift(repair=repair)
        return [(one.sku, one.field, one.cause.value) for one in self.sweep.drifted]


async def test_each_kind_is_compared_with_what_was_told_of_it() -> None:
    sweeping = Sweeping(
        product(1),
        product(2),
        known=[told("product/1"), told("product/7"), told("coupon/8"), told("customer/9")],
        variations=[[product(3, type="variation")]],
        trashed_products=[[product(7, status="trash")]],
        coupons=[[listed("coupon/4")]],
        customers=[[listed("customer/5")], [listed("customer/9", changed_at=LATER)]],
    )
    await sweeping.sweep.run()
    assert sorted(sweeping.ends.subjects) == [
        *("coupon/4", "coupon/8", "customer/5", "customer/9", "product/2", "product/3")
    ]
    assert {name: one.told().gone for name, one in sweeping.sweep.tallies.items()} == {
        "product": 0,
        "customer": 0,
        "coupon": 1,
    }
    sweeping.ends.read(told("product/2"), told("product/3", state="pending"))
    await sweeping.sweep.again()
    assert sweeping.sweep.tallies["product"].open == {"product/3": "pending"}


async def test_without_a_list_of_variations_none_of_them_is_gone() -> None:
    """Before WooCommerce 10.3 they are only to be seen with their parents."""
    sweeping = Sweeping(product(1), known=[told(f"product/{n}") for n in range(1, 30)])
    sweeping.ends.trouble = {"variations": NO_LIST}
    await sweeping.sweep.run()
    assert sweeping.ends.asked_for == []
    assert sweeping.sweep.hidden == [
        "variations: not compared, this WooCommerce has no list of variations"
    ]
    assert sweeping.sweep.tallies["product"].gone == set()


async def test_of_a_list_that_is_not_whole_nothing_is_gone_and_the_others_are_compared() -> None:
    sweeping = Sweeping(product(1), known=[told("product/7"), told("coupon/8")])
    sweeping.ends.trouble = {"products": errors.StoreIncompleteError("it shows 1", hint="")}
    await sweeping.sweep.run()
    assert sweeping.sweep.hidden == ["products: not compared, it shows 1"]
    assert sorted(sweeping.ends.subjects) == ["coupon/8", "product/1"]
    assert ("coupons", None) in sweeping.ends.listings


@pytest.mark.parametrize(
    "trouble",
    [
        {"variations": errors.StoreRefusedError("no", hint="", status=403)},
        {"products": NO_LIST},
        {"coupons": errors.StoreUnavailableError("away", hint="")},
    ],
)
async def test_other_trouble_ends_it(trouble: dict[str, Exception]) -> None:
    sweeping = Sweeping(product(1))
    sweeping.ends.trouble = trouble
    with pytest.raises(errors.StoreError):
        await sweeping.sweep.run()


async def test_a_figure_that_is_wrong_at_both_looks_has_drifted() -> None:
    sweeping = Sweeping(product(1, "A", 5), product(2, "B", 5), product(3, "C", 5))
    sweeping.shelf.intended = {1: 4, 2: 4, 3: 5}
    sweeping.shelf.now = {2: 4}  # its order was not known yet
    assert await sweeping.drift() == [("A", "quantity", "changed_in_store")]
    assert sweeping.shelf.asked == [["A", "B"]]
    assert (sweeping.sweep.skus, sweeping.sweep.accurate) == ({"A", "B", "C"}, 2)
    [one] = sweeping.sweep.drifted
    assert (one.product_id, one.shown, one.intended) == (1, "5", "4")


async def test_only_what_has_a_figure_of_the_erp_counts() -> None:
    sweeping = Sweeping(product(1, "A", 5), product(2, "B", None), product(3, "", 5))
    sweeping.shelf.intended = {1: 5, 3: 9}
    assert await sweeping.drift() == []
    assert (sweeping.sweep.skus, sweeping.sweep.accurate) == ({"A"}, 1)


async def test_the_trash_shows_no_figures() -> None:
    sweeping = Sweeping(trashed_products=[[product(1, "A", 5, status="trash")]])
    sweeping.shelf.intended = {1: 4}
    assert await sweeping.drift() == []
    assert sweeping.sweep.skus == set()


async def test_two_products_with_one_sku_are_one_that_is_wrong_or_right() -> None:
    sweeping = Sweeping(product(1, "A", 5), product(2, "A", 4), product(3, "B", 4))
    sweeping.shelf.intended = {1: 4, 2: 4, 3: 4}
    assert await sweeping.drift() == [("A", "quantity", "changed_in_store")]
    assert (len(sweeping.sweep.skus), sweeping.sweep.accurate) == (2, 1)


async def test_prices_are_named_field_by_field_and_do_not_make_stock_wrong() -> None:
    sweeping = Sweeping(product(1, "A", 5))
    sweeping.shelf.intended = {1: 5}
    sweeping.shelf.wrong_prices = {1: ("regular_price", "sale_price")}
    sweeping.shelf.updates = {("price", "A"): ("held", None), ("stock", "A"): ("failed", None)}
    assert await sweeping.drift(repair=True) == [
        ("A", "regular_price", "erp_newer"),
        ("A", "sale_price", "erp_newer"),
    ]
    assert sweeping.sweep.accurate == 1
    assert [(one.shown, one.intended) for one in sweeping.sweep.drifted] == [
        ("12.50", None),
        (None, None),
    ]
    assert sweeping.shelf.repaired == []


async def test_what_could_not_be_looked_at_twice_does_not_count_as_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catalogue_sweep, "_MOST_CHECKED", 2)
    sweeping = Sweeping(*[product(n, sku, 5) for n, sku in enumerate("ABCDE", 1)])
    sweeping.shelf.intended = {1: 4, 2: 4, 3: 4, 4: 4, 5: 5}
    sweeping.shelf.now = {1: 4}
    sweeping.shelf.unaskable = {"B"}
    assert await sweeping.drift() == []
    assert (len(sweeping.sweep.skus), sweeping.sweep.accurate) == (5, 2)


async def test_suspects_are_looked_at_less_than_a_page_at_a_time() -> None:
    sweeping = Sweeping(*[product(n, f"S{n:03}", 5) for n in range(1, 201)])
    sweeping.shelf.intended = dict.fromkeys(range(1, 201), 4)
    assert len(await sweeping.drift()) == 200
    assert [len(some) for some in sweeping.shelf.asked] == [99, 99, 2]


@pytest.mark.parametrize(
    ("state", "changed_at", "cause", "repaired"),
    [
        ("applied", LATER, DriftCause.CHANGED_IN_STORE, True),
        ("applied", AT, DriftCause.WRITTEN_BY_OTHERS, True),
        ("failed", LATER, DriftCause.NEVER_APPLIED, False),
        ("pending", LATER, DriftCause.ERP_NEWER, False),
        ("low", AT, DriftCause.ERP_NEWER, False),  # ours, and about to be computed anew
    ],
)
async def test_only_what_writing_once_more_may_help_is_repaired(
    state: str, changed_at: datetime, cause: DriftCause, repaired: bool
) -> None:
    for repair in (False, True):
        sweeping = Sweeping(product(1, "A", 5, changed_at=changed_at), product(2, "B", 5))
        intended = 6 if state == "low" else 4
        sweeping.shelf.intended, sweeping.shelf.written = {1: intended, 2: 5}, {1: AT}
        sweeping.shelf.marks = {1}
        sweeping.shelf.updates = {("stock", "A"): (state, None)}
        assert await sweeping.drift(repair=repair) == [("A", "quantity", cause.value)]
        assert sweeping.shelf.repaired == ([{1}] if repair and repaired else [])
        assert by_cause(sweeping.sweep.drifted) == {cause: 1}


@pytest.mark.parametrize(
    ("state", "said", "found"),
    [
        ("failed", "9", [("A", "quantity", "never_applied")]),
        ("held", "9", [("A", "quantity", "erp_newer")]),
        ("failed", "5", []),  # it stands there all the same
        ("rejected", "9", []),
        ("waiting", "9", []),  # its time has not come
    ],
)
async def test_a_newer_figure_that_was_not_applied_is_what_should_stand_there(
    state: str, said: str, found: list[tuple[str, str, str]]
) -> None:
    sweeping = Sweeping(product(1, "A", 5))
    sweeping.shelf.intended = {1: 5}
    sweeping.shelf.updates = {("stock", "A"): (state, said)}
    assert await sweeping.drift(repair=True) == found
    assert [one.intended for one in sweeping.sweep.drifted] == ["9"] * len(found)
    assert sweeping.sweep.accurate == 1 - len(found)
    assert sweeping.shelf.repaired == []
