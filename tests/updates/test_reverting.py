"""What stood before goes through the whole inbound line back into the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.model.inbox import Opened
from agent.storage import reverting
from agent.updates import versions
from tests.updates.rows import NOW, opened, price, read, stock

if TYPE_CHECKING:
    from tests.updates.lines import Line


async def revert(line: Line, *names: str) -> None:
    given: dict[str, Any] = {"who": "zoe", "reason": "", "now": line.clock.now()}
    await line.inbox._db.writer.write(lambda tx: reverting.by_id(tx, names, **given))


def putting_back(item: dict[str, Any]) -> Opened:
    update = read({name: value for name, value in item.items() if name != "version"})
    return Opened(9, update, NOW, opened(item).state, 0, reverts=True)


async def test_the_old_figures_are_back_and_a_replay_of_the_reverted_version_is_superseded(
    line: Line,
) -> None:
    line.store.add_product("MUG-1", price="12.50", stock=40)
    await line.feed(stock(5, 7), price(5, "11", sale_price="9"))
    await line.apply()
    await revert(line, "s-5", "p-5")
    await line.apply()
    body = line.store.product("MUG-1")
    assert (line.store.stock("MUG-1"), body["regular_price"], body["sale_price"]) == (
        40,
        "12.50",
        "",
    )
    await line.feed(stock(5, 7, id="replayed"), stock(4, 3))
    await line.apply()
    assert line.store.stock("MUG-1") == 40
    await line.feed(stock(6, 8))
    await line.apply()
    assert line.store.stock("MUG-1") == 8
    assert await line.results() == {
        "s-5": ["applied", "reverted"],
        "p-5": ["applied", "reverted"],
        "replayed": ["superseded"],
        "s-4": ["superseded"],
        "s-6": ["applied"],
    }


async def test_no_guardrail_holds_it_and_a_sale_that_ended_in_silence_comes_back(
    line: Line,
) -> None:
    line.store.add_product("MUG-1", price="20.00")
    await line.feed(price(1, sale_price="15.00"))
    await line.apply()
    await line.feed(price(2, "2.00", approved=True))
    await line.apply()
    assert line.store.product("MUG-1")["sale_price"] == ""
    await revert(line, "p-2")
    await line.apply()
    body = line.store.product("MUG-1")
    assert (body["regular_price"], body["sale_price"]) == ("20.00", "15.00")
    assert (await line.results())["p-2"] == ["sale_cleared", "reverted"]


async def test_what_the_store_shows_already_is_reverted_without_a_write(line: Line) -> None:
    line.store.add_product("MUG-1", stock=40)
    await line.feed(stock(1, 7))
    await line.apply()
    line.store.shop.catalog.with_sku("MUG-1").stock = 40  # type: ignore[union-attr]
    line.clock.advance(3600)  # what it showed then is trusted no more
    before = len(line.sent)
    await revert(line, "s-1")
    await line.apply()
    assert len(line.sent) == before
    assert (await line.results())["s-1"] == ["applied", "reverted"]


async def test_a_newer_figure_that_waits_with_it_counts(line: Line) -> None:
    line.store.add_product("MUG-1", price="12.50", stock=40)
    await line.feed(stock(1, 7), price(1, "11"))
    await line.apply()
    await revert(line, "s-1", "p-1")
    await line.feed(stock(2, 9), stock(0, 3))
    await line.apply()
    assert (line.store.stock("MUG-1"), line.store.product("MUG-1")["regular_price"]) == (9, "12.50")
    assert await line.results() == {
        "s-1": ["applied"],
        "p-1": ["applied", "reverted"],
        "s-2": ["applied"],
        "s-0": ["superseded"],
    }


async def test_a_lost_answer_leaves_it_open_and_it_is_done_in_the_end(line: Line) -> None:
    line.store.add_product("MUG-1", stock=40)
    await line.feed(stock(1, 7))
    await line.apply()
    await revert(line, "s-1")
    line.store.maintenance = True
    await line.apply()
    assert (await line.results())["s-1"] == ["applied"]
    line.store.maintenance = False
    line.clock.advance(60)
    await line.apply()
    assert line.store.stock("MUG-1") == 40
    assert (await line.results())["s-1"] == ["applied", "reverted"]


@pytest.mark.parametrize("version", [0, 1, 7])
def test_it_comes_after_every_other_and_yields_only_to_what_is_acted_on(version: int) -> None:
    ours, other = putting_back(price(1, "10", sale_price="5")), opened(price(version, "9"))
    assert versions.strongest_first([ours, other]) == [other, ours]
    fences = versions.fences(read(price(9, "8", sale_price="4")))
    values = versions.in_force(ours, fences, stronger=[other], later=())
    assert values == {"sale_price": "5"}
    assert versions.in_force(ours, fences, stronger=(), later=()) == ours.update.values()
