"""Updates without version, from files: the newest is the one that came last."""

from __future__ import annotations

import asyncio
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest

from agent.model.inbox import Fence, KnownVersions, Taken
from agent.model.update import Code
from agent.storage import reverting
from agent.updates import files, holds, intake
from tests.updates.rows import NOW, price, stock

if TYPE_CHECKING:
    from typing import Literal

    from tests.updates.lines import Line

SCHEDULED = "2026-11-27T00:00:00Z"


def bare(name: str, quantity: int, **more: Any) -> dict[str, Any]:
    """A stock figure of MUG-1 without version."""
    return stock(0, quantity, id=name, **more) | {"version": None}


def codes(*items: object, known: KnownVersions, rule: Literal["refuse", "accept"]) -> list[Any]:
    rows = intake.decide(intake.entries(items), (), known, NOW, rule).rows
    return [row.code for row in rows]


KNOWN = KnownVersions({("stock", "MUG-1", "quantity"): Fence(7, None, "3")})
OPEN = KnownVersions({}, newest={("stock", "MUG-1"): (7, 0)})
ONLY_BARE = KnownVersions({("stock", "MUG-1", "quantity"): Fence(-1, None, "3", 4)})


@pytest.mark.parametrize("known", [KNOWN, OPEN])
def test_it_is_refused_where_its_kind_and_sku_had_versions_unless_that_is_accepted(
    known: KnownVersions,
) -> None:
    ours, other = bare("a", 5), bare("b", 5, sku="MUG-2")
    of_prices = price(0, "9", id="c") | {"version": None}
    refused = codes(ours, other, of_prices, known=known, rule="refuse")
    assert refused == [Code.UNVERSIONED, None, None]
    assert codes(ours, other, of_prices, known=known, rule="accept") == [None] * 3


def test_the_refusal_says_what_to_do() -> None:
    [row] = intake.decide(intake.entries([bare("a", 5)]), (), KNOWN, NOW, "refuse").rows
    assert row.message == (
        "stock of MUG-1 has versions (the newest is 7): give one,"
        ' or set updates.unversioned = "accept"'
    )


def test_others_without_version_are_no_reason_to_refuse_it_but_a_version_in_the_file_is() -> None:
    assert codes(bare("a", 5), bare("b", 6), known=ONLY_BARE, rule="refuse") == [None, None]
    mixed = codes(stock(1, 4), bare("a", 5), known=ONLY_BARE, rule="refuse")
    assert mixed == [None, Code.UNVERSIONED]


async def drop(
    line: Line, *items: dict[str, Any], rule: Literal["refuse", "accept"] = "accept"
) -> Taken:
    """Takes them in as those of a file."""
    piece = files.Piece(items, unversioned=rule, now=line.clock.now())
    await line.inbox.take_in(
        piece.ids, piece.skus, piece.decide, None, piece.versions, piece.unversioned
    )
    return piece.taken


async def test_the_last_to_come_counts_also_when_the_older_one_was_acted_on(line: Line) -> None:
    line.store.add_product("MUG-1", stock=40)
    await drop(line, bare("a", 5))
    await line.apply()
    await drop(line, bare("b", 6))
    await line.apply()
    assert line.store.stock("MUG-1") == 6
    await drop(line, bare("c", 5))  # what stood before, again
    await line.apply()
    assert line.store.stock("MUG-1") == 5
    assert await line.results() == {name: ["applied"] for name in "abc"}


@pytest.mark.parametrize("at_once", [True, False])
async def test_of_several_that_wait_the_last_counts(line: Line, at_once: bool) -> None:
    line.store.add_product("MUG-1", stock=40)
    items = [bare(f"u-{n}", n) for n in range(30)]  # more than are looked at together
    for piece in [items] if at_once else [[item] for item in items]:
        await drop(line, *piece)
    await line.apply()
    assert line.store.stock("MUG-1") == 29
    assert [item["stock_quantity"] for _, items in line.sent for item in items] == [29]


async def test_one_that_waited_for_its_product_does_not_overwrite_a_newer_one(line: Line) -> None:
    """It was looked up in vain before, and is due long after the newer one was written."""
    await drop(line, bare("old", 5))
    await line.apply()
    line.store.add_product("MUG-1", stock=40)
    await drop(line, bare("new", 6))
    await line.apply()
    line.clock.advance(3600)
    await line.apply()
    assert line.store.stock("MUG-1") == 6
    assert (await line.results())["old"] == ["unknown_sku", "superseded"]


@pytest.mark.parametrize("order", [*permutations(["feed 9", "feed 10", "file"])])
async def test_beside_a_feed_it_replaces_what_came_before_and_yields_to_a_higher_version(
    line: Line, order: tuple[str, ...]
) -> None:
    line.store.add_product("MUG-1", stock=40)
    given = {"feed 9": stock(9, 9), "feed 10": stock(10, 10), "file": bare("f", 77)}
    for name in order:
        await (drop(line, given[name]) if name == "file" else line.feed(given[name]))
        if name != order[1]:
            await line.apply()  # some in a round of their own, some together
    await line.apply()
    higher_came_later = order.index("feed 10") > order.index("file") or (
        order[0] == "file"  # nothing was known of versions
    )
    assert line.store.stock("MUG-1") == (10 if higher_came_later else 77)


