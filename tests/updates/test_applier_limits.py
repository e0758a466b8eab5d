"""What the store refuses as a whole, and what it does in silence beside what it was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent import errors
from tests.agents import STORE
from tests.updates.rows import price, stock

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from agent.model.product import ItemAnswer, ItemWrite
    from tests.updates.lines import Line


async def test_a_limit_below_our_batch_size_only_makes_smaller_batches(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        line.store.add_product(f"A-{number}", stock=1)
    real, sizes = line.applier._writing._store.write, list[int]()

    async def limited(parent_id: int, writes: Sequence[ItemWrite]) -> dict[int, ItemAnswer]:
        sizes.append(len(writes))
        if len(writes) > 7:
            raise errors.StoreRejectedError("too many", hint="", status=413, code="too_large")
        return await real(parent_id, writes)

    monkeypatch.setattr(line.applier._writing._store, "write", limited)
    await line.feed(*(stock(7, 50 + n, sku=f"A-{n}", id=f"u-{n}") for n in range(20)))
    await line.apply()
    assert [line.store.stock(f"A-{n}") for n in range(20)] == [50 + n for n in range(20)]
    assert sizes[0] == 20
    assert max(sizes[-2:]) <= 7


async def test_old_figures_are_not_written_while_newer_ones_wait(line: Line) -> None:
    for number in range(300):
        line.store.add_product(f"A-{number}", stock=1)
    old = [stock(1, 50, sku=f"A-{n}", id=f"old-{n}") for n in range(300)]
    new = [stock(2, 7, sku=f"A-{n}", id=f"new-{n}") for n in range(300)]
    await line.feed(*old, *new)
    await line.apply()
    written = [item["stock_quantity"] for _, items in line.sent for item in items]
    assert written == [7] * 300


async def test_a_sale_that_a_lower_regular_price_ended_is_named(line: Line) -> None:
    line.store.add_product("MUG-1", price="20.00")
    await line.feed(price(1, sale_price="15.00"))
    await line.apply()
    await line.feed(price(2, "12.00"))
    await line.apply()
    results: list[dict[str, Any]] = await _reported(line)
    assert (results[-1]["status"], results[-1]["code"]) == ("applied", "sale_cleared")
    assert line.store.product("MUG-1")["regular_price"] == "12.00"


async def _reported(line: Line) -> list[dict[str, Any]]:
    while await line.reporter.run_once() == 0:
        pass
    return line.gateway.results(STORE)


async def test_a_store_that_refuses_our_key_is_known_before_there_is_anything_to_write(
    line: Line,
) -> None:
    line.store.maintenance = True
    assert await line.applier.run_once() > 0
    assert line.applier.trouble is not None
    line.store.maintenance = False
    await line.applier.run_once()
    assert line.applier.trouble is None
