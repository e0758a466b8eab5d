"""Stock is written between two looks at orders; a product is let go when its figure is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent import errors
from agent.demo.site import Fault
from agent.updates import checks
from tests.updates.rows import price, stock

if TYPE_CHECKING:
    import pytest

    from tests.updates.lines import Line


async def test_orders_that_the_erp_has_not_seen_are_subtracted_and_named(line: Line) -> None:
    mug = line.store.add_product("MUG-1", stock=40)
    line.sells(mug, 2)
    await line.feed(stock(1, 18))
    await line.apply()
    assert line.store.stock("MUG-1") == 16
    [(_, result)] = await line.inbox.unreported(9)
    assert result["status"] == "applied"
    assert result["message"] == "less 2 in orders that the ERP has not seen"
    assert (result["before"]["quantity"], result["store"]["quantity"]) == (40, 16)
    assert await line.marked() == {}


async def test_stock_is_written_between_two_looks_and_prices_need_none(line: Line) -> None:
    line.store.add_product("MUG-1", stock=40)
    await line.feed(price(1, "9"))
    await line.apply()
    assert line.looks == 0
    await line.feed(stock(1, 18))
    await line.apply()
    assert line.looks == 2


async def test_what_stands_already_needs_no_look(line: Line) -> None:
    line.store.add_product("MUG-1", stock=18)
    await line.feed(stock(1, 18))
    await line.apply()
    assert (line.looks, line.sent) == (0, [])
    assert await line.results() == {"s-1": ["unchanged"]}


async def test_a_sale_found_by_the_look_before_is_not_overwritten(line: Line) -> None:
    mug = line.store.add_product("MUG-1", stock=40)
    line.seen_at_looks = [lambda: line.sells(mug, 3)]
    await line.feed(stock(1, 18))
    await line.apply()
    assert line.store.stock("MUG-1") == 15


async def test_a_sale_lost_in_a_write_is_found_after_it_and_written_again(line: Line) -> None:
    mug = line.store.add_product("MUG-1", stock=40)
    line.seen_at_looks = [lambda: None, lambda: line.sells(mug, 3)]
    await line.feed(stock(1, 18))
    await line.applier.run_once()
    assert line.store.stock("MUG-1") == 18
    assert await line.marked() == {mug: True}
    await line.apply()
    assert line.store.stock("MUG-1") == 15
    assert await line.results() == {"s-1": ["applied"]}
    assert await line.marked() == {}


async def test_a_mark_survives_a_look_that_failed(line: Line) -> None:
    mug = line.store.add_product("MUG-1", stock=40)

    def away() -> None:
        raise errors.StoreUnavailableError("away", hint="")

    line.seen_at_looks = [lambda: None, away]
    await line.feed(stock(1, 18))
    assert await line.applier.run_once() > 0
    assert await line.marked() == {mug: True}
    line.sells(mug, 3)
    await line.apply()
    assert line.store.stock("MUG-1") == 15
    assert await line.marked() == {}


async def test_a_failed_look_means_no_write(line: Line) -> None:
    line.store.add_product("MUG-1", stock=40)

    def away() -> None:
        raise errors.StoreUnavailableError("away", hint="")

    line.seen_at_looks = [away]
    await line.feed(stock(1, 18))
    assert await line.applier.run_once() > 0
    assert line.sent == []


async def test_what_orders_changed_is_compared_and_only_lowered(line: Line) -> None:
    mug = line.store.add_product("MUG-1", stock=40)
    await line.feed(stock(1, 18))
    await line.apply()
    sku = line.store.shop.catalog._by_id[mug]
    sku.stock = 16  # an order took two
    await line.compare(mug)
    await line.apply()
    assert line.store.stock("MUG-1") == 16  # the ERP has to say so before it is raised
    sku.stock = 20
    line.sells(mug, 2)
    await line.compare(mug)
    await line.apply()
    assert line.store.stock("MUG-1") == 16
    assert await line.marked() == {}


async def test_nothing_is_lowered_for_a_product_no_figure_was_ever_given_for(line: Line) -> None:
    mug = line.store.add_product("MUG-1", stock=40)
    line.sells(mug, 2)
    await line.compare(mug)
    await line.apply()
    assert (line.sent, line.store.stock("MUG-1")) == ([], 40)
    assert await line.marked() == {}


async def test_a_write_that_was_not_answered_is_looked_at_again_and_again(line: Line) -> None:
    mug = line.store.add_product("MUG-1", stock=40)
    line.store.site.misbehave(Fault.DROP, under="batch", times=1)
    await line.feed(stock(1, 18))
    assert await line.applier.run_once() > 0
    assert await line.results() == {}
    await line.apply()
    assert await line.results() == {"s-1": ["unchanged"]}
    assert await line.marked() == {mug: False}  # checked, and looked at again
    line.store.shop.catalog._by_id[mug].stock = 15  # PHP was still at an older figure
    line.clock.advance(line.settings.store.timeout.total_seconds())
    await line.apply()
    assert line.store.stock("MUG-1") == 18
    line.store.shop.catalog._by_id[mug].stock = 25
    line.clock.advance(checks.SETTLES_WITHIN.total_seconds())
    await line.apply()
    assert line.store.stock("MUG-1") == 18
    assert await line.marked() == {}


async def test_a_figure_that_the_store_does_not_take_is_tried_again_later(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    mug = line.store.add_product("MUG-1", stock=40)
    await line.feed(stock(1, 18))
    await line.apply()

    async def keep(product_id: int) -> None:
        line.store.shop.catalog._by_id[mug].manage_stock = False

    line.sells(mug, 2)
    await line.compare(mug)
    line.store.pause_writes(keep)
    await line.apply(rounds=5)
    line.store.pause_writes(None)
    line.store.shop.catalog._by_id[mug].manage_stock = True
    line.clock.advance(checks.RETRY.total_seconds())
    await line.apply()
    assert line.store.stock("MUG-1") == 16


async def test_a_figure_put_right_in_a_round_with_a_newer_one_was_not_refused(line: Line) -> None:
    """The newer one is what was sent: that the older was not set is no reason to wait."""
    mug = line.store.add_product("MUG-1", stock=40)
    await line.feed(stock(1, 18))
    await line.apply()
    line.sells(mug, 2)
    await line.compare(mug)
    await line.feed(stock(2, 30))
    line.seen_at_looks = [lambda: None, lambda: line.sells(mug, 3, order=2)]
    await line.apply()
    assert line.store.stock("MUG-1") == 25
    assert await line.marked() == {}


async def test_prices_go_on_while_stock_waits_for_its_orders(line: Line) -> None:
    line.store.add_product("MUG-1", stock=40)
    line.shelf.is_ready = False
    await line.feed(stock(1, 18), price(1, "9"))
    await line.apply()
    assert line.store.product("MUG-1")["regular_price"] == "9"
    assert line.store.stock("MUG-1") == 40
    line.shelf.is_ready = True
    await line.apply()
    assert line.store.stock("MUG-1") == 18


async def test_ignored_orders_are_neither_looked_at_nor_subtracted(line: Line) -> None:
    mug = line.store.add_product("MUG-1", stock=40)
    line.configure(inventory={"unseen_orders": "ignore"})
    line.sells(mug, 2)
    await line.feed(stock(1, 18))
    await line.apply()
    assert (line.store.stock("MUG-1"), line.looks) == (18, 0)


async def test_a_sale_of_one_product_counts_for_all_that_share_its_sku(line: Line) -> None:
    first = line.store.add_product("MUG-1", stock=40)
    second = line.store.add_product("MUG-2", stock=40)
    catalog = line.store.shop.catalog
    catalog._by_id[second].sku = "MUG-1"  # as translation plugins do
    catalog._by_sku["mug-1"].append(second)
    line.configure(updates={"duplicate_sku": "all"})
    line.sells(first, 2)
    await line.feed(stock(1, 18))
    await line.apply()
    shown = [line.store.shop.catalog._by_id[number].stock for number in (first, second)]
    assert shown == [16, 16]


async def test_a_whole_feed_is_compared_before_what_differs_is_written(line: Line) -> None:
    line.configure(store={"batch_size": 10, "write_concurrency": 2})
    for number in range(1200):
        line.store.add_product(f"A-{number}", stock=number % 60 or 7)
    await line.feed(*(stock(1, 7, sku=f"A-{n}", id=f"u-{n}") for n in range(0, 1200, 60)))
    await line.feed(
        *(stock(2, n % 60 or 8, sku=f"A-{n}", id=f"v-{n}") for n in range(1200)),
    )
    await line.apply(rounds=60)
    assert [len(items) for _, items in line.sent] == [10, 10]
    assert line.store.stock("A-60") == 8


async def test_units_that_nothing_explains_are_subtracted_for_a_day_and_named(line: Line) -> None:
    mug = line.store.add_product("MUG-1", stock=40)
    await line.feed(stock(1, 18))
    await line.apply()
    line.sells(mug, 2)
    line.store.shop.catalog._by_id[mug].stock = 13  # an order took two, and a plugin three more
    await line.feed(stock(2, 20))
    line.clock.advance(3600)
    await line.apply()
    assert line.store.stock("MUG-1") == 15
    [(_, result)] = [r for r in await line.inbox.unreported(9) if r[1]["id"] == "s-2"]
    assert "unexplained: 3" in result["message"]
    await line.feed(stock(3, 30))
    line.clock.advance(3600)
    await line.apply()
    assert line.store.stock("MUG-1") == 25
    line.clock.advance(86400)
    await line.feed(stock(4, 40))
    await line.apply()
    assert line.store.stock("MUG-1") == 38  # the ERP's word counts
    await line.feed(stock(5, 41))
    await line.apply()
    assert line.store.stock("MUG-1") == 39


async def test_a_sale_that_is_found_late_is_not_subtracted_twice(line: Line) -> None:
    mug = line.store.add_product("MUG-1", stock=40)
    await line.feed(stock(1, 18))
    await line.apply()
    line.store.shop.catalog._by_id[mug].stock = 16  # no order is known that took them
    await line.feed(stock(2, 20))
    line.clock.advance(3600)
    await line.apply()
    assert line.store.stock("MUG-1") == 18
    line.sells(mug, 2)  # here it is
    line.store.shop.catalog._by_id[mug].stock = 18
    await line.feed(stock(3, 21))
    line.clock.advance(3600)
    await line.apply()
    assert line.store.stock("MUG-1") == 19