async def test_its_own_figure_is_no_conflict_with_the_version_it_came_after(line: Line) -> None:
    line.store.add_product("MUG-1", stock=40)
    await line.feed(stock(7, 18))
    await line.apply()
    await drop(line, bare("f", 5))
    await line.apply()
    await line.feed(stock(7, 18, id="again"))
    await line.apply()
    assert line.store.stock("MUG-1") == 5
    assert (await line.results())["again"] == ["superseded"]


async def test_one_for_the_future_is_replaced_by_a_later_one_for_a_later_time(line: Line) -> None:
    line.store.add_product("MUG-1", stock=40)
    later = "2126-11-28T00:00:00Z"
    await drop(line, bare("a", 5, effective_at=line.clock.now().isoformat()))
    await drop(line, bare("b", 6, effective_at=later))
    await line.apply()
    assert (await line.results())["a"] == ["superseded"]
    assert line.store.stock("MUG-1") == 40


async def test_the_same_items_again_do_nothing(line: Line) -> None:
    assert await drop(line, bare("a", 5), bare("b", 6)) == Taken()
    assert (await drop(line, bare("b", 6), bare("c", 7))).known == {"b"}


async def test_what_the_door_refuses_is_told_by_id_and_kept_in_the_inbox(line: Line) -> None:
    await line.feed(stock(1, 1))
    taken = await drop(line, bare("a", 5), bare("b", 6, sku="MUG-2"), rule="refuse")
    assert {name: refusal.code for name, refusal in taken.refused.items()} == {"a": "unversioned"}
    assert (await line.results())["a"] == ["unversioned"]


async def test_a_file_can_not_say_itself_how_new_it_is(line: Line) -> None:
    line.store.add_product("MUG-1", stock=40)
    await drop(line, bare("a", 5, rank_given=[99, 9]))
    await line.apply()
    await drop(line, bare("b", 6))
    await line.apply()
    assert line.store.stock("MUG-1") == 6


async def revert(line: Line, *names: str) -> None:
    given: dict[str, Any] = {"who": "zoe", "reason": "", "now": line.clock.now()}
    await line.inbox._db.writer.write(lambda tx: reverting.by_id(tx, names, **given))


async def test_only_what_it_set_itself_counts_as_taken_back(line: Line) -> None:
    line.store.add_product("MUG-1", price="20.00")
    await line.feed(price(5, "19", sale_price="15"))
    await line.apply()
    await drop(line, price(0, "18", id="f") | {"version": None})
    await line.apply()
    await revert(line, "f")
    await line.apply()
    known = (await line.inbox.known(["MUG-1"])).fences
    assert {field: (one.rank, one.reverted) for (_, _, field), one in known.items()} == {
        "regular_price": ((5, 1), True),
        "sale_price": ((5, 0), False),
    }
    await line.feed(price(5, "19", sale_price="15", id="again"))
    await line.apply()
    product = line.store.product("MUG-1")
    assert (product["regular_price"], product["sale_price"]) == ("19", "15")


@pytest.mark.parametrize("first", [stock(0, 7, id="a"), bare("a", 7)])
async def test_it_counts_after_one_that_was_taken_back(line: Line, first: dict[str, Any]) -> None:
    line.store.add_product("MUG-1", stock=40)
    await drop(line, first)
    await line.apply()
    await revert(line, "a")
    await line.apply()
    assert line.store.stock("MUG-1") == 40
    await drop(line, bare("b", 9))
    await line.apply()
    assert line.store.stock("MUG-1") == 9
    assert (await line.results())["b"] == ["applied"]


async def test_one_that_is_about_to_be_taken_back_hides_no_other_that_waits(line: Line) -> None:
    line.store.add_product("MUG-1", price="20.00")
    await drop(line, price(0, "19", id="a") | {"version": None})
    await line.apply()
    await drop(line, price(0, None, sale_price="9", id="b") | {"version": None})
    await revert(line, "a")
    await drop(line, price(0, None, sale_price="8", id="c") | {"version": None})
    opened = await line.inbox.due(10)
    assert {one.update.id: one.update.rank for one in opened if not one.reverts} == {
        "b": (-1, 2),
        "c": (-1, 3),
    }


@pytest.mark.parametrize("versioned", [True, False])
async def test_a_held_one_is_over_once_a_newer_one_was_written(line: Line, versioned: bool) -> None:
    """Whichever of the two has a version."""
    line.store.add_product("MUG-1", price="20.00")
    held, newer = price(5, "99", id="held"), price(6, "19", id="newer")
    given = (held, newer | {"version": None}) if versioned else (held | {"version": None}, newer)
    for item in given:
        await (line.feed(item) if item["version"] else drop(line, item))
        await line.apply()
    await holds.Holds(line.inbox, clock=line.clock, settled=asyncio.Event()).run_once()
    assert line.store.product("MUG-1")["regular_price"] == "19"
    assert (await line.results())["held"] == ["price_change", "superseded"]
