"""What must be approved first, and what passes: tables, and the counting over an hour."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.inbox import KnownVersions, Zeroing
from agent.model.update import Code, Refusal, UpdateState
from agent.settings import InventorySettings, PriceSettings
from agent.updates import guardrails, plan
from tests.updates.rows import NOW, opened, price, product, stock
from tests.updates.test_plan import rules

Item = dict[str, Any]
EMPTY = Zeroing(0, frozenset(), 0)


def guard(zeroing: Zeroing = EMPTY, *, percent: int = 20, **prices: Any) -> guardrails.Guard:
    inventory = InventorySettings(max_zeroed_percent=percent)
    return guardrails.Guard(PriceSettings.model_validate(prices), inventory, zeroing)


def held(item: Item, shown: Item, by: guardrails.Guard | None = None, **row: Any) -> str | None:
    """The code with which an item is held that changes what the store shows."""
    update = replace(opened(item), **row)
    target = plan.Target(update, product(**shown), update.update.values())
    refusal = (by or guard()).hold(update, [target])
    return None if refusal is None else refusal.code


@pytest.mark.parametrize(
    ("item", "shown", "code"),
    [
        # (12.50 stands)
        (price(1, "18.75"), {}, None),
        (price(1, "18.76"), {}, Code.PRICE_CHANGE),
        (price(1, "6.25"), {}, None),
        (price(1, "6.24"), {}, Code.PRICE_CHANGE),
        (price(1, "1250"), {}, Code.PRICE_CHANGE),
        (price(1, "0"), {}, Code.ZERO_PRICE),
        (price(1, "0.000"), {}, Code.ZERO_PRICE),
        (price(1, "0.01"), {}, Code.PRICE_CHANGE),
        (price(1, "12.50", sale_price="0"), {}, Code.ZERO_PRICE),
        # no price at all, or zero: no change
        (price(1, "9999"), {"regular_price": None}, None),
        (price(1, "9999"), {"regular_price": "0"}, None),
        (price(1, "9999"), {"regular_price": "-3"}, None),
        (price(1, "0"), {"regular_price": None}, Code.ZERO_PRICE),
        (price(1, "9999"), {"regular_price": None, "sale_price": "2"}, None),
        # a sale against the sale that stands, or else the regular price that stands
        (price(1, sale_price="6.25"), {}, None),
        (price(1, sale_price="6.24"), {}, Code.PRICE_CHANGE),
        (price(1, sale_price="6.24"), {"sale_price": "8"}, None),
        (price(1, sale_price="3.99"), {"sale_price": "8"}, Code.PRICE_CHANGE),
        (price(1, sale_price="12.01"), {"sale_price": "8"}, Code.PRICE_CHANGE),
        (price(1, "18", sale_price="6"), {}, Code.PRICE_CHANGE),
        (price(1, sale_price="6"), {"regular_price": None}, None),
        # no price
        (price(1, sale_price=None), {"sale_price": "1"}, None),
        (price(1, sale_to="2026-11-27T00:00:00Z"), {}, None),
        (stock(1, 0), {}, None),
        # digits that no binary fraction has, and more of them than a context keeps
        (price(1, "0.15"), {"regular_price": "0.1"}, None),
        (price(1, "999999999999.999999"), {"regular_price": "0." + "0" * 40 + "1"}, "price_change"),
    ],
)
def test_prices_that_jump_or_are_zero_are_held(item: Item, shown: Item, code: str | None) -> None:
    assert held(item, shown) == code


@pytest.mark.parametrize(
    ("prices", "item", "code"),
    [
        ({"hold_zero": False, "max_change_percent": 100}, price(1, "0"), None),
        ({"hold_zero": False}, price(1, "0"), Code.PRICE_CHANGE),
        ({"max_change_percent": 100}, price(1, "25"), None),
        ({"max_change_percent": 100}, price(1, "25.01"), Code.PRICE_CHANGE),
        ({"max_change_percent": 0}, price(1, "12.51"), Code.PRICE_CHANGE),
        ({"max_change_percent": 0}, price(1, "12.500"), None),
    ],
)
def test_the_rules_are_those_of_the_configuration(
    prices: Item, item: Item, code: str | None
) -> None:
    assert held(item, {}, guard(**prices)) == code


@pytest.mark.parametrize("row", [{"approved": True}, {"reverts": True}])
def test_what_somebody_said_yes_to_is_not_held_and_takes_no_share(row: Item) -> None:
    assert held(price(1, "0"), {}, **row) is None
    by = guard(Zeroing(18, frozenset(), 0))
    for n in range(30):
        assert held(stock(n, 0, sku=f"A-{n}"), {}, by, **row) is None
    assert held(stock(1, 0), {}, by) is None
    assert held(stock(1, 0, sku="one more"), {}, by) == Code.MANY_ZEROED


def test_a_hold_says_what_stood_what_was_to_come_and_which_setting_holds_it() -> None:
    def told(item: Item, by: guardrails.Guard) -> str:
        update = opened(item)
        target = plan.Target(update, product(), update.update.values())
        refusal = by.hold(update, [target])
        assert refusal is not None
        return refusal.message

    assert told(price(1, "0"), guard()) == "regular_price from 12.50 to 0 (prices.hold_zero)"
    assert told(price(1, sale_price="2"), guard()) == (
        "sale_price from 12.50 to 2 (prices.max_change_percent is 50)"
    )
    assert told(stock(1, 0), guard(Zeroing(19, frozenset(), 0))) == (
        "quantity to zero, as of 19 SKUs within the hour before"
        " (inventory.max_zeroed_percent is 20)"
    )


@pytest.mark.parametrize(
    ("zeroing", "percent", "passed"),
    [
        (Zeroing(0, frozenset(), 0), 20, 19),
        (Zeroing(0, frozenset(), 95), 20, 19),
        (Zeroing(0, frozenset(), 100), 20, 20),
        (Zeroing(0, frozenset(), 104), 20, 20),
        (Zeroing(0, frozenset(), 105), 20, 21),
        (Zeroing(15, frozenset(), 100), 20, 5),
        (Zeroing(40, frozenset(), 100), 20, 0),
        (Zeroing(0, frozenset(), 1000), 0, 19),
        (Zeroing(0, frozenset(), 25), 100, 25),
    ],
)
def test_of_many_skus_that_go_to_zero_those_beyond_the_limit_are_held(
    zeroing: Zeroing, percent: int, passed: int
) -> None:
    by = guard(zeroing, percent=percent)
    codes = [held(stock(1, 0, sku=f"A-{n}"), {}, by) for n in range(45)]
    assert codes == [None] * passed + [Code.MANY_ZEROED] * (45 - passed)


@pytest.mark.parametrize(
    ("quantity", "shown", "counts"),
    [
        (0, 1, True),
        (-3, 1, True),
        (0, 0.5, True),
        (0, 0, False),
        (0, -2, False),
        (0, None, False),
        (1, 9, False),
    ],
)
def test_only_what_was_there_can_go(quantity: int, shown: float | None, counts: bool) -> None:
    by = guard(Zeroing(19, frozenset(), 0))
    assert (held(stock(1, quantity), {"quantity": shown}, by) is not None) is counts


def test_a_sku_that_is_counted_already_is_not_one_more() -> None:
    by = guard(Zeroing(19, frozenset({"MUG-1"}), 0))
    assert held(stock(1, 0), {}, by) is None
    assert held(stock(1, 0, sku="MUG-2"), {}, by) == Code.MANY_ZEROED


def test_one_product_of_several_with_the_sku_is_enough() -> None:
    row = opened(price(1, "6"))
    twins = (product(regular_price="7"), product(id=77, regular_price="90"))
    found = guard().hold(row, [plan.Target(row, twin, row.update.values()) for twin in twins])
    assert found is not None
    assert found.code is Code.PRICE_CHANGE


@given(
    st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=120),
    st.integers(0, 300),
    st.integers(0, 100),
)
def test_never_more_skus_go_to_zero_than_allowed_and_no_fewer(
    moves: list[tuple[int, bool]], catalogue: int, percent: int
) -> None:
    """However the hour is cut into rounds: each begins with what the one before left."""
    most = max(19, catalogue * percent // 100)
    gone: set[str] = set()
    by = guard(Zeroing(0, frozenset(), catalogue), percent=percent)
    for number, ends_round in moves:
        if ends_round:
            known = Zeroing(len(gone), frozenset(gone), catalogue)
            by = guard(known, percent=percent)
        sku = f"A-{number}"
        code = held(stock(1, 0, sku=sku), {}, by)
        assert (code is None) == (sku in gone or len(gone) < most)
        gone |= {sku} if code is None else set()
    assert len(gone) <= most


def test_a_held_update_hides_no_older_one_and_shows_old_and_new() -> None:
    newer, older = opened(price(2, "0"), number=2), opened(price(1, "11"), number=1)
    planned = plan.make(
        [newer, older],
        {"MUG-1": [product()]},
        KnownVersions({}),
        rules(hold=guard().hold),
        NOW,
    )
    [settlement], [target] = planned.settled, planned.targets
    assert target.opened is older
    assert (settlement.opened, settlement.state) == (newer, UpdateState.HELD)
    assert (settlement.code, settlement.due_at) == (Code.ZERO_PRICE, None)
    assert settlement.before == {"id": 10, "regular_price": "12.50"}
    assert settlement.store == {"regular_price": "0"}


@pytest.mark.parametrize("mode", ["apply", "observe"])
def test_what_already_stands_or_is_refused_anyway_is_not_held(mode: str) -> None:
    asked: list[Any] = []

    def hold(opened: object, targets: object) -> Refusal | None:
        asked.append(opened)
        return Refusal(Code.ZERO_PRICE, "no")

    def state(item: Item, **shown: Any) -> UpdateState:
        found = {"MUG-1": [product(**shown)]}
        planned = plan.make(
            [opened(item)], found, KnownVersions({}), rules(hold=hold, mode=mode), NOW
        )
        return planned.settled[0].state

    assert state(price(1, "0"), regular_price="0.00") is UpdateState.UNCHANGED
    assert state(price(1, "9", currency="USD")) is UpdateState.REJECTED
    assert not asked
    assert state(price(1, "0")) is UpdateState.HELD
