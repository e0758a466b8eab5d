"""What is written for an update, and what is refused before the store can answer 200 to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent.model.inbox import Fence, KnownVersions, Opened, Settlement
from agent.model.product import StoreProduct, StoreProfile
from agent.model.update import Code, Refusal, UpdateState
from agent.settings import OwnershipSettings, UpdateSettings
from agent.updates import plan
from agent.woo import wire
from tests.updates.rows import NOW, nothing_held, opened, price, product, read, stock

if TYPE_CHECKING:
    from collections.abc import Callable

Item = dict[str, Any]
NOTHING_KNOWN = KnownVersions({})
FRIDAY = datetime(2026, 11, 27, tzinfo=UTC)
SHIRT = product(id=12, parent_id=11, type="variation", manages_stock="parent", quantity=30)


def rules(
    *,
    ownership: Item | None = None,
    tax: bool = False,
    hold: Callable[..., Refusal | None] = nothing_held,
    **updates: Any,
) -> plan.Rules:
    """``tax``: prices are entered with it."""
    owners = OwnershipSettings.model_validate(ownership or {})
    settings = UpdateSettings.model_validate(updates)
    return plan.Rules(settings, owners, StoreProfile("EUR", tax), wire.same, hold)


def made(
    *due: Opened,
    products: tuple[StoreProduct, ...] = (product(),),
    given: plan.Rules | None = None,
    known: KnownVersions = NOTHING_KNOWN,
) -> plan.Plan:
    found = {row.update.sku: products for row in due}
    return plan.make(due, found, known, given or rules(), NOW)


def settled(item: Item, *products: StoreProduct, **given: Any) -> Settlement:
    """The one settlement of an item for which nothing is written."""
    planned = made(opened(item), products=products or (product(),), given=rules(**given))
    assert not planned.targets
    [settlement] = planned.settled
    return settlement


SALE = {"sale_price": "9.90", "sale_from": "2026-11-27T00:00:00Z"}


@pytest.mark.parametrize(
    ("item", "shown", "written"),
    [
        (stock(1, 18), {}, {"quantity": 18}),
        (stock(1, -2), {}, {"quantity": -2}),
        (stock(1, 18), {"quantity": None}, {"quantity": 18}),
        (stock(1, 2), {"quantity": 2.5}, {"quantity": 2}),
        (price(1, "9"), {}, {"regular_price": "9"}),
        (price(1, "12.5", sale_price="7"), {}, {"sale_price": "7"}),
        (price(1, sale_price=None), {"sale_price": "7"}, {"sale_price": None}),
        (price(1, "20", sale_price="15"), {}, {"regular_price": "20", "sale_price": "15"}),
        (price(1, "0"), {"regular_price": None}, {"regular_price": "0"}),
    ],
)
def test_only_the_fields_that_differ_are_written(item: Item, shown: Item, written: Item) -> None:
    [target] = made(opened(item), products=(product(**shown),)).targets
    assert target.values == written


@pytest.mark.parametrize(
    ("item", "shown"),
    [
        (stock(1, 10), {}),
        (price(1, "12.5", sale_price=None), {}),
        (price(1, "12.500000"), {}),
        (price(1, sale_to="2026-11-27T00:00:00.9Z"), {"sale_to": FRIDAY}),
    ],
)
def test_what_already_stands_is_unchanged(item: Item, shown: Item) -> None:
    settlement = settled(item, product(**shown))
    assert settlement.state is UpdateState.UNCHANGED
    assert settlement.store is not None
    assert settlement.store["id"] == 10


@pytest.mark.parametrize(
    ("item", "shown", "given", "code"),
    [
        (stock(1, 5), product(manages_stock=False), {}, Code.STOCK_NOT_MANAGED),
        (stock(1, 5), SHIRT, {}, Code.STOCK_NOT_MANAGED),
        (stock(1, 5), SHIRT, {"enable_manage_stock": True}, Code.STOCK_NOT_MANAGED),
        (stock(1, 5), product(), {"ownership": {"stock": "store"}}, Code.NOT_OWNED),
        (price(1, "9"), product(), {"ownership": {"price": "store"}}, Code.NOT_OWNED),
        (price(1, **SALE), product(), {"ownership": {"sale": "store"}}, Code.NOT_OWNED),
        (price(1, "20", **SALE), product(), {"ownership": {"sale": "store"}}, Code.NOT_OWNED),
        (price(1, "9", currency="USD"), product(), {}, Code.WRONG_CURRENCY),
        (price(1, "9", tax="included"), product(), {}, Code.WRONG_TAX),
        (price(1, "9", tax="excluded"), product(), {"tax": True}, Code.WRONG_TAX),
        (price(1, "9"), product(type="variable"), {}, Code.NOT_APPLIED),
        (price(1, "9"), product(type="grouped"), {}, Code.NOT_APPLIED),
        (price(1, "9", sale_price="9.00"), product(), {}, Code.SALE_CLEARED),
        (price(1, sale_price="12.50"), product(), {}, Code.SALE_CLEARED),
        (price(1, sale_price="1"), product(regular_price=None), {}, Code.SALE_CLEARED),
        (stock(1, 5, expires_at=NOW.isoformat()), product(), {}, Code.EXPIRED),
    ],
)
def test_what_the_store_would_take_and_ignore_is_refused(
    item: Item, shown: StoreProduct, given: Item, code: Code
) -> None:
    settlement = settled(item, shown, **given)
    assert (settlement.state, settlement.code) == (UpdateState.REJECTED, code)
    assert settlement.message


@pytest.mark.parametrize(
    ("item", "given"),
    [
        (price(1, "9", currency="EUR", tax="excluded"), {}),
        (price(1, "9", tax="included"), {"tax": True}),
        (price(1, "9"), {"ownership": {"sale": "store", "stock": "store"}}),
        (price(1, **SALE), {"ownership": {"price": "store"}}),
        (stock(1, 5), {"ownership": {"price": "store", "sale": "store"}}),
    ],
)
def test_what_fits_the_store_and_is_owned_by_the_erp_is_written(item: Item, given: Item) -> None:
    assert made(opened(item), given=rules(**given)).targets


def test_stock_management_is_switched_on_only_if_that_is_allowed() -> None:
    for shown in (product(manages_stock=False), product(manages_stock=False, quantity=5)):
        [target] = made(
            opened(stock(1, 5)), products=(shown,), given=rules(enable_manage_stock=True)
        ).targets
        assert target.values == {"manage_stock": True, "quantity": 5}


def test_an_unknown_sku_waits_until_its_time_is_up() -> None:
    row = opened(stock(1, 5))

    def later(hours: float) -> Settlement:
        planned = plan.make(
            [row], {"MUG-1": ()}, NOTHING_KNOWN, rules(), NOW + timedelta(hours=hours)
        )
        [settlement] = planned.settled
        return settlement

    first, last_but_one, last = later(0), later(23.9), later(24)
    for waiting in (first, last_but_one):
        assert (waiting.state, waiting.code) == (UpdateState.WAITING, Code.UNKNOWN_SKU)
    assert first.due_at == NOW + plan.LOOK_AGAIN
    assert last_but_one.due_at == NOW + timedelta(hours=24)
    assert (last.state, last.code) == (UpdateState.REJECTED, Code.UNKNOWN_SKU)


def test_products_that_share_a_sku_are_refused_by_name_or_all_written() -> None:
    twins = (product(), product(id=77, quantity=5))
    refused = settled(stock(1, 5), *twins)
    assert (refused.state, refused.code) == (UpdateState.REJECTED, Code.DUPLICATE_SKU)
    assert "10" in (refused.message or "")
    assert "77" in (refused.message or "")

    def written(quantity: int) -> list[int]:
        everyone = rules(duplicate_sku="all")
        planned = made(opened(stock(1, quantity)), products=twins, given=everyone)
        return [target.product.id for target in planned.targets]

    assert written(4) == [10, 77]
    assert written(5) == [10]


def test_observing_says_what_would_be_written_and_writes_nothing() -> None:
    would = settled(price(1, "9", sale_price=None), mode="observe")
    assert would.state is UpdateState.WOULD_APPLY
    assert would.store == {"regular_price": "9", "sale_price": None}
    assert would.before == {"id": 10, "regular_price": "12.50", "sale_price": None}
    assert settled(price(1, "12.50"), mode="observe").state is UpdateState.UNCHANGED


def test_what_was_overtaken_is_superseded_whatever_else_is_wrong_with_it() -> None:
    fences = {("stock", "MUG-1", "quantity"): Fence(6, None, "3")}
    for products in ((product(),), ()):
        planned = made(opened(stock(5, 4)), products=products, known=KnownVersions(fences))
        [settlement] = planned.settled
        assert settlement.state is UpdateState.SUPERSEDED


def states(planned: plan.Plan) -> dict[int | None, str]:
    said: dict[int | None, str] = {s.opened.update.version: s.state for s in planned.settled}
    return said | {target.opened.update.version: "written" for target in planned.targets}


def test_a_refused_newest_does_not_hide_the_good_one_before_it() -> None:
    good, bad = opened(price(1, "9")), opened(price(2, "8", currency="USD"), number=2)
    assert states(made(good, bad)) == {1: "written", 2: "rejected"}
    assert states(made(bad, good)) == {1: "written", 2: "rejected"}


@pytest.mark.parametrize("newest", [{}, {"expires_at": NOW.isoformat()}])
def test_of_one_round_the_newest_that_counts_is_written(newest: Item) -> None:
    rows = [opened(stock(n, n), number=n) for n in (1, 2)]
    rows.append(opened(stock(3, 3, **newest), number=3))
    expected = "rejected" if newest else "written"
    written_or_not = "written" if newest else "superseded"
    assert states(made(*rows)) == {1: "superseded", 2: written_or_not, 3: expected}


def test_a_newest_that_already_stands_supersedes_what_came_before_it() -> None:
    planned = made(opened(stock(1, 5)), opened(stock(2, 10), number=2))
    assert states(planned) == {1: "superseded", 2: "unchanged"}


def test_a_sale_is_measured_by_the_regular_price_that_comes_with_it_in_the_round() -> None:
    raised, sale = opened(price(1, "20")), opened(price(2, sale_price="15"), number=2)
    assert states(made(raised, sale)) == {1: "written", 2: "written"}
    lowered = opened(price(1, "14"))
    assert states(made(lowered, sale)) == {1: "written", 2: "rejected"}
    foreign = opened(price(1, "5", currency="USD"))
    small = opened(price(2, sale_price="9"), number=2)
    assert states(made(foreign, small)) == {1: "rejected", 2: "written"}
    stale = KnownVersions({("price", "MUG-1", "regular_price"): Fence(9, None, '"12.50"')})
    assert states(made(raised, sale, known=stale)) == {1: "superseded", 2: "rejected"}


def test_one_waiting_for_a_later_time_holds_back_the_one_it_replaces() -> None:
    row = opened(price(5, "9", effective_at=(NOW - timedelta(days=1)).isoformat()))
    later = read(price(6, "8", effective_at=(NOW + timedelta(days=1)).isoformat()))
    assert states(made(row, known=KnownVersions({}, (row.update, later)))) == {5: "superseded"}
    assert states(made(row, known=KnownVersions({}, (row.update,)))) == {5: "written"}
