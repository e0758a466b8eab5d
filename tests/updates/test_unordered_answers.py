"""However the store puts its answer to a batch together: what it did is found out, item by item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent import errors
from tests.updates.rows import price, stock

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.updates.lines import Line

    Rows = list[Any]

SKUS = [f"SKU-{n}" for n in range(4)]


async def filled(line: Line) -> dict[str, int]:
    """Four products with an update of stock and one of prices each; the products' ids."""
    found = {sku: line.store.add_product(sku, stock=1, price="10.00") for sku in SKUS}
    await line.feed(
        *(stock(1, 7, id=f"stock {sku}", sku=sku) for sku in SKUS),
        *(price(1, "9", id=f"price {sku}", sku=sku) for sku in SKUS),
    )
    return found


def shown(line: Line) -> set[tuple[Any, Any]]:
    bodies = [line.store.product(sku) for sku in SKUS]
    return {(body["stock_quantity"], body["regular_price"]) for body in bodies}


async def became(line: Line, *skus: str) -> set[str]:
    """What the updates of those SKUs came to, each having one result."""
    results = await line.results()
    said = [results.get(f"{kind} {sku}", ["open"]) for kind in ("stock", "price") for sku in skus]
    assert {len(one) for one in said} == {1}
    return {one for [one] in said}


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows[::-1],
        lambda rows: [*rows[2:], *rows[:2]],
        lambda rows: [*rows, *rows],
        lambda rows: [{"id": 999_999, "error": {"code": "no"}}, None, *rows],
    ],
    ids=["reversed", "rotated", "twice", "with others"],
)
async def test_every_answer_is_found_wherever_it_stands(
    line: Line, change: Callable[[Rows], Rows]
) -> None:
    await filled(line)
    line.answered = change
    await line.apply()
    assert line.applier.trouble is None
    assert (shown(line), await became(line, *SKUS)) == ({(7, "9")}, {"applied"})
    assert [len(items) for _, items in line.sent] == [4]


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows[1:],
        lambda rows: [{"id": 999_999, "error": {"code": "no"}}, *rows[1:]],
        lambda rows: [{"error": rows[0]}, *rows[1:]],
        lambda rows: [{"id": rows[0]["id"]}, *rows[1:]],
        lambda rows: [*rows, {"id": rows[0]["id"], "error": {"code": "no"}}],
        lambda rows: [*rows, rows[0] | {"stock_quantity": 3}],
    ],
    ids=["missing", "another", "no id", "no figures", "and refused", "two figures"],
)
async def test_what_it_does_not_say_is_read_again_and_never_taken_for_a_failure(
    line: Line, change: Callable[[Rows], Rows]
) -> None:
    ids = await filled(line)
    line.answered = change
    assert await line.apply() == 1
    assert (await became(line, SKUS[0]), await became(line, *SKUS[1:])) == ({"open"}, {"applied"})
    assert isinstance(line.applier.trouble, errors.StoreUnavailableError)
    assert f"what became of products {ids[SKUS[0]]}:" in line.applier.trouble.message
    assert [*await line.marked()] == [ids[SKUS[0]]]
    await line.apply()
    assert (shown(line), await became(line, SKUS[0])) == ({(7, "9")}, {"unchanged"})
    assert [len(items) for _, items in line.sent] == [4]
    assert line.applier.trouble is None


async def test_what_it_neither_does_nor_tells_is_tried_again_and_stops_nothing_else(
    line: Line,
) -> None:
    ids = await filled(line)
    line.configure(store={"batch_size": 2, "write_concurrency": 1})
    left_out = ids[SKUS[0]]

    def forgotten(rows: Rows) -> Rows:
        product = line.store.shop.catalog.with_sku(SKUS[0])
        assert product is not None
        product.stock, product.regular_price = 1, "10.00"
        return [row for row in rows if row["id"] != left_out]

    line.answered = forgotten
    for _ in range(4):
        await line.apply()
    assert (await became(line, SKUS[0]), await became(line, *SKUS[1:])) == ({"open"}, {"applied"})
    assert line.applier.trouble is not None
    line.answered = list
    await line.apply()
    assert (shown(line), await became(line, SKUS[0])) == ({(7, "9")}, {"applied"})


async def test_variations_that_are_answered_for_in_another_order(line: Line) -> None:
    line.store.add_variable("SHIRT", {"SHIRT-S": ("20.00", 3), "SHIRT-M": ("21.00", 4)})
    line.answered = lambda rows: rows[::-1]
    await line.feed(*(stock(1, n, id=sku, sku=sku) for n, sku in ((8, "SHIRT-S"), (9, "SHIRT-M"))))
    await line.apply()
    assert (line.store.stock("SHIRT-S"), line.store.stock("SHIRT-M")) == (8, 9)
    assert await line.results() == {"SHIRT-S": ["applied"], "SHIRT-M": ["applied"]}
