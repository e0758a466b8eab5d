"""One product that the store fails on must not keep the others from being written."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import errors
from agent.model.product import ItemAnswer, ItemWrite
from agent.updates.suspects import FIRST_PAUSE, LONGEST_PAUSE, Suspects
from agent.updates.writing import Store
from tests.updates.lines import Line
from tests.updates.rows import NOW, price, product, stock


def _writes(*numbers: int) -> list[ItemWrite]:
    return [ItemWrite(product(id=number), {"quantity": 1}) for number in numbers]


@given(st.integers(2, 200), st.data())
def test_the_guilty_one_is_found_by_halving(number: int, data: st.DataObject) -> None:
    guilty = data.draw(st.sets(st.integers(0, number - 1), min_size=1, max_size=3))
    suspects, left = Suspects(), set(range(number))
    suspects.failed(list(range(number)), "500", NOW, takes_others=True)
    requests = 0
    while left - guilty:
        _, groups = suspects.apart(_writes(*sorted(left)))
        for group in groups:
            ids = [write.product.id for write in group]
            requests += 1
            if guilty & set(ids):
                suspects.failed(ids, "500", NOW, takes_others=True)
            else:
                suspects.taken(ids)
                left -= set(ids)
    assert suspects.named.keys() <= guilty
    assert requests <= 2 * len(guilty) * math.ceil(math.log2(number)) + 2


def test_pauses_grow_and_end_with_an_answer() -> None:
    suspects = Suspects()
    pauses = []
    for _ in range(8):
        suspects.failed([7], "500", NOW, takes_others=True)
        pauses.append(suspects.set_aside([7], NOW)[7].until - NOW)
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE
    assert suspects.set_aside([7], NOW + LONGEST_PAUSE) == {}
    suspects.taken([7])
    assert suspects.named == {}


def test_a_store_that_takes_nothing_has_nobody_to_blame() -> None:
    suspects = Suspects()
    for _ in range(20):
        _, groups = suspects.apart(_writes(1, 2))
        for group in groups or [_writes(1, 2)]:
            ids = [write.product.id for write in group]
            suspects.failed(ids, "500", NOW, takes_others=False)
    assert suspects.named == {}


class _Breaking:
    """A store that answers 500 to every batch with one of those products; ``asked`` has the ids of
    every batch."""

    def __init__(self, store: Store, *poison: int) -> None:
        self._store = store
        self.poison = set(poison)
        self.asked: list[list[int]] = []

    async def write(self, parent_id: int, writes: Sequence[ItemWrite]) -> dict[int, ItemAnswer]:
        self.asked.append([write.product.id for write in writes])
        if self.poison & {*self.asked[-1]}:
            raise errors.StoreFailedError("the store could not do it: 500", hint="")
        return await self._store.write(parent_id, writes)


def _break(line: Line, *skus: str) -> _Breaking:
    breaking = _Breaking(line.applier._writing._store, *(line.store.product(s)["id"] for s in skus))
    line.applier._writing._store = breaking
    return breaking


async def _filled(line: Line, count: int, kind: str) -> list[str]:
    skus = [f"SKU-{n:03}" for n in range(count)]
    for sku in skus:
        line.store.add_product(sku, stock=1)
    items = [
        stock(1, 7, id=sku, sku=sku) if kind == "stock" else price(1, "9.00", id=sku, sku=sku)
        for sku in skus
    ]
    for at in range(0, count, 500):
        await line.feed(*items[at : at + 500])
    return skus


@pytest.mark.parametrize("kind", ["stock", "price"])
async def test_all_but_the_one_are_written_and_it_is_tried_again(line: Line, kind: str) -> None:
    skus = await _filled(line, 200, kind)
    line.configure(store={"batch_size": 50, "write_concurrency": 1})
    broken = _break(line, skus[77])
    [poison] = broken.poison
    while await line.apply(rounds=40) > 1:  # the first request says nothing of who is to blame
        pass
    results = await line.results()
    assert {sku for sku, said in results.items() if said[-1] in ("applied", "unchanged")} == {
        sku for sku in skus if sku != skus[77]
    }
    assert len(broken.asked) <= 4 + 2 * math.ceil(math.log2(len(skus)))
    assert line.applier.trouble is None
    assert list(line.applier.failing) == [poison]

    asked = len(broken.asked)
    line.clock.advance(FIRST_PAUSE.total_seconds() / 2)
    await line.apply()
    assert broken.asked[asked:] == [], "it is left alone for a while"
    line.clock.advance(FIRST_PAUSE.total_seconds())
    await line.apply()
    assert broken.asked[asked:] == [[poison]]
    assert line.applier.trouble is None

    broken.poison.clear()
    line.clock.advance(2 * FIRST_PAUSE.total_seconds())
    await line.apply()
    assert (await line.results())[skus[77]][-1] == "applied"
    assert line.applier.failing == {}


async def test_a_store_that_fails_on_everything_is_away_and_nobody_is_blamed(line: Line) -> None:
    skus = await _filled(line, 20, "stock")
    line.configure(store={"batch_size": 5, "write_concurrency": 1})
    broken = _break(line, *skus)
    for _ in range(5):
        await line.applier.run_once()
        line.clock.advance(60)
    assert line.applier.trouble is not None
    assert line.applier.failing == {}
    assert len(broken.asked) <= 2 * 5
    broken.poison.clear()
    await line.apply()
    assert [line.store.stock(sku) for sku in skus] == [7] * 20


async def test_a_newer_figure_is_written_beside_one_that_waits(line: Line) -> None:
    skus = await _filled(line, 4, "stock")
    broken = _break(line, skus[1])
    await line.apply()
    broken.poison.clear()
    line.clock.advance(FIRST_PAUSE.total_seconds() + 1)
    await line.feed(stock(2, 9, id="newer", sku=skus[1]))
    await line.apply()
    assert line.store.stock(skus[1]) == 9
    assert line.applier.failing == {}
