"""From when on the store is live, and what was ordered before."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from agent.model.delivery import Reading
from agent.storage import baseline, outbox, queues
from agent.storage.stock import Stock
from tests.clock import FakeClock
from tests.storage import ledger, seeding
from tests.storage.ledger import judge, line, order, snapshots
from tests.storage.seeding import AT, select

if TYPE_CHECKING:
    from agent.storage.database import Database

BEFORE = AT - timedelta(days=3)
LATER = AT + timedelta(days=1)


async def _start(db: Database, go_live: datetime | None, now: datetime = AT) -> datetime:
    await db.writer.write(lambda tx: baseline.start(tx, go_live, now))
    return await db.read(baseline.go_live)


async def test_the_first_start_is_kept_unless_another_time_is_configured(db: Database) -> None:
    assert await _start(db, None, AT + timedelta(microseconds=999_999)) == AT
    assert await _start(db, None, LATER) == AT
    assert await _start(db, BEFORE, LATER) == BEFORE
    assert await _start(db, None, LATER) == BEFORE


@pytest.mark.parametrize(
    ("configured", "since"), [(None, AT), (BEFORE, BEFORE), (LATER, AT), (AT, AT)]
)
async def test_told_is_what_changed_since_the_first_start_or_since_an_earlier_going_live(
    db: Database, configured: datetime | None, since: datetime
) -> None:
    await _start(db, configured)
    await _start(db, configured, LATER + timedelta(days=1))
    assert await db.read(baseline.told_since) == since


@pytest.mark.parametrize(
    ("ahead", "moved"),
    [
        (timedelta(minutes=5), timedelta(minutes=5)),
        (timedelta(minutes=-5), timedelta(minutes=-5)),
        (timedelta(milliseconds=-300), timedelta(seconds=-1)),  # in doubt it is told
        (timedelta(milliseconds=700), timedelta()),
        (timedelta(days=2), timedelta()),
        (timedelta(days=-2), timedelta()),
    ],
)
async def test_the_first_start_is_told_by_the_stores_clock_as_soon_as_it_is_known(
    db: Database, ahead: timedelta, moved: timedelta
) -> None:
    await _start(db, None)
    for told in (ahead, timedelta(hours=3)):
        await db.writer.write(lambda tx, told=told: baseline.compare_clocks(tx, told))  # type: ignore[misc]
    assert await _start(db, None, LATER) == AT + moved
    assert await db.read(baseline.told_since) == AT + moved


async def test_a_configured_time_is_the_stores_already(db: Database) -> None:
    await _start(db, BEFORE)
    ahead = timedelta(minutes=-5)
    await db.writer.write(lambda tx: baseline.compare_clocks(tx, ahead))
    assert await _start(db, BEFORE) == BEFORE
    assert await _start(db, LATER) == LATER
    assert await db.read(baseline.told_since) == AT + ahead


async def test_a_state_of_before_keeps_its_beginning(db: Database) -> None:
    await _start(db, None)
    await ledger.write(db, "DELETE FROM cursors WHERE name = 'first_start'")
    await _start(db, None, LATER)
    await db.writer.write(lambda tx: baseline.compare_clocks(tx, timedelta(hours=3)))
    assert await db.read(baseline.go_live) == AT
    assert await db.read(baseline.told_since) == AT


async def test_a_start_remembers_what_there_is(db: Database) -> None:
    [row] = await seeding.append(db, seeding.webhook())
    await _start(db, None)
    started = "SELECT value FROM counters WHERE name = 'started'"
    assert await select(db, started) == [(row.sequence,)]


async def test_orders_count_as_seen_with_what_they_show_at_first_sight(db: Database) -> None:
    await _start(db, None)
    [known] = await judge(db, order(line(1, line_id=2), number=2))
    readings = [order(line(2)), order(line(1, line_id=2), number=2), order(number=3)]
    now = await db.read(outbox.last_sequence)
    taken = await db.writer.write(lambda tx: baseline.take_in(tx, readings, now))
    assert taken == {"order/2"}
    again = [order(line(9)), order(line(9, line_id=3), number=3)]
    assert not await db.writer.write(lambda tx: baseline.take_in(tx, again, now))
    found = [(row.order, row.units, row.baseline, row.sequence) for row in await snapshots(db)]
    assert sorted(found) == [
        ("order/1022", 2, True, now),
        ("order/2", 1, False, known),
        ("order/3", 9, True, now),
    ]


async def test_what_changes_after_that_is_not_seen(db: Database) -> None:
    await _start(db, None)
    await ledger.know(db, ledger.MUG)
    await db.writer.write(lambda tx: baseline.take_in(tx, [order(line(2))], 5))
    assert await select(db, "SELECT * FROM stock_checks") == []
    await judge(db, order(line(3), created_at=BEFORE))
    assert [(row.units, row.baseline) for row in await snapshots(db)] == [(2, True), (3, False)]
    assert len(await select(db, "SELECT * FROM stock_checks")) == 1


@pytest.mark.parametrize("judged", [False, True])
async def test_it_is_done_when_all_that_was_read_is_judged(db: Database, judged: bool) -> None:
    view = queues.Outbox(db, clock=FakeClock(AT), reread=lambda _: Reading(), version=1)
    shelf = Stock(db, clock=FakeClock(AT))
    if judged:
        await judge(db, order(line(2)))
    else:
        await seeding.append(db, seeding.webhook())
    last = await view.last_sequence()
    assert await view.finish_baseline(last, AT) is judged
    assert await view.baseline_done() is judged
    assert await shelf.ready() is judged


async def test_with_nothing_to_judge_it_is_done_at_once(db: Database) -> None:
    assert await db.writer.write(lambda tx: baseline.finish(tx, 0, AT))
    assert (
        await queues.Outbox(
            db, clock=FakeClock(AT), reread=lambda _: Reading(), version=1
        ).looked_until()
        == AT
    )
