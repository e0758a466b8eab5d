"""What stands in the store and can't be read is held, never written over, and never guessed at."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.inbox import Zeroing
from agent.model.product import ItemAnswer
from agent.model.update import Code, UpdateState
from agent.settings import InventorySettings, PriceSettings
from agent.updates import check, guardrails, plan
from agent.woo import wire
from agent.woo.translate import store_product
from tests.updates.rows import opened, price, stock
from tests.updates.test_plan import made, rules

if TYPE_CHECKING:
    from agent.model.inbox import Settlement
    from agent.model.product import StoreProduct
    from tests.updates.lines import Line

Item = dict[str, Any]
ROW: Item = {
    **{"id": 10, "parent_id": 0, "type": "simple", "sku": "MUG-1", "status": "publish"},
    **{"manage_stock": True, "stock_quantity": 10, "regular_price": "12.50", "sale_price": ""},
    **{"date_on_sale_from_gmt": None, "date_on_sale_to_gmt": None},
}
FULL = Zeroing(20, frozenset(), 100)
"""No more SKUs may go to zero."""


def shows(**row: Any) -> StoreProduct:
    product = store_product.read(ROW | row)
    assert product is not None
    return product


def planned(item: Item, product: StoreProduct, zeroing: Zeroing = FULL, **row: Any) -> plan.Plan:
    guard = guardrails.Guard(PriceSettings(), InventorySettings(), zeroing)
    update = replace(opened(item), **row)
    return made(update, products=(product,), given=rules(hold=guard.hold))


@pytest.mark.parametrize(
    ("item", "row", "code", "field"),
    [
        (price(1, "1.00"), {"regular_price": "10,5"}, Code.PRICE_CHANGE, "regular_price"),
        (price(1, "0"), {"regular_price": []}, Code.PRICE_CHANGE, "regular_price"),
        (price(1, sale_price="9"), {"sale_price": "8 EUR"}, Code.PRICE_CHANGE, "sale_price"),
        (price(1, sale_price=None), {"sale_price": "8 EUR"}, Code.PRICE_CHANGE, "sale_price"),
        (price(1, sale_price="9"), {"regular_price": False}, Code.PRICE_CHANGE, "regular_price"),
        (
            price(1, sale_to="2026-11-30T00:00:00Z"),
            {"date_on_sale_to_gmt": "30.11."},
            Code.PRICE_CHANGE,
            "date_on_sale_to_gmt",
        ),
        (stock(1, 0), {"stock_quantity": ">10"}, Code.MANY_ZEROED, "stock_quantity"),
        (stock(1, 7), {"stock_quantity": {}}, Code.MANY_ZEROED, "stock_quantity"),
        (stock(1, 7), {"manage_stock": "maybe"}, Code.MANY_ZEROED, "manage_stock"),
        (stock(1, 10), {"manage_stock": "maybe"}, None, ""),  # it shows that
        (price(1, "12.50"), {"sale_price": "8 EUR"}, None, ""),
        (stock(1, 7), {"regular_price": "10,5"}, None, ""),
    ],
)
def test_an_update_of_what_can_not_be_read_is_held_and_the_field_named(
    item: Item, row: Item, code: Code | None, field: str
) -> None:
    outcome = planned(item, shows(**row), Zeroing(0, frozenset(), 100))
    if code is None:
        assert [one.state for one in outcome.settled] in ([], [UpdateState.UNCHANGED])
        return
    assert not outcome.targets
    [settlement] = outcome.settled
    assert (settlement.state, settlement.code) == (UpdateState.HELD, code)
    assert settlement.message == f"{field} is not usable in what the store shows of product 10"


@pytest.mark.parametrize(
    ("item", "row", "values"),
    [
        (price(1, "1.00"), {"regular_price": "10,5"}, {"regular_price": "1.00"}),
        (stock(1, 7), {"stock_quantity": ">10"}, {"quantity": 7}),
        (stock(1, 7), {"manage_stock": "maybe"}, {"quantity": 7}),  # nobody said to switch it on
        (price(1, sale_price="9"), {"regular_price": False}, {"sale_price": "9"}),
    ],
)
def test_with_somebodys_yes_it_is_written(item: Item, row: Item, values: Item) -> None:
    [target] = planned(item, shows(**row), approved=True).targets
    assert target.values == values


def answered(item: Item, before: Item, after: Item) -> Settlement:
    update = replace(opened(item), approved=True)
    [target] = made(update, products=(shows(**before),)).targets
    [settlement] = check.settled([target], {10: ItemAnswer(shows(**after))}, wire.same)
    return settlement


@pytest.mark.parametrize(
    ("item", "after"),
    [
        (stock(1, 7), {"stock_quantity": "7"}),
        (stock(1, 7), {"stock_quantity": 7.0}),
        (stock(1, 7), {"stock_quantity": "7", "manage_stock": "yes"}),
        (price(1, "9.00"), {"regular_price": 9}),
        (price(1, "9.00"), {"regular_price": " 9.0 "}),
        (price(1, "9.00"), {"regular_price": 9.0, "sale_price": "8 EUR"}),
    ],
)
def test_an_answer_in_another_type_shows_what_was_written(item: Item, after: Item) -> None:
    settlement = answered(item, {}, after)
    assert (settlement.state, settlement.code) == (UpdateState.APPLIED, None)


def test_an_answer_that_can_not_be_read_does_not_say_that_nothing_was_changed() -> None:
    settlement = answered(stock(1, 7), {}, {"stock_quantity": "7 pcs"})
    assert (settlement.state, settlement.code) == (UpdateState.FAILED, Code.NOT_APPLIED)
    assert settlement.message == (
        "the store answered 200, and stock_quantity is not usable: it may have been changed"
    )
    ignored = answered(price(1, "9", sale_price="8"), {}, {"sale_price": "abc"})
    assert ignored.message == "the store answered 200 but did not change regular_price"


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.integers(-20, 20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.decimals(-99, 99, places=2).map(str)
    | st.decimals(-99, 99, places=2).map(float)
    | st.decimals(-99, 99, places=2).map(lambda value: f" {value:E}\n")
    | st.sampled_from(["", " ", "yes", "no", "parent", "10,5", "1.000,50", "7 pcs", "1.0E-5"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=3,
)
_STOCK_FIELDS = ("stock_quantity", "manage_stock")
_PRICE_FIELDS = ("regular_price", "sale_price")


@given(
    st.dictionaries(st.sampled_from((*_STOCK_FIELDS, *_PRICE_FIELDS)), _JSON),
    st.sampled_from([stock(1, 0), price(1, "9.99"), price(1, "9.99", sale_price="5")])
    | st.integers(-5, 50).map(lambda n: stock(1, n)),
)
def test_no_guardrail_passes_what_it_can_not_read(row: Item, item: Item) -> None:
    """Whatever JSON stands in the store's fields: what is written over is a figure by which the
    change was measured, or none at all."""
    for target in planned(item, shows(**row)).targets:
        told = ROW | row
        if "quantity" in target.values:
            had = _figure(told["stock_quantity"])
            assert had is not None or _is_nothing(told["stock_quantity"])
            assert not (had is not None and had > 0 >= target.values["quantity"])
        for field in _PRICE_FIELDS:
            if field not in target.values:
                continue
            stands = told[field]
            if field == "sale_price" and _is_nothing(stands):
                stands = told["regular_price"]
            had, new = _figure(stands), Decimal(target.values[field])
            assert had is not None or _is_nothing(stands)
            assert had is None or had <= 0 or abs(new - had) * 2 <= had


def _is_nothing(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip(" \t\r\n"))


def _figure(value: object) -> Decimal | None:
    """Read in another way than the agent does."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


async def test_a_figure_that_can_not_be_read_is_not_corrected_behind_anybodys_back(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order makes the agent compare its product with the figure in force."""
    mug = line.store.add_product("MUG-1", stock=10)
    await line.feed(stock(1, 10))
    await line.apply()
    read = store_product.read

    def unusable(row: Any, **more: Any) -> StoreProduct | None:
        return read(row | {"stock_quantity": "10 pcs"}, **more)

    monkeypatch.setattr(store_product, "read", unusable)
    line.sells(mug, 2)
    await line.compare(mug)
    await line.apply()
    assert line.sent == []
    assert await line.marked() == {}
