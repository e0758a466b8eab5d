"""What is known of how the gateway took an event only grows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from agent.model.delivery import Accepted, Again, Attempt, Dead
from agent.model.stock import Acceptance
from agent.storage import (
    acceptances,
    database,
    outbox,
    rewind,
    salvage,
    settling,
    stock_ledger,
)
from tests.storage import ledger, seeding
from tests.storage.ledger import judge, line, order, snapshots
from tests.storage.seeding import AT, settle

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from agent.model.delivery import Event, Outcome
    from agent.storage.database import Database

CERTAIN = Again("deferred", "later", 0.0)
DOUBT = Again("timeout", "no answer in time", 0.0, doubtful=True)
TOLD = "2026-11-24T08:00:01Z"
SECOND = timedelta(seconds=1)


async def _event(db: Database) -> Event:
    [sequence] = await judge(db, order(line(2)))
    return await ledger.event(db, sequence)


async def _known(db: Database, event: Event) -> dict[int, Acceptance]:
    return (await db.read(acceptances.of, [event.sequence])).get(event.sequence, {})


async def _again(db: Database, event: Event) -> Event:
    await db.writer.write(lambda tx: outbox.requeue(tx, [event.sequence], replay=True))
    return await ledger.event(db, event.sequence)


async def _restored(db: Database, head: int | None, *names: str) -> None:
    since = AT - timedelta(days=30)
    for name in names:

        async def step(tx: object, name: str = name) -> int | None:
            return await rewind.journal(tx, name, head, retained_since=since)  # type: ignore[arg-type]

        await db.writer.write(step)


@pytest.mark.parametrize(
    ("outcomes", "doubtful"),
    [
        ([CERTAIN], False),
        ([DOUBT], True),
        ([DOUBT, CERTAIN], True),  # for good
        ([DOUBT, Dead("http_403", "a firewall")], True),
        ([Dead("rejected", "no")], False),
        ([DOUBT, Accepted(7)], False),
        ([DOUBT, Accepted()], True),  # where in its journal is not told
    ],
)
async def test_doubt_stays_until_the_gateway_says_that_it_has_it(
    db: Database, outcomes: list[Outcome], doubtful: bool
) -> None:
    event = await _event(db)
    for outcome in outcomes:
        await settle(db, event, outcome)
    assert [one.doubtful for one in await snapshots(db)] == [doubtful]


@pytest.mark.parametrize(("outcome", "doubtful"), [(CERTAIN, True), (Dead("rejected", ""), False)])
async def test_what_an_agent_that_was_killed_may_have_sent_is_in_doubt(
    db: Database, outcome: Outcome, doubtful: bool
) -> None:
    [before] = await judge(db, order(line(2), number=1))
    await db.writer.write(outbox.start)
    [after] = await judge(db, order(line(2), number=2))
    for number in (before, after):
        await settle(db, await ledger.event(db, number), outcome)
    assert [one.doubtful for one in await snapshots(db)] == [doubtful, False]


@pytest.mark.parametrize("again", [3, 7, 9, None])
async def test_of_each_event_the_lowest_position_stays(db: Database, again: int | None) -> None:
    event = await _event(db)
    await settle(db, event, Accepted(7, TOLD))
    event = await _again(db, event)
    [waiting] = await snapshots(db)
    assert (waiting.state, waiting.position, waiting.doubtful) == ("accepted", 7, False)
    await settle(db, event, Accepted(again, "2026-11-25T08:00:00Z"))
    [known] = (await _known(db, event)).values()
    assert known.position == min(7, again or 7)
    assert (known.accepted_at, known.time_is_first) == (AT + SECOND, True)


async def test_a_replay_after_a_doubt_tells_no_more_than_a_bound(db: Database) -> None:
    """To some gateways it is an event of its own: the lost answer may have been a lower one."""
    event = await _event(db)
    await settle(db, event, DOUBT)
    event = await _again(db, event)
    await settle(db, event, Accepted(9, TOLD))
    [known] = (await _known(db, event)).values()
    assert (known.position, known.position_is_first, known.time_is_first) == (9, False, False)


async def test_a_duplicate_tells_the_first_position_but_no_time_unless_it_says_so(
    db: Database,
) -> None:
    event = await _event(db)
    await settle(db, event, DOUBT)
    await settle(db, event, Accepted(9, duplicate=True), at=AT + SECOND)
    [known] = (await _known(db, event)).values()
    assert (known.position, known.position_is_first) == (9, True)
    assert (known.accepted_at, known.time_is_first) == (AT + SECOND, False)


async def test_each_journal_has_its_own(db: Database) -> None:
    event = await _event(db)
    await settle(db, event, Accepted(7, TOLD))
    await _restored(db, 6, "first", "second")
    [lost] = await snapshots(db)
    assert (lost.state, lost.doubtful, lost.journal) == ("pending", False, 1)
    await settle(db, event, Accepted(5, TOLD))
    assert {n: one.position for n, one in (await _known(db, event)).items()} == {0: 7, 1: 5}


@pytest.mark.parametrize(
    ("head", "position", "kept", "doubtful"),
    [
        (7, 7, True, True),  # at its head or below it
        (6, 7, False, False),  # lost
        (None, 7, False, True),  # who knows
        (6, None, False, True),
    ],
)
async def test_what_a_restored_gateway_may_have_kept_is_in_doubt(
    db: Database, head: int | None, position: int | None, kept: bool, doubtful: bool
) -> None:
    event = await _event(db)
    await settle(db, event, Accepted(position, TOLD))
    await _restored(db, head, "first", "second")
    [row] = await snapshots(db)
    assert (row.state == "accepted", row.doubtful) == (kept, doubtful)
    assert row.position == (head if kept else None)


async def test_a_lost_answer_of_the_journal_before_stays_in_doubt_there(db: Database) -> None:
    await _restored(db, None, "first")
    event = await _event(db)
    await settle(db, event, DOUBT)
    await _restored(db, 0, "second")
    await settle(db, event, Accepted(3, TOLD))
    found = (await db.read(stock_ledger.snapshots, [ledger.MUG], ()))[ledger.MUG]
    [(before, now)] = [(one.in_journal(0), one.in_journal(1)) for one in found]
    assert (before.state, before.doubtful) == ("pending", True)
    assert (now.state, now.position, now.doubtful) == ("accepted", 3, False)


async def test_a_late_answer_of_the_journal_before_settles_nothing(db: Database) -> None:
    await _restored(db, None, "first")
    event = await _event(db)
    await _restored(db, 0, "second")
    late = Attempt(event, AT, Accepted(3, TOLD), 200, journal=0)
    await db.writer.write(lambda tx: settling.settle(tx, [late]))
    assert await seeding.ready(db) == [event.lane]
    assert {n: one.position for n, one in (await _known(db, event)).items()} == {0: 3}


async def test_events_whose_lines_nobody_asks_for_leave_nothing(db: Database) -> None:
    [event] = await seeding.events(db, "product/10")
    await settle(db, event, Accepted(3, TOLD))
    assert await _known(db, event) == {}


@pytest.mark.parametrize("way", ["adopted", "salvaged"])
@pytest.mark.parametrize(
    ("told", "at"),
    [
        ("2026-11-24T07:59:58Z", AT - 2 * SECOND),
        ("2026-11-24T07:59:58.250Z", AT - 1.75 * SECOND),
        ("2026-11-24T09:59:58+02:00", AT - 2 * SECOND),
        *((nothing, AT + SECOND) for nothing in (None, "yesterday", "now", "12:00", "2460000")),
        ("2026-11-24T07:59:58", AT + SECOND),
        ("2026-13-24T07:59:58Z", AT + SECOND),
        ("0000-01-01T00:00:00Z", AT + SECOND),
        ("0001-01-01T00:00:00Z", AT + SECOND),
        ("9999-12-31T23:59:59-23:59", AT + SECOND),
    ],
)
async def test_what_is_learned_from_the_outbox_has_the_time_that_was_told(
    directory: Path, way: str, told: str | None, at: datetime
) -> None:
    """Else ours; either is a bound, and so is the position."""
    async with database.opened(directory) as db:
        event = await _event(db)
        await settle(db, event, Accepted(7, told), at=AT + SECOND)
        await ledger.write(db, "DELETE FROM acceptances")
        if way == "adopted":
            await db.writer.write(lambda tx: acceptances.adopt(tx, "?", [event.sequence]))
    if way == "salvaged":
        salvage.salvage(directory / database.FILE, AT)
    async with database.opened(directory) as db:
        [known] = (await _known(db, event)).values()
    assert known.accepted_at is not None
    assert abs(known.accepted_at - at) < timedelta(milliseconds=1)
    assert (known.position, known.certain) == (7, True)
    assert (known.position_is_first, known.time_is_first) == (False, False)


@pytest.mark.parametrize("told", [None, "yesterday", "2026-11-24T08:00:00", "0001-01-01T00:00:00Z"])
async def test_a_time_of_ours_is_a_bound(db: Database, told: str | None) -> None:
    at: datetime = AT + SECOND
    event = await _event(db)
    await settle(db, event, Accepted(7, told), at=at)
    [known] = (await _known(db, event)).values()
    assert (known.accepted_at, known.time_is_first) == (at, False)
