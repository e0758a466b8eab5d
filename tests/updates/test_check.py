"""The store's 200 is not believed: what it shows decides whether an update was applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.model.product import ItemAnswer, StoreProduct
from agent.model.update import Code, UpdateState
from agent.updates import check, plan
from agent.woo import wire
from tests.updates.rows import NOW, opened, price, product, stock

if TYPE_CHECKING:
    from agent.model.inbox import Settlement

Item = dict[str, Any]


def settled(
    item: Item, answer: ItemAnswer, *, before: StoreProduct | None = None, **values: Any
) -> Settlement:
    row, shown = opened(item), before or product()
    target = plan.Target(row, shown, values or row.update.values())
    [settlement] = check.settled([target], {shown.id: answer}, wire.same)
    return settlement


@pytest.mark.parametrize(
    ("item", "shown"),
    [
        (stock(1, 5), {"quantity": 5}),
        (price(1, "9"), {"regular_price": "9.00"}),
        (price(1, "9.00", sale_price=None), {"regular_price": "9"}),
        (price(1, sale_price="7"), {"sale_price": "7", "regular_price": "11"}),
    ],
)
def test_what_the_store_shows_as_sent_is_applied(item: Item, shown: Item) -> None:
    settlement = settled(item, ItemAnswer(product(**shown)))
    assert (settlement.state, settlement.code) == (UpdateState.APPLIED, None)
    fields = opened(item).update.values()
    after = product(**shown).values
    assert settlement.store == {"id": 10} | {name: after[name] for name in fields}
    assert settlement.before == {"id": 10} | {name: product().values[name] for name in fields}


@pytest.mark.parametrize(
    ("item", "shown", "code"),
    [
        (stock(1, 5), {"quantity": None, "manages_stock": False}, Code.STOCK_NOT_MANAGED),
        (stock(1, 5), {"quantity": 30, "manages_stock": "parent"}, Code.STOCK_NOT_MANAGED),
        (stock(1, 5), {"quantity": 4}, Code.NOT_APPLIED),
        (price(1, sale_price="7"), {}, Code.SALE_CLEARED),
        (price(1, "9", sale_price="7"), {"regular_price": "9"}, Code.SALE_CLEARED),
        (price(1, sale_price="7"), {"sale_price": "8"}, Code.NOT_APPLIED),
        (price(1, sale_price=None), {"sale_price": "8"}, Code.NOT_APPLIED),
        (price(1, "9"), {}, Code.NOT_APPLIED),
        (price(1, "9"), {"regular_price": None}, Code.NOT_APPLIED),
        (price(1, sale_to="2026-11-27T00:00:00Z"), {}, Code.NOT_APPLIED),
    ],
)
def test_a_silent_no_is_a_failure_with_a_code(item: Item, shown: Item, code: Code) -> None:
    settlement = settled(item, ItemAnswer(product(**shown)))
    assert (settlement.state, settlement.code) == (UpdateState.FAILED, code)
    assert settlement.store is not None
    assert settlement.before is not None
    assert settlement.message


def test_a_sale_that_was_ended_in_silence_is_among_what_stood_before() -> None:
    on_sale = product(regular_price="20", sale_price="15", sale_to=NOW)
    settlement = settled(
        price(1, "12"), ItemAnswer(product(regular_price="12")), before=on_sale, regular_price="12"
    )
    assert (settlement.state, settlement.code) == (UpdateState.APPLIED, Code.SALE_CLEARED)
    stood = {"regular_price": "20", "sale_price": "15", "sale_from": None, "sale_to": NOW}
    assert settlement.before == {"id": 10} | stood


def test_management_that_was_not_switched_on_is_a_failure() -> None:
    item, off = stock(1, 5), product(manages_stock=False, quantity=None)
    settlement = settled(item, ItemAnswer(off), before=off, manage_stock=True, quantity=5)
    assert settlement.code == Code.STOCK_NOT_MANAGED
    on = product(quantity=5)
    settlement = settled(item, ItemAnswer(on), before=off, manage_stock=True, quantity=5)
    assert settlement.state is UpdateState.APPLIED
    assert settlement.before == {"id": 10, "manage_stock": False, "quantity": None}


def test_the_error_of_an_item_is_that_of_its_update() -> None:
    refused = ItemAnswer(None, "woocommerce_rest_product_invalid_id", "Invalid ID.")
    settlement = settled(stock(1, 5), refused)
    assert settlement.state is UpdateState.FAILED
    assert settlement.code == "woocommerce_rest_product_invalid_id"
    assert settlement.message == "Invalid ID."
    assert settlement.before == {"id": 10, "quantity": 10}


def test_an_update_of_two_products_fails_if_either_does_and_stays_open_while_one_is_missing() -> (
    None
):
    row, twins = opened(stock(1, 5)), (product(), product(id=77))
    targets = [plan.Target(row, twin, {"quantity": 5}) for twin in twins]
    good, bad = ItemAnswer(product(quantity=5)), ItemAnswer(product(id=77, quantity=9))
    assert check.settled(targets, {10: good}, wire.same) == []
    assert check.settled(targets, {}, wire.same) == []
    [settlement] = check.settled(targets, {10: good, 77: bad}, wire.same)
    assert settlement.code == Code.NOT_APPLIED
    [settlement] = check.settled(
        targets, {10: good, 77: ItemAnswer(product(id=77, quantity=5))}, wire.same
    )
    assert settlement.state is UpdateState.APPLIED
