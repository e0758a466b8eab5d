"""Updates reach a store over HTTP: by the right routes, once, and only what differs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.updates.rows import price, stock

if TYPE_CHECKING:
    from tests.updates.lines import Line


async def test_products_and_variations_are_written_by_their_own_routes(line: Line) -> None:
    mug = line.store.add_product("MUG-1", stock=40)
    shirt = line.store.add_variable("SHIRT", {"SHIRT-S": ("20.00", 3), "SHIRT-M": ("21.00", 3)})
    hat = line.store.add_variable("HAT", {"HAT-L": ("9.00", 1)})
    skus = ("MUG-1", "SHIRT-S", "SHIRT-M", "HAT-L")
    await line.feed(*(stock(1, 7, id=sku, sku=sku) for sku in skus))
    await line.apply()
    assert {path: len(items) for path, items in line.sent} == {
        "products/batch": 1,
        f"products/{hat}/variations/batch": 1,
        f"products/{shirt}/variations/batch": 2,
    }
    assert len(line.sent) == 3
    assert [line.store.stock(sku) for sku in skus] == [7, 7, 7, 7]
    assert await line.results() == {sku: ["applied"] for sku in skus}
    written = {item["id"]: item for _, items in line.sent for item in items}
    assert written[mug] == {"id": mug, "stock_quantity": 7}


async def test_two_updates_of_one_product_are_one_item_with_the_fields_that_differ(
    line: Line,
) -> None:
    mug = line.store.add_product("MUG-1", price="12.50", stock=40)
    await line.feed(stock(1, 7), price(1, "12.5", sale_price="9", sale_to="2026-11-30T23:59:59Z"))
    await line.apply()
    sale = {"sale_price": "9", "date_on_sale_to_gmt": "2026-11-30T23:59:59"}
    assert line.sent == [("products/batch", [{"id": mug, "stock_quantity": 7} | sale])]
    assert await line.results() == {"s-1": ["applied"], "p-1": ["applied"]}


async def test_a_price_update_leaves_the_stock_alone_that_an_order_took_meanwhile(
    line: Line,
) -> None:
    line.store.add_product("MUG-1", price="12.50", stock=40)

    async def sell(_: int) -> None:
        line.store.place_order([("MUG-1", 2)])

    line.store.pause_writes(sell)
    await line.feed(price(1, "9"))
    await line.apply()
    assert line.store.stock("MUG-1") == 38
    assert line.store.product("MUG-1")["regular_price"] == "9"


async def test_no_batch_is_larger_than_the_setting_and_none_is_left_over(line: Line) -> None:
    line.configure(store={"batch_size": 4, "write_concurrency": 2})
    skus = [f"SKU-{n}" for n in range(19)]
    for sku in skus:
        line.store.add_product(sku, stock=1)
    await line.feed(*(stock(1, 7, id=sku, sku=sku) for sku in skus))
    await line.apply()
    assert sorted(len(items) for _, items in line.sent) == [3, 4, 4, 4, 4]
    assert {line.store.stock(sku) for sku in skus} == {7}
    assert await line.results() == {sku: ["applied"] for sku in skus}


async def test_what_stands_already_is_not_written(line: Line) -> None:
    line.store.add_product("MUG-1", price="12.50", stock=40)
    await line.feed(stock(1, 40), price(1, "12.500", sale_price=None))
    await line.apply()
    assert line.sent == []
    assert await line.results() == {"s-1": ["unchanged"], "p-1": ["unchanged"]}


async def test_the_same_page_again_writes_nothing(line: Line) -> None:
    line.store.add_product("MUG-1")
    page = [stock(1, 7), price(1, "9")]
    for _ in range(3):
        await line.feed(*page)
        await line.apply()
    assert len(line.sent) == 1
    assert await line.results() == {"s-1": ["applied"], "p-1": ["applied"]}


async def test_a_late_update_is_superseded_and_a_newer_one_written(line: Line) -> None:
    line.store.add_product("MUG-1")
    for version, quantity in ((5, 50), (3, 30), (6, 60), (4, 40)):
        await line.feed(stock(version, quantity))
        await line.apply()
    assert line.store.stock("MUG-1") == 60
    assert await line.results() == {
        "s-5": ["applied"],
        "s-3": ["superseded"],
        "s-6": ["applied"],
        "s-4": ["superseded"],
    }


async def test_an_unmanaged_product_is_refused_or_switched_on(line: Line) -> None:
    line.store.add_product("MUG-1", stock=None)
    await line.feed(stock(1, 7))
    await line.apply()
    assert (line.sent, line.store.stock("MUG-1")) == ([], None)
    line.configure(updates={"enable_manage_stock": True})
    await line.feed(stock(2, 8))
    await line.apply()
    assert line.store.stock("MUG-1") == 8
    assert await line.results() == {"s-1": ["stock_not_managed"], "s-2": ["applied"]}


async def test_a_variation_whose_parent_manages_the_stock_is_refused(line: Line) -> None:
    parent = line.store.add_variable("SHIRT", {"SHIRT-S": ("20.00", None)})
    holder = line.store.shop.catalog._by_id[parent]
    holder.manage_stock, holder.stock = True, 30
    await line.feed(stock(1, 7, sku="SHIRT-S"), stock(1, 9, id="parent", sku="SHIRT"))
    await line.apply()
    assert line.store.stock("SHIRT") == 9
    assert await line.results() == {"s-1": ["stock_not_managed"], "parent": ["applied"]}


async def test_observing_writes_nothing(line: Line) -> None:
    line.configure(updates={"mode": "observe"})
    line.store.add_product("MUG-1", stock=40)
    await line.feed(stock(1, 7))
    await line.apply()
    assert (line.sent, line.store.stock("MUG-1")) == ([], 40)
    [(_, result)] = await line.inbox.unreported(9)
    assert result["status"] == "would_apply"
    assert (result["before"]["quantity"], result["store"]["quantity"]) == (40, 7)


async def test_an_update_waits_for_its_product_and_is_applied_when_it_is_there(
    line: Line,
) -> None:
    await line.feed(stock(1, 7))
    await line.apply()
    line.clock.advance(3600)
    await line.apply()
    line.store.add_product("MUG-1")
    line.clock.advance(3600)
    await line.apply()
    assert line.store.stock("MUG-1") == 7
    assert await line.results() == {"s-1": ["unknown_sku", "applied"]}


async def test_an_update_whose_product_never_comes_is_rejected_in_the_end(line: Line) -> None:
    await line.feed(stock(1, 7))
    for _ in range(25):
        await line.apply()
        line.clock.advance(3600)
    assert [(r["status"], r["n"]) for _, r in await line.inbox.unreported(9)] == [
        ("waiting", 1),
        ("rejected", 2),
    ]


async def test_fridays_price_comes_on_friday_and_todays_at_once(line: Line) -> None:
    line.store.add_product("MUG-1", price="10")
    friday = line.clock.now() + timedelta(days=3)
    await line.feed(price(1, "7", effective_at=friday.isoformat()), price(2, "11"))
    await line.apply()
    assert line.store.product("MUG-1")["regular_price"] == "11"
    line.clock.advance(3 * 86400)
    await line.apply()
    assert line.store.product("MUG-1")["regular_price"] == "7"
    assert await line.results() == {"p-1": ["not_due", "applied"], "p-2": ["applied"]}


@pytest.mark.parametrize("item", [price(1, "9", currency="USD"), price(1, "9", tax="included")])
async def test_the_stores_currency_and_tax_mode_are_asked_for_once(
    line: Line, item: dict[str, Any]
) -> None:
    line.store.add_product("MUG-1")
    await line.feed(item)
    await line.apply()
    before = line.store.site.requests
    await line.feed(price(2, "9", currency="EUR", tax="excluded"))
    await line.apply()
    assert line.store.site.requests == before + 1  # to write: the look-up before is still trusted
    first, second = (await line.results()).values()
    assert first[0].startswith("wrong_")
    assert second == ["applied"]


async def test_the_error_of_one_item_is_no_matter_of_the_others(line: Line) -> None:
    line.store.add_product("MUG-1", stock=1)
    gone = line.store.add_product("MUG-2", stock=1)

    async def vanish(product_id: int) -> None:
        catalog = line.store.shop.catalog
        if product_id != gone and catalog.get(gone):
            catalog.remove(catalog._by_id[gone])

    line.store.pause_writes(vanish)
    await line.feed(stock(1, 7), stock(1, 8, id="gone", sku="MUG-2"))
    await line.apply()
    results = await line.results()
    assert results["s-1"] == ["applied"]
    assert results["gone"] == ["woocommerce_rest_product_invalid_id"]
