"""From SKUs to products: the catalogue where it can be trusted, the store where it can't."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent.storage import catalogue
from agent.woo.translate import store_product
from tests.updates.rows import price, stock

if TYPE_CHECKING:
    from tests.updates.lines import Line


async def heard(line: Line, sku: str, **row: Any) -> int:
    """A webhook told of that product, with those fields; its id."""
    shown = store_product.read(line.store.product(sku) | row)
    assert shown is not None
    now = line.clock.now()
    await line.shelf._db.write(lambda tx: catalogue.heard(tx, [shown], now, confirmed=True))
    return shown.id


async def test_a_sku_that_no_query_can_carry_is_found_by_what_webhooks_told(line: Line) -> None:
    for sku in ("A,B", "two  blanks", "<b>"):
        line.store.add_product(sku, stock=1)
        await heard(line, sku)
        await line.feed(stock(1, 7, sku=sku, id=sku), price(1, "9", sku=sku, id=f"p {sku}"))
    await line.apply()
    for sku in ("A,B", "two  blanks", "<b>"):
        assert line.store.stock(sku) == 7
        assert line.store.product(sku)["regular_price"] == "9"


async def test_what_can_not_be_asked_for_is_learnt_from_the_lists(line: Line) -> None:
    skus = ("A,B", "A%41B", "A  B")
    for number, sku in enumerate(skus):
        line.store.add_product(sku, stock=1)
        await line.feed(stock(1, 50 + number, sku=sku, id=sku))
    await line.apply()
    assert [line.store.stock(sku) for sku in skus] == [50, 51, 52]
    asked = line.store.site.asked["GET /wp-json/wc/v3/products"]
    await line.feed(stock(1, 7, sku="no,such", id="none"))
    await line.apply()
    assert line.store.site.asked["GET /wp-json/wc/v3/products"] == asked  # once in a while


@pytest.mark.parametrize(
    ("sku", "there", "spelled"),
    [
        ("mug-x", "MUG-X", "MUG-X"),
        ("MUG 3", "MUG\u00a03", r"'MUG\xa03'"),
        ("CAFE\u0301-1", "CAF\u00c9-1", r"'CAF\xc9-1'"),
        ("a,b", "A,B", "A,B"),
    ],
)
async def test_an_unknown_sku_is_told_with_the_one_that_looks_like_it(
    line: Line, sku: str, there: str, spelled: str
) -> None:
    line.store.add_product(there, stock=1)
    if not sku.isascii() or not there.isascii():
        await heard(line, there)
    line.configure(updates={"unknown_sku_for": timedelta()})
    await line.feed(stock(1, 7, sku=sku))
    await line.apply()
    [(_, result)] = await line.inbox.unreported(10)
    message = f"no product in the store has the SKU {sku}; there is {spelled}"
    assert (result["status"], result["message"]) == ("rejected", message)
    assert line.store.stock(there) == 1


async def test_one_that_nobody_told_of_waits_until_a_webhook_does(line: Line) -> None:
    await line.feed(stock(1, 7, sku="no,such", id="none"))
    await line.apply()
    line.store.add_product("A,B", stock=1)  # after the lists were read
    await line.feed(stock(1, 7, sku="A,B"))
    await line.apply()
    assert await line.results() == {"none": ["unknown_sku"], "s-1": ["unknown_sku"]}
    await heard(line, "A,B")
    await line.apply()
    assert line.store.stock("A,B") == 7


async def test_one_that_is_gone_or_renamed_since_is_unknown(line: Line) -> None:
    for sku in ("A,B", "C,D"):
        line.store.add_product(sku, stock=1)
        await heard(line, sku)
    catalog = line.store.shop.catalog
    for sku in ("A,B", "C,D"):
        found = catalog.with_sku(sku)
        assert found is not None
        if sku == "A,B":
            catalog.remove(found)
        else:
            found.sku = "other"
    await line.feed(stock(1, 7, sku="A,B"), stock(1, 7, sku="C,D", id="c"))
    await line.apply()
    assert await line.results() == {"s-1": ["unknown_sku"], "c": ["unknown_sku"]}
    assert line.sent == []


async def test_a_new_product_makes_what_waits_for_its_sku_due_at_once(line: Line) -> None:
    await line.feed(stock(1, 7))
    await line.apply()
    line.store.add_product("MUG-1", stock=1)
    await line.apply()
    assert line.store.stock("MUG-1") == 1
    await heard(line, "MUG-1")
    await line.apply()
    assert line.store.stock("MUG-1") == 7


async def test_case_and_blanks_are_part_of_a_sku(line: Line) -> None:
    line.store.add_product("mug-1", stock=1)
    await line.feed(stock(1, 7), stock(1, 7, sku=" mug-1", id="blank"))
    await line.apply()
    assert await line.results() == {"s-1": ["unknown_sku"], "blank": ["unknown_sku"]}
    assert line.store.stock("mug-1") == 1


async def test_a_trashed_product_has_no_sku(line: Line) -> None:
    mug = line.store.add_product("MUG-1", stock=1)
    await line.feed(stock(1, 7))
    await line.apply()
    line.store.trash_product(mug)
    line.clock.advance(3600)
    await line.feed(stock(2, 9))
    await line.apply()
    assert (await line.results())["s-2"] == ["unknown_sku"]


async def test_what_was_confirmed_lately_is_not_asked_for_again(line: Line) -> None:
    line.store.add_product("MUG-1", price="10.00", stock=7)
    await line.feed(price(1, "9"))
    await line.apply()
    before = line.store.site.requests
    await line.feed(price(2, "9.00"))
    await line.apply()
    assert line.store.site.requests == before
    line.clock.advance(line.settings.updates.trust_catalogue_for.total_seconds())
    await line.feed(price(3, "9.0"))
    await line.apply()
    assert line.store.site.requests == before + 1
    assert await line.results() == {"p-1": ["applied"], "p-2": ["unchanged"], "p-3": ["unchanged"]}


async def test_a_variation_whose_rows_tell_no_type_is_found_under_its_parent(line: Line) -> None:
    shirt = line.store.add_variable("SHIRT", {"A,B": ("20.00", 3)})
    await heard(line, "A,B", type="")
    await line.feed(stock(1, 7, sku="A,B"))
    await line.apply()
    assert line.store.stock("A,B") == 7
    assert [path for path, _ in line.sent] == [f"products/{shirt}/variations/batch"]


async def test_what_a_webhook_showed_unreadable_is_asked_for(line: Line) -> None:
    line.store.add_product("MUG-1", stock=3)
    await line.feed(stock(1, 7))
    await line.apply()
    for quantity, requests in ((7, 0), ("7 pcs", 1)):
        await heard(line, "MUG-1", stock_quantity=quantity)
        before = line.store.site.requests
        await line.feed(stock(2, 7, id=f"s-{quantity}"))
        await line.apply()
        assert line.store.site.requests == before + requests
    results = await line.results()
    assert (results["s-7"], results["s-7 pcs"]) == (["unchanged"], ["unchanged"])
