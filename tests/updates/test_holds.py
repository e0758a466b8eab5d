"""Holds over the whole inbound line: approved, rejected, overtaken, expired, counted."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from agent.model.update import UpdateState
from agent.storage import holds as stored
from agent.storage import inbox_view
from agent.updates import holds
from tests.updates import lines
from tests.updates.rows import price, stock

if TYPE_CHECKING:
    from pathlib import Path

    from tests.updates.lines import Line


async def state(line: Line, name: str) -> UpdateState:
    return await line.inbox._db.read(inbox_view.state, name)


async def review(line: Line) -> None:
    await holds.Holds(line.inbox, clock=line.clock, settled=asyncio.Event()).run_once()


async def regular(line: Line) -> str:
    await line.apply()
    await review(line)
    return str(line.store.product("MUG-1")["regular_price"])


async def test_a_held_price_is_written_once_the_gateway_says_yes(line: Line) -> None:
    line.store.add_product("MUG-1", price="12.50")
    await line.feed(price(1, "0"))
    assert await regular(line) == "12.50"
    await line.feed(price(1, "0"))
    assert await regular(line) == "12.50"
    await line.feed(price(1, "0", approved=True))
    assert await regular(line) == "0"
    assert await line.results() == {"p-1": ["zero_price", "applied"]}


async def test_an_approved_update_is_never_held(line: Line) -> None:
    line.store.add_product("MUG-1", price="12.50")
    await line.feed(price(1, "99", approved=True))
    assert await regular(line) == "99"


async def test_a_held_newer_price_neither_hides_nor_loses_to_the_good_one_below(
    line: Line,
) -> None:
    line.store.add_product("MUG-1", price="12.50")
    await line.feed(price(1, "13"), price(2, "99"))
    assert await regular(line) == "13"
    await line.feed(price(2, "99", approved=True))
    assert await regular(line) == "99"
    await line.feed(price(1, "13", id="replayed"))
    assert await regular(line) == "99"
    assert await line.results() == {
        "p-1": ["applied"],
        "p-2": ["price_change", "applied"],
        "replayed": ["superseded"],
    }


async def test_a_newer_good_price_settles_the_held_one_below_it(line: Line) -> None:
    line.store.add_product("MUG-1", price="12.50")
    await line.feed(price(1, "99"))
    assert await regular(line) == "12.50"
    await line.feed(price(2, "13"))
    assert await regular(line) == "13"
    assert await line.results() == {"p-1": ["price_change", "superseded"], "p-2": ["applied"]}
    await line.feed(price(1, "99", approved=True))
    assert await regular(line) == "13"


async def test_what_is_not_overtaken_in_every_field_stays_and_only_that_is_written(
    line: Line,
) -> None:
    line.store.add_product("MUG-1", price="12.50")
    await line.feed(price(1, "11", sale_price="1"))
    await line.apply()
    await line.feed(price(2, "13"))
    assert await regular(line) == "13"
    assert await state(line, "p-1") is UpdateState.HELD
    await line.feed(price(1, "11", sale_price="1", approved=True))
    assert await regular(line) == "13"
    assert line.store.product("MUG-1")["sale_price"] == "1"


async def test_a_held_one_expires(line: Line) -> None:
    line.store.add_product("MUG-1", price="12.50")
    until = line.clock.now() + timedelta(hours=1)
    await line.feed(price(1, "99", expires_at=until.isoformat()))
    await line.apply()
    line.clock.advance(3599)
    await review(line)
    assert await state(line, "p-1") is UpdateState.HELD
    line.clock.advance(1)
    await review(line)
    assert await line.results() == {"p-1": ["price_change", "expired"]}


async def test_a_rejected_one_hides_nothing_and_stays_rejected(line: Line) -> None:
    line.store.add_product("MUG-1", price="12.50")
    await line.feed(price(5, "99"))
    await line.apply()
    why = {"who": "zoe", "reason": "a typo", "now": line.clock.now()}
    await line.inbox._db.writer.write(lambda tx: stored.reject(tx, ["p-5"], **why))  # type: ignore[arg-type]
    await line.feed(price(5, "99", approved=True), price(4, "13"))
    assert await regular(line) == "13"
    assert await line.results() == {"p-5": ["price_change", "not_approved"], "p-4": ["applied"]}


async def test_observing_says_what_would_be_held(line: Line) -> None:
    line.configure(updates={"mode": "observe"})
    line.store.add_product("MUG-1", price="12.50")
    await line.feed(price(1, "99"))
    await line.apply()
    await line.feed(price(1, "99", approved=True))
    await line.apply()
    assert await line.results() == {"p-1": ["price_change", "would_apply"]}
    assert line.sent == []


async def test_rules_are_taken_up_while_it_runs(line: Line) -> None:
    line.configure(prices={"hold_zero": False, "max_change_percent": 100})
    line.store.add_product("MUG-1", price="12.50")
    await line.feed(price(1, "0"))
    assert await regular(line) == "0"


async def test_many_skus_going_to_zero_are_counted_over_rounds_and_a_restart(
    tmp_path: Path,
) -> None:
    """95 products: 20 % are 19, and 19 pass in any case."""

    def zeros(line: Line, start: int, stop: int) -> list[int | None]:
        return [line.store.stock(f"A-{n}") for n in range(start, stop)]

    items = [stock(1, 0, sku=f"A-{n}", id=f"u-{n}") for n in range(25)]
    async with lines.opened(tmp_path) as line:
        line.configure(store={"batch_size": 2, "write_concurrency": 1})
        for number in range(25):
            line.store.add_product(f"A-{number}", stock=3)
        await line.feed(*items[:10])
        await line.apply()
        assert zeros(line, 0, 10) == [0] * 10
        assert "held" not in str(await line.results())
    async with lines.opened(tmp_path) as line:
        for number in range(25):
            line.store.add_product(f"A-{number}", stock=0 if number < 10 else 3)
        await line.feed(*items[10:])
        await line.apply()
        assert zeros(line, 10, 25) == [0] * 9 + [3] * 6
        await line.feed(*[item | {"approved": True} for item in items[20:]])
        await line.apply()
        assert zeros(line, 10, 25) == [0] * 9 + [3] + [0] * 5
        line.clock.advance(3600)
        await line.feed(stock(2, -1, sku="A-19", id="an hour later"))
        assert await line.apply() > 0
        await review(line)
        assert line.store.stock("A-19") == -1
        assert (await line.results())["u-19"] == ["many_zeroed", "superseded"]
