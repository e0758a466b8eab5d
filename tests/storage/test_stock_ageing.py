"""The ledger outlives the outbox, and keeps what a figure in force may need."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent import clock
from agent.model.delivery import Accepted, Dead, Known
from agent.storage import ageing, dead_letters, register, rewind, stock_ageing, stock_ledger
from tests.storage import ledger, seeding
from tests.storage.ledger import SHIRT, SHIRT_M, judge, line, order, snapshots, units
from tests.storage.seeding import AT, select

if TYPE_CHECKING:
    from agent.storage.database import Database

DAY = timedelta(days=1)


async def _accepted(
    db: Database, *orders: Any, position: int | None = 1, at: str = "2026-11-24T08:00:01Z"
) -> list[int]:
    """Judged and accepted one after another, at that position and those after it."""
    numbers = await judge(db, *orders)
    for place, number in enumerate(numbers):
        told = None if position is None else position + place
        await seeding.settle(db, await ledger.event(db, number), Accepted(told, at))
    return numbers


async def _forget(db: Database, after: timedelta = DAY) -> int:
    settled, count = ageing.Settled(db), 0
    while some := await settled.forget(AT + after):
        count += some
    return count


async def _in_force(db: Database, sku: str = "SKU-10", *, at: timedelta = DAY, **body: Any) -> None:
    fetched_at = clock.micros(AT + at)
    update = {"id": "u-1", "kind": "stock", "sku": sku, "quantity": 4} | body
    await ledger.write(
        db,
        "INSERT INTO stock_in_force (sku, number, body, fetched_at)"
        f" VALUES ('{sku}', 1, '{json.dumps(update)}', {fetched_at})",
    )


async def test_what_became_of_an_event_outlives_it(db: Database) -> None:
    await judge(db, order(line(2)))
    [before] = await snapshots(db)
    await seeding.settle(db, await ledger.event(db, before.sequence), Accepted(7, clock.iso(AT)))
    assert await _forget(db) == 1
    assert await select(db, "SELECT * FROM outbox") == []
    aged = replace(before, state="accepted", position=7, accepted_at=AT)
    assert await snapshots(db) == [aged]


async def test_what_was_discarded_stays_unseen(db: Database) -> None:
    [number] = await judge(db, order(line(2)))
    await seeding.settle(db, await ledger.event(db, number), Dead("rejected", ""))
    await db.writer.write(
        lambda tx: dead_letters.discard_all(tx, None, who="ada", reason="", now=AT)
    )
    known = Known(number + 7, b"", 1, AT, deleted=False)  # its next snapshot
    await db.writer.write(lambda tx: register.learn(tx, {"order/1022": known}))
    assert await _forget(db, 1000 * DAY) == 1
    [row] = await snapshots(db)
    assert (row.state, row.doubtful, row.units) == ("discarded", False, 2)


async def test_without_a_position_its_bound_is_kept(db: Database) -> None:
    await _accepted(db, order(line(2)), position=None)
    [later] = await judge(db, order(line(1), number=7), at=AT + DAY)
    await seeding.settle(db, await ledger.event(db, later), Accepted(9), at=AT + 2 * DAY)
    assert await _forget(db) == 1
    assert (await snapshots(db))[0].position == 9


@pytest.mark.parametrize(
    ("shown", "after", "left"),
    [
        ([2, 1], DAY, [1]),  # the last word stays: what is new is compared with it
        ([2, 0], DAY, []),
        ([2], 62 * DAY, []),  # and goes in the end
        ([2], 59 * DAY, [2]),
        ([0, 2, 2], DAY, [2]),
    ],
)
async def test_what_everybody_has_seen_is_not_needed(
    db: Database, shown: list[int], after: timedelta, left: list[int]
) -> None:
    await _accepted(db, *[order(line(units), digest=b"%d" % n) for n, units in enumerate(shown)])
    await _forget(db, after)
    assert [row.units for row in await snapshots(db)] == left
    assert await _forget(db, after) == 0


async def test_what_waits_behind_it_keeps_it(db: Database) -> None:
    await _accepted(db, order(line(2)), order(line(0)))
    [waiting] = await judge(db, order(line(1)))
    await _forget(db, 1000 * DAY)
    assert [row.units for row in await snapshots(db)] == [2, 0, 1]
    await seeding.settle(db, await ledger.event(db, waiting), Accepted(9))
    await _forget(db)
    assert [row.units for row in await snapshots(db)] == [1]


@pytest.mark.parametrize(
    ("body", "needed"),
    [
        ({"seen_position": 5}, True),
        ({"seen_position": 6}, False),
        ({"seen_position": 6, "unseen": ["order/1022"]}, True),
        ({"seen_position": 6, "unseen": ["order/7"]}, False),
        ({"as_of": "2026-11-25T07:00:00Z"}, True),
        ({"as_of": "2026-11-25T09:30:02+01:00"}, False),
        ({"as_of": "20261130T080000Z"}, False),
        ({}, True),
        ({"at": 2 * DAY}, False),
    ],
)
async def test_what_a_figure_in_force_has_not_certainly_seen_stays(
    db: Database, body: dict[str, Any], needed: bool
) -> None:
    await _accepted(db, order(line(2)), order(line(0)), position=5)
    await _in_force(db, **body)
    await _forget(db, 1000 * DAY)
    assert await units(db) == ([(1, 2, 2), (1, 0, 0)] if needed else [])


@pytest.mark.parametrize("sku", ["SKU-13", "SKU-11", "renamed"])
async def test_figures_of_the_parent_and_of_another_sku_count_too(db: Database, sku: str) -> None:
    await ledger.write(
        db,
        "INSERT INTO catalogue VALUES (11, 0, 'variable', 'SKU-11', 'publish', 'yes', '{}', 0, 0),"
        " (13, 11, 'variation', 'renamed', 'publish', 'parent', '{}', 0, 0)",
    )
    shirt = line(2, item=SHIRT_M, parent=SHIRT)
    await _accepted(db, order(shirt), order(replace(shirt, units=0)), position=5)
    await _in_force(db, sku, seen_position=4)
    await _forget(db, 1000 * DAY)
    assert len(await snapshots(db, SHIRT_M)) == 2


async def test_the_whole_ledger_is_looked_at_in_small_steps(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock_ageing, "MOST_ROWS", 2)
    kept = [order(line(2, line_id=n), number=n) for n in range(1, 6)]
    await _accepted(db, *kept, order(line(3, line_id=9), number=9))
    await _accepted(db, order(line(0, line_id=9), number=9), position=7)
    settled = ageing.Settled(db)
    assert await settled.forget(AT + DAY) == 7
    steps = [await settled.forget(AT + DAY) for _ in range(10)]
    assert sorted(steps) == [*[0] * 9, 2]
    assert {row.line_id for row in await snapshots(db)} == {1, 2, 3, 4, 5}


async def test_a_restored_gateway_has_positions_of_its_own(db: Database) -> None:
    """What it kept lies at or below its head. What had aged above it can't be sent again. The
    figures in force speak of the journal before, and it of them."""
    four = [order(line(2, line_id=n), number=n) for n in range(1, 5)]
    await _accepted(db, *four[:2], position=5)
    await _forget(db)
    await _accepted(db, *four[2:], position=5)
    await _in_force(db, seen_position=6, quantity=4)
    for name in ("first", "second"):
        await db.writer.write(
            lambda tx, name=name: rewind.journal(tx, name, 5, retained_since=AT - DAY)  # type: ignore[misc]
        )
    assert [(row.state, row.position, row.doubtful) for row in await snapshots(db)] == [
        ("accepted", 5, True),
        ("discarded", None, False),
        ("accepted", 5, True),
        ("pending", None, False),
    ]
    known = (await db.read(stock_ledger.snapshots, [ledger.MUG], ()))[ledger.MUG]
    before = sorted((one.in_journal(0) for one in known), key=lambda one: one.sequence)
    assert [(row.state, row.position, row.doubtful) for row in before] == [
        ("accepted", position, False) for position in (5, 6, 5, 6)
    ]


async def test_where_the_head_is_not_told_what_comes_later_is_the_bound(db: Database) -> None:
    await _accepted(db, order(line(2)), position=5)
    await _forget(db)
    [later] = await _accepted(db, order(line(1), number=7), position=6)
    for name in ("first", "second"):
        await db.writer.write(
            lambda tx, name=name: rewind.journal(tx, name, None, retained_since=AT - DAY)  # type: ignore[misc]
        )
    first = (await snapshots(db))[0]
    assert (first.state, first.position, first.doubtful) == ("accepted", None, True)
    [new] = await judge(db, order(line(1), number=8), at=AT + DAY)
    await seeding.settle(db, await ledger.event(db, new), Accepted(1), at=AT + DAY)
    assert (await snapshots(db))[0].position == 1
    assert later < new
