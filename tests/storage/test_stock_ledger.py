"""What orders hold, line by line and snapshot by snapshot, and what the ERP may have seen of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from agent import clock
from agent.model.delivery import Accepted, Again, Dead, Known
from agent.model.stock import Snapshot
from agent.storage import cursors, outbox, stock_ledger, stock_marks
from tests.storage import ledger, seeding
from tests.storage.ledger import MUG, SHIRT, SHIRT_M, deletion, judge, line, order, snapshots, units
from tests.storage.seeding import AT, select

if TYPE_CHECKING:
    from agent.storage.database import Database

MINUTE = timedelta(minutes=1)


async def _go_live(db: Database) -> None:
    at = str(clock.micros(AT))
    await db.writer.write(lambda tx: cursors.put(tx, stock_ledger.GO_LIVE, at))


async def _marked(db: Database) -> list[int]:
    return [row[0] for row in await select(db, "SELECT product_id FROM stock_checks ORDER BY 1")]


async def test_every_snapshot_has_a_row_per_line(db: Database) -> None:
    await judge(db, order(line(2), line(1, line_id=2)))
    await judge(db, order(line(2), line(1, line_id=2), digest=b"another address"))
    await judge(db, order(line(0, held=2), line(1, line_id=2)))
    assert await units(db) == [(1, 2, 2), (2, 1, 1)] * 2 + [(1, 0, 2), (2, 1, 1)]


async def test_lines_that_are_gone_and_deleted_orders_hold_nothing(db: Database) -> None:
    await judge(db, order(line(2), line(1, line_id=2)), order(line(2)), deletion())
    assert await units(db) == [
        *((1, 2, 2), (2, 1, 1)),
        *((1, 2, 2), (2, 0, 0)),  # edited away: the store took it back
        *((1, 0, 2), (2, 0, 0)),  # deleted: the store gives nothing back
    ]
    await judge(db, deletion())
    await judge(db, deletion(number=7))
    assert len(await units(db)) == 6


async def test_a_line_keeps_its_item_when_the_product_is_gone(db: Database) -> None:
    shirt = line(2, item=SHIRT_M, parent=SHIRT)
    await judge(db, order(shirt, line(1, line_id=2, item=0)))
    await judge(db, order(replace(shirt, item_id=0, parent_id=0, sku="", units=1)))
    assert await units(db, SHIRT_M) == [(1, 2, 2), (1, 1, 2)]
    assert await select(db, "SELECT DISTINCT parent_id, sku FROM stock_ledger") == [(11, "SKU-13")]


async def test_a_line_that_was_given_another_product(db: Database) -> None:
    await judge(db, order(line(2)), order(line(3, item=12)))
    assert await units(db) == [(1, 2, 2), (1, 0, 0)]
    assert await units(db, 12) == [(1, 3, 3)]


async def test_what_is_no_event_has_no_row_but_tells_what_the_store_took(db: Database) -> None:
    """The first body of an order may be built before its stock was taken."""
    await judge(db, order(line(2, held=0)), order(line(2)))
    assert await units(db) == [(1, 2, 2)]
    await judge(db, order(line(2, held=1)))
    assert await units(db) == [(1, 2, 1)]
    late = order(line(3), changed_at=AT - MINUTE)
    await judge(db, order(line(3), number=5, changed_at=AT), replace(late, subject="order/5"))
    assert await units(db) == [(1, 2, 1), (1, 3, 3)]
    broken = order(line(2), digest=b"?", untranslatable="currency: missing")
    await judge(db, broken)
    assert len(await units(db)) == 2


@pytest.mark.parametrize("aged", [False, True])
async def test_a_duplicate_of_what_came_before_the_ledger(db: Database, aged: bool) -> None:
    [sequence] = await judge(db, order(line(2)))
    await ledger.write(db, "DELETE FROM stock_ledger")
    if aged:
        await ledger.write(db, "DELETE FROM arrivals")
    await judge(db, order(line(2)))
    [row] = await snapshots(db)
    assert (row.sequence, row.units, row.baseline) == (sequence, 2, aged)


@pytest.mark.parametrize(
    ("created_at", "known", "baseline"),
    [
        (AT - MINUTE, False, True),
        (AT, False, False),
        (None, False, False),
        (AT - MINUTE, True, False),  # its row is gone, for it held nothing
    ],
)
async def test_orders_from_before_the_beginning_count_as_seen_at_first_sight(
    db: Database, created_at: None, known: bool, baseline: bool
) -> None:
    await _go_live(db)
    await ledger.know(db, MUG)
    if known:
        content = {"order/1022": Known(1, b"other", 1, None, deleted=False)}
        await seeding.judge(db, learned=content)
    await judge(db, order(line(2), created_at=created_at))
    await judge(db, order(line(2), line(1, line_id=2), created_at=created_at))
    assert [row.baseline for row in await snapshots(db)] == [baseline, False, False]
    assert await _marked(db) == [MUG]  # of the new line


async def test_a_change_of_units_is_compared_where_there_is_something_to_compare(
    db: Database,
) -> None:
    await ledger.know(db, MUG)
    await ledger.know(db, SHIRT)
    await judge(db, order(line(2), line(1, line_id=2, item=SHIRT_M, parent=SHIRT)))
    due_at = clock.micros(AT + stock_marks.GATHERED_FOR)
    marked = await select(db, "SELECT product_id, due_at, unchecked, marks FROM stock_checks")
    assert marked == [(MUG, due_at, 0, 1), (SHIRT, due_at, 0, 1)]
    await ledger.write(db, "DELETE FROM stock_checks")
    await judge(db, order(line(2), line(1, line_id=2, item=SHIRT_M, parent=SHIRT), digest=b"x"))
    await judge(db, order(line(5, item=99), number=7))
    assert await _marked(db) == []
    await judge(db, order(line(3), digest=b"y"))
    assert await _marked(db) == [MUG, SHIRT]
    await judge(db, deletion())
    assert (MUG, 2) in await select(db, "SELECT product_id, marks FROM stock_checks")


@pytest.mark.parametrize(
    ("manages", "counts"), [("parent", True), ("yes", False), ("no", False), ("", True)]
)
async def test_variations_lower_the_parent_that_manages_their_stock(
    db: Database, manages: str, counts: bool
) -> None:
    if manages:
        await ledger.know(db, SHIRT_M, parent=SHIRT, manages=manages)
    await judge(db, order(line(2, item=SHIRT_M, parent=SHIRT), line(1, line_id=2, item=SHIRT)))
    await judge(db, order(line(4), number=7))
    assert await units(db, SHIRT) == [(1, 2, 2), (2, 1, 1)][not counts :]
    assert await units(db, SHIRT_M) == [(1, 2, 2)]
    found = await db.read(stock_ledger.snapshots, [SHIRT, MUG, 99], ())
    assert {number: len(rows) for number, rows in found.items()} == {
        SHIRT: 1 + counts,
        MUG: 1,
        99: 0,
    }


async def test_a_snapshot_follows_its_event(db: Database) -> None:
    [sequence] = await judge(db, order(line(2)))
    waits = Snapshot(sequence, "order/1022", 1, MUG, 2, 2, "pending")
    assert await snapshots(db) == [waits]
    event = await ledger.event(db, sequence)
    await seeding.settle(db, event, Again("timeout", "", 0.0, doubtful=True))
    assert await snapshots(db) == [replace(waits, doubtful=True)]
    await seeding.settle(db, event, Accepted(7, "2026-11-24T09:00:01+01:00"))
    accepted = replace(waits, state="accepted", position=7, accepted_at=AT + timedelta(seconds=1))
    assert await snapshots(db) == [accepted]


@pytest.mark.parametrize("told", [None, "yesterday", "2026-11-24T08:00:00", "0001-01-01T00:00+01"])
async def test_where_the_gateway_tells_no_time_ours_counts(db: Database, told: str | None) -> None:
    [sequence] = await judge(db, order(line(2)))
    await seeding.settle(db, await ledger.event(db, sequence), Accepted(7, told), at=AT + MINUTE)
    [row] = await snapshots(db)
    assert row.accepted_at == AT + MINUTE


async def test_only_the_head_of_a_lane_can_be_in_flight(db: Database) -> None:
    first, second, _ = await judge(db, order(line(2)), order(line(0)), order(line(1), number=7))
    rows = await snapshots(db, in_flight=[first, second + 1000])
    assert [row.doubtful for row in rows] == [True, False, False]


async def test_what_was_there_at_the_start_may_have_been_sent_before(db: Database) -> None:
    first, second = await judge(db, order(line(2)), order(line(0)))
    await db.writer.write(outbox.start)
    await judge(db, order(line(1), number=7))
    assert [row.doubtful for row in await snapshots(db)] == [True, False, False]
    await seeding.settle(db, await ledger.event(db, first), Dead("rejected", ""))
    assert [row.doubtful for row in await snapshots(db)] == [False, True, False]
    await seeding.settle(db, await ledger.event(db, second), Again("deferred", "", 0.0))
    assert [row.state for row in await snapshots(db)] == ["dead", "pending", "pending"]


@pytest.mark.parametrize(
    ("after", "position"),
    [([], None), ([timedelta(minutes=1)], None), ([3 * MINUTE, 4 * MINUTE], 41)],
)
async def test_without_a_position_it_lies_below_what_came_in_after_it(
    db: Database, after: list[timedelta], position: int | None
) -> None:
    [sequence] = await judge(db, order(line(2)))
    await seeding.settle(db, await ledger.event(db, sequence), Accepted())
    for number, later in enumerate(after, start=40):
        [one] = await judge(db, order(line(1), number=number), at=AT + later)
        place = 41 if number == 41 else 42
        await seeding.settle(db, await ledger.event(db, one), Accepted(place), at=AT + later)
    row = (await snapshots(db))[0]
    assert (row.position, row.doubtful) == (position, True)


async def test_numbers_that_run_ahead_of_the_clock_make_no_bound(db: Database) -> None:
    await db.writer.write(lambda tx: outbox.number_above(tx, 2**60))
    early, late = await judge(db, order(line(1), number=7), order(line(2)))
    for number, position in ((early, 1), (late, None)):
        await seeding.settle(db, await ledger.event(db, number), Accepted(position))
    assert [row.position for row in await snapshots(db)] == [1, None]


async def test_a_row_whose_event_is_lost_is_in_doubt(db: Database) -> None:
    await judge(db, order(line(2)))
    await ledger.write(db, "DELETE FROM arrivals")
    [row] = await snapshots(db)
    assert (row.state, row.doubtful) == ("pending", True)
