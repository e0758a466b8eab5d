"""A store whose plugins show prices and stock in other types than WooCommerce: guardrails hold
all the same, and what was written is told as written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests import agents
from tests.flows import plugins

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.shop import Ends, Shop

    Row = dict[str, Any]
    Change = Callable[[Row], Row]


def numbers(row: Row) -> Row:
    """As bundle plugins do (a price that is a number)."""
    prices = {
        name: float(row[name]) if row[name] else row[name]
        for name in ("price", "regular_price", "sale_price")
    }
    return row | prices


def texts(row: Row) -> Row:
    """As stock plugins do."""
    managed = {True: "yes", False: "no"}.get(row["manage_stock"], row["manage_stock"])
    units = row["stock_quantity"]
    return row | {
        "manage_stock": managed,
        "stock_quantity": units if units is None else f" {units}",
    }


def commas(row: Row) -> Row:
    """As nobody can read for certain."""
    return row | {"regular_price": "10,00", "stock_quantity": "7 pcs"}


def priced(version: int, price: str, **more: Any) -> dict[str, Any]:
    named = {"id": f"p-{version}", "sku": "MUG-1", "kind": "price", "version": version}
    return named | {"regular_price": price} | more


def stands(ends: Ends) -> str:
    """The price of MUG-1 in the store's own database."""
    product = ends.store.shop.catalog.with_sku("MUG-1")
    assert product is not None
    return product.regular_price


def results(shop: Shop) -> list[tuple[str, str | None]]:
    return [(one["status"], one.get("code")) for one in shop.gateway.results(agents.STORE)]


@pytest.mark.parametrize("change", [numbers, texts])
async def test_a_price_that_is_a_number_is_guarded_and_compared(
    ends: Ends, monkeypatch: pytest.MonkeyPatch, change: Change
) -> None:
    plugins.shows(monkeypatch, change)
    ends.store.add_product("MUG-1", price="10.00")
    async with ends.agent() as shop:
        await shop.update(priced(1, "1.00"), status="held")
        assert results(shop) == [("held", "price_change")]
        assert stands(ends) == "10.00"
        await shop.update(priced(2, "10.000"), status="unchanged")
        await shop.update(priced(3, "12.00"))
        assert stands(ends) == "12.00"
        [applied] = [one for one in shop.gateway.results(agents.STORE) if one["id"] == "p-3"]
        assert float(applied["store"]["regular_price"]) == 12
        assert float(applied["before"]["regular_price"]) == 10


@pytest.mark.parametrize("change", [numbers, texts])
async def test_stock_that_is_text_goes_to_zero_for_no_more_skus_than_may(
    ends: Ends, monkeypatch: pytest.MonkeyPatch, change: Change
) -> None:
    plugins.shows(monkeypatch, change)
    skus = [f"SKU-{n}" for n in range(40)]
    for sku in skus:
        ends.store.add_product(sku, stock=7)
    async with ends.agent() as shop:
        await shop.update(*shop.figures(skus, 1, 7), status="unchanged")
        await shop.update(*shop.figures(skus, 2, 8))
        shop.gateway.publish(agents.STORE, *shop.figures(skus, 3, 0))
        await shop.gateway.until(lambda: len(shop.gateway.results(agents.STORE)) == 120)
        came_to = results(shop)[80:]
        assert came_to.count(("applied", None)) == 19
        assert came_to.count(("held", "many_zeroed")) == 21
        assert sorted(shop.store.stock(sku) or 0 for sku in skus) == [0] * 19 + [8] * 21


async def test_what_can_not_be_read_is_held_until_somebody_says_yes(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugins.shows(monkeypatch, commas)
    ends.store.add_product("MUG-1", price="10.00", stock=7)
    async with ends.agent() as shop:
        await shop.update(priced(1, "10.50"), *shop.figures(["MUG-1"], 1, 0), status="held")
        told = {one["id"]: one["message"] for one in shop.gateway.results(agents.STORE)}
        assert "regular_price is not usable" in told["p-1"]
        assert "stock_quantity is not usable" in told["MUG-1-1"]
        assert shop.store.stock("MUG-1") == 7
        shop.gateway.publish(agents.STORE, priced(1, "10.50", approved=True))
        await shop.gateway.until(lambda: len(shop.gateway.results(agents.STORE)) == 3)
        assert stands(ends) == "10.50"
        [*_, last] = shop.gateway.results(agents.STORE)
        assert (last["status"], last["code"]) == ("failed", "not_applied")
        assert last["message"].endswith("it may have been changed")


async def test_the_webhook_after_our_own_write_is_no_news_whatever_its_types(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The route of batches shows core's types, the webhook those of a plugin."""
    shop.store.add_product("MUG-1", price="10.00", stock=7)
    await shop.deliver()
    before = shop.told()
    await shop.update(priced(1, "12.00"), *shop.figures(["MUG-1"], 1, 8))
    plugins.shows(monkeypatch, lambda row: texts(numbers(row)))
    await shop.deliver()
    assert shop.told() == before
