"""Whatever the store does: nothing is lost or written twice, and it is right in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent import errors
from agent.demo.site import Fault
from agent.updates import applier
from agent.updates.pace import Pace
from tests.updates.rows import price, stock

if TYPE_CHECKING:
    from tests.updates.lines import Line

SKUS = [f"SKU-{n}" for n in range(6)]


async def filled(line: Line) -> None:
    """Six products in batches of two, and an update of each."""
    line.configure(store={"batch_size": 2, "write_concurrency": 1})
    for sku in SKUS:
        line.store.add_product(sku, stock=1)
    await line.feed(*(stock(1, 7, id=sku, sku=sku) for sku in SKUS))


def written(line: Line) -> int:
    return sum(len(items) for _, items in line.sent)


async def right_in_the_end(line: Line) -> None:
    """Applies what is open, with a store that is well again."""
    line.store.site.behave()
    await line.apply()
    assert [line.store.stock(sku) for sku in SKUS] == [7] * len(SKUS)
    results = await line.results()
    assert sorted(results) == SKUS
    assert {said for [said] in results.values()} <= {"applied", "unchanged"}
    assert line.applier.trouble is None


@pytest.mark.parametrize(
    ("fault", "done"),
    [
        (Fault.SERVER_ERROR, False),
        (Fault.TOO_MANY_REQUESTS, False),
        (Fault.HANG, False),
        (Fault.BROKEN_JSON, True),
        (Fault.DROP, True),
    ],
)
async def test_after_a_write_without_an_answer_only_what_is_missing_is_written(
    line: Line, fault: Fault, done: bool
) -> None:
    await filled(line)
    line.store.site.misbehave(fault, under="batch", times=1)
    assert await line.apply() == 1
    assert await line.results() == {}
    assert isinstance(line.applier.trouble, errors.StoreUnavailableError)
    assert written(line) == (2 if done else 0)
    await right_in_the_end(line)
    assert written(line) == len(SKUS)
    unchanged = [said for said in (await line.results()).values() if said == ["unchanged"]]
    assert len(unchanged) == (2 if done else 0)


async def test_the_batches_that_were_answered_are_settled_and_only_the_others_come_again(
    line: Line,
) -> None:
    await filled(line)
    line.configure(store={"batch_size": 2, "write_concurrency": 3})
    line.applier._writing._pace = Pace(2, 3, batch=2, width=3)
    line.store.site.misbehave(Fault.DROP, under="batch", times=1)
    await line.applier.run_once()
    assert 0 < len(await line.results()) < len(SKUS)
    await right_in_the_end(line)
    assert written(line) == len(SKUS)


@pytest.mark.parametrize("fault", [*Fault])
async def test_a_store_that_can_not_be_read_is_tried_again_later(line: Line, fault: Fault) -> None:
    await filled(line)
    line.store.site.misbehave(fault)
    await line.apply()
    assert line.applier.trouble is not None
    assert written(line) == 0
    await right_in_the_end(line)
    assert written(line) == len(SKUS)


async def test_a_store_that_is_down_is_tried_at_growing_intervals_and_found_again(
    line: Line,
) -> None:
    await filled(line)
    await line.store.site.refuse()
    pauses = [await line.applier.run_once() for _ in range(8)]
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]
    await line.store.site.accept()
    await right_in_the_end(line)
    await line.feed(stock(2, 8, id="later", sku=SKUS[0]))
    await line.store.site.refuse()
    assert await line.applier.run_once() == applier.FIRST_PAUSE_S


async def test_the_store_says_how_long_its_maintenance_takes(line: Line) -> None:
    await filled(line)
    line.store.maintenance = True
    assert await line.applier.run_once() == 600
    line.store.maintenance = False
    line.store.site.misbehave(Fault.TOO_MANY_REQUESTS, retry_after_s=86_400)
    assert await line.applier.run_once() == 3600
    await right_in_the_end(line)


async def test_a_refused_key_loses_nothing_and_is_a_trouble_for_a_person(line: Line) -> None:
    await filled(line)
    secret = line.settings.store.consumer_secret.get_secret_value()
    key = line.settings.store.consumer_key.get_secret_value()
    line.store.keys.add(key, "another")
    await line.apply()
    assert isinstance(line.applier.trouble, errors.StoreRefusedError)
    line.store.keys.add(key, secret)
    await right_in_the_end(line)


async def test_an_order_between_a_lost_answer_and_the_next_round_does_not_lose_the_figure(
    line: Line,
) -> None:
    line.store.add_product("MUG-1", stock=1)
    await line.feed(stock(1, 7))
    line.store.site.misbehave(Fault.DROP, under="batch", times=1)
    await line.apply()
    await line.feed(stock(2, 9))
    await line.apply()
    assert line.store.stock("MUG-1") == 9
    assert await line.results() == {"s-1": ["superseded"], "s-2": ["applied"]}


async def test_a_lost_answer_about_one_of_two_updates_leaves_both_open(line: Line) -> None:
    line.store.add_product("MUG-1", stock=1, price="10")
    await line.feed(stock(1, 7), price(1, "9"))
    line.store.site.misbehave(Fault.DROP, under="batch", times=1)
    await line.apply()
    assert await line.results() == {}
    await line.apply()
    assert await line.results() == {"s-1": ["unchanged"], "p-1": ["unchanged"]}
    assert written(line) == 1
