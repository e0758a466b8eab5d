"""A figure of the ERP reaches the agent before the answer to the events that it counts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.model.in_force import DOUBT_AGAIN
from agent.storage import in_force
from tests.storage.seeding import select
from tests.updates.late_facts import ON_HAND, World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(tmp_path)
    await world.open()
    yield world
    await world.close()


async def _overtaken(world: World, units: int = 4) -> None:
    """Sold, sent and booked; its figure is in force, and the answer is not there."""
    world.shop.sell("MUG", units)
    await world.poll_orders()
    await world.post()
    world.erp.commit(world.erp.flights[0])
    world.erp.publish("MUG")
    await world.poll_feed()
    await world.apply()
    assert world.shop.stock["MUG"] == ON_HAND - 2 * units  # it may not be counted yet
    assert len(await world.open_checks()) == 1


@pytest.mark.parametrize("answer", ["told", "lost"])
async def test_the_shop_shows_the_figure_once_the_answer_is_there(
    world: World, answer: str
) -> None:
    await _overtaken(world)
    await world.answer(world.erp.flights[0], answer)
    if answer == "lost":
        world.clock.advance(61)
        assert await world.post()
        world.erp.commit(world.erp.flights[0])  # a duplicate, with the first position
        await world.answer(world.erp.flights[0], "told")
    await world.apply()
    assert world.shop.stock["MUG"] == ON_HAND - 4
    assert await world.open_checks() == []


async def test_it_is_raised_by_what_was_learned_and_no_more(world: World) -> None:
    await _overtaken(world)
    world.shop.stock["MUG"] -= 5  # by somebody's hand
    await world.answer(world.erp.flights[0], "told")
    await world.apply()
    assert world.shop.stock["MUG"] == ON_HAND - 4 - 5
    await world.apply()
    assert world.shop.stock["MUG"] == ON_HAND - 4 - 5


async def test_a_kill_between_figure_and_answer_forgets_no_doubt(world: World) -> None:
    await _overtaken(world)
    await world.kill()
    await world.apply()
    assert world.shop.stock["MUG"] == ON_HAND - 8
    await world.settle_everything()
    assert world.shop.stock["MUG"] == ON_HAND - 4


async def test_an_accepted_order_that_changes_nothing_costs_no_request(world: World) -> None:
    world.erp.publish("MUG")
    await world.poll_feed()
    await world.apply()
    for _ in range(20):
        world.shop.sell("MUG", 1)
    await world.poll_orders()
    await world.apply()  # what was sold is compared
    reads = world.shop.reads
    await world.settle_everything()
    assert await select(world.db, "SELECT count(*) FROM acceptances WHERE certain") == [(20,)]
    assert world.shop.reads == reads
    assert await world.open_checks() == []


async def test_a_return_that_was_refused_while_in_doubt_is_shown_again(world: World) -> None:
    """What ends in memory marks as well: nothing is written down about a 401."""
    world.shop.sell("MUG", 4)
    await world.settle_everything()
    world.erp.publish("MUG")
    world.shop.change(world.shop.orders[1], 0)
    await world.poll_orders()
    await world.post()
    await world.poll_feed()
    await world.apply()
    assert world.shop.stock["MUG"] == ON_HAND - 8  # the return may be counted, and sold again
    await world.answer(world.erp.flights[0], "refused")
    await world.apply()
    assert world.shop.stock["MUG"] == ON_HAND - 4


async def test_what_was_shown_before_orders_changed_explains_nothing(world: World) -> None:
    """The catalogue is trusted for a while, and orders are read anew: together they would tell of
    a unit that nobody took."""
    world.shop.sell("MUG", 3)
    await world.settle_everything()
    world.erp.publish("MUG")
    await world.poll_feed()
    await world.apply()
    world.shop.sell("MUG", 1)
    await world.settle_everything()
    world.shop.change(world.shop.orders[1], 2)  # one is given back, and no webhook comes
    world.erp.publish("MUG")
    world.erp.feed[-1]["quantity"] += 10  # goods came in
    await world.poll_feed()
    await world.apply()
    assert world.shop.stock["MUG"] == ON_HAND - 4 + 10
    assert await select(world.db, "SELECT sum(unexplained) FROM stock_bases") == [(0,)]


async def test_a_doubt_that_lasts_is_counted(world: World) -> None:
    await _overtaken(world)
    await world.answer(world.erp.flights[0], "lost")
    await world.apply()
    now = world.clock.now()
    assert await world.db.read(in_force.uncertain, now) == 0
    assert await world.db.read(in_force.uncertain, now + DOUBT_AGAIN) == 1
    world.clock.advance(61)
    await world.settle_everything()
    assert await world.db.read(in_force.uncertain, now + 2 * DOUBT_AGAIN) == 0


async def test_a_write_without_an_answer_is_no_loss_of_units(world: World) -> None:
    """What the store showed before it says nothing of what went since."""
    await _overtaken(world)
    await world.answer(world.erp.flights[0], "told")
    await world.apply()
    world.erp.publish("MUG")
    world.erp.feed[-1]["quantity"] -= 5  # counted anew
    await world.poll_feed()
    world.shop.answers = "lost after"
    world.clock.advance(4)
    await world.applier.run_once()
    assert world.shop.stock["MUG"] == ON_HAND - 4 - 5
    await world.apply()
    assert world.shop.stock["MUG"] == ON_HAND - 4 - 5
    world.clock.advance(301)
    await world.apply()
    assert await world.open_checks() == []
