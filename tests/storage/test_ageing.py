"""What goes after its time, what stays for ever, and that nobody waits for it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from agent import clock, errors
from agent.model.delivery import Accepted, Again, Dead, Event, Judged, Known, Reading, Verdict
from agent.model.inbox import Fence, Intake, NewRow
from agent.model.update import UpdateState
from agent.storage import (
    ageing,
    dead_letters,
    fences,
    inbox_intake,
    outbox,
    outbox_view,
    register,
    replay,
    settling,
)
from tests.storage import seeding
from tests.storage.seeding import AT, events, select, settle

if TYPE_CHECKING:
    from datetime import datetime

    from agent.storage.database import Database

DAY = timedelta(days=1)
DEAD = Dead("rejected", "no")


async def accepted(db: Database, *subjects: str, at: datetime = AT) -> list[Event]:
    made = await events(db, *subjects, at=at)
    for event in made:
        await settle(db, event, Accepted(), at=at)
    return made


async def forget(db: Database, before: datetime) -> int:
    """Ages to the end; how many rows went."""
    settled, total = ageing.Settled(db), 0
    while gone := await settled.forget(before):
        total += gone
    return total


async def left(db: Database) -> list[int]:
    """The numbers of all arrivals; their rows and attempts must be gone with the others."""
    for orphan in (
        "SELECT 1 FROM outbox WHERE sequence NOT IN (SELECT sequence FROM arrivals)",
        "SELECT 1 FROM attempts WHERE sequence NOT IN (SELECT sequence FROM outbox)",
    ):
        assert await select(db, orphan) == []
    return [number for (number,) in await select(db, "SELECT sequence FROM arrivals ORDER BY 1")]


async def test_what_was_settled_before_goes_with_all_that_hangs_on_it(db: Database) -> None:
    [old] = await accepted(db, "order/1")
    [late] = await events(db, "order/2")  # came before, settled after
    await settle(db, late, Accepted(), at=AT + DAY)
    [row] = await seeding.append(db, seeding.webhook())
    await seeding.judge(db, Judged(row.sequence, Verdict.DUPLICATE, Reading()))
    [taken_out] = await events(db, "order/3")
    await settle(db, taken_out, DEAD)
    await db.writer.write(
        lambda tx: dead_letters.discard_all(tx, None, who="ada", reason="", now=AT)
    )
    assert await forget(db, AT) == 0
    assert await forget(db, AT + DAY) == 3
    assert await left(db) == [late.sequence]
    stats = await db.read(outbox_view.stats, AT)
    assert (stats["accepted"], stats["discarded"], sum(stats["skipped"].values())) == (1, 0, 0)
    with pytest.raises(errors.NotFoundError):
        await db.read(outbox_view.row, old.id)


async def test_what_was_taken_out_stays_while_the_gateway_has_nothing_newer(db: Database) -> None:
    [taken_out] = await events(db, "order/3")
    await settle(db, taken_out, DEAD)
    await db.writer.write(
        lambda tx: dead_letters.discard_all(tx, None, who="ada", reason="", now=AT)
    )
    for number, gone in ((taken_out.sequence, 0), (taken_out.sequence + 7, 1)):
        known = Known(number, b"digest", 1, AT, deleted=False)
        await db.writer.write(lambda tx, known=known: register.learn(tx, {"order/3": known}))  # type: ignore[misc]
        assert await forget(db, AT + DAY) == gone


async def test_what_is_not_settled_never_goes(db: Database) -> None:
    dead, deferred, waiting = await events(db, "order/1", "order/2", "order/3")
    await settle(db, dead, DEAD)
    await settle(db, deferred, Again("deferred", "", 30.0))
    fresh, asked = await seeding.append(db, seeding.webhook(), seeding.webhook())
    await seeding.judge(db, unsure=[(asked.sequence, "product/5")])
    assert await forget(db, AT + 10_000 * DAY) == 0
    every = [row.sequence for row in (dead, deferred, waiting, fresh, asked)]
    assert await left(db) == every


async def test_what_keeps_the_lines_honest_stays(db: Database) -> None:
    """Numbers go on, known content stays known, fences hold, and who did what can be read."""
    [event] = await accepted(db, "order/1")
    known = Known(event.sequence, b"digest", 1, AT, deleted=False)
    await seeding.judge(db, learned={"order/1": known})
    key = ("stock", "MUG-1", "quantity")
    await db.writer.write(lambda tx: fences.put_up(tx, {key: Fence(9, None, "5")}))
    tables = ("register", "fences", "audit", "cursors", "counters")
    before = [await select(db, f"SELECT * FROM {table}") for table in tables]
    assert await forget(db, AT + DAY) == 1
    assert [await select(db, f"SELECT * FROM {table}") for table in tables] == before
    assert await db.read(outbox.last_sequence) == event.sequence
    [row] = await seeding.append(db, seeding.webhook(at=AT - DAY))  # and the clock jumped back
    assert row.sequence > event.sequence


async def test_settled_updates_go_and_open_ones_and_results_stay(db: Database) -> None:
    def row(name: str, state: UpdateState) -> NewRow:
        due = AT if state is UpdateState.PENDING else None
        return NewRow(name, "stock", "MUG-1", 1, "{}", state, due)

    states = (UpdateState.PENDING, UpdateState.HELD, UpdateState.REJECTED, UpdateState.SUPERSEDED)
    asked = NewRow("asked", "resend", "", None, "{}", UpdateState.REJECTED)
    rows = (*(row(state.value, state) for state in states), asked)
    await db.writer.write(
        lambda tx: inbox_intake.take_in(tx, [], [], lambda *_: Intake(rows), cursor=None, now=AT)
    )
    results = await select(db, "SELECT update_id FROM results")
    assert len(results) == 4
    assert await forget(db, AT + DAY) == 2
    left = [name for (name,) in await select(db, "SELECT id FROM inbox ORDER BY id")]
    assert left == ["asked", "held", "pending"]
    assert await select(db, "SELECT update_id FROM results") == results


async def test_the_newest_accepted_one_stays_while_an_older_one_could_be_sent(
    db: Database,
) -> None:
    """It is what tells that the dead one is superseded."""
    [dead] = await events(db, "order/1")
    await settle(db, dead, DEAD)
    _, newest, _ = await accepted(db, "order/1", "order/1", "order/2")
    assert await forget(db, AT + DAY) == 2
    assert await left(db) == [dead.sequence, newest.sequence]
    assert (await db.read(dead_letters.unresolved))["dead_unresolved"] == 0
    done = await db.writer.write(lambda tx: replay.dead(tx, who="ada", now=AT))
    assert done == replay.Replayed(sent=0, superseded=1)
    with pytest.raises(errors.UsageError, match="superseded"):
        await db.writer.write(lambda tx: replay.by_id(tx, [dead.id], who="ada", now=AT))
    await db.writer.write(
        lambda tx: dead_letters.discard_all(tx, None, who="ada", reason="", now=AT + 2 * DAY)
    )
    assert await forget(db, AT + DAY) == 0  # not before the discarded one, which could be sent
    assert await forget(db, AT + 3 * DAY) == 2
    assert await left(db) == []


async def test_what_is_taken_up_again_meanwhile_stays(db: Database) -> None:
    waits, again, gone = await accepted(db, "order/1", "order/2", "order/3")
    chosen = await db.read(ageing.old_events, AT + DAY)
    assert chosen == [waits.sequence, again.sequence, gone.sequence]
    ids = [waits.id, again.id]
    await db.writer.write(lambda tx: replay.by_id(tx, ids, who="ada", now=AT))
    await settle(db, again, Accepted(), at=AT + 2 * DAY)
    await db.writer.write(lambda tx: ageing.delete(tx, chosen, [], AT + DAY))
    assert await left(db) == [waits.sequence, again.sequence]
    assert await seeding.ready(db) == ["order/1"]


@pytest.mark.parametrize(
    ("size", "count", "first_step"),
    [
        (10, ageing.MOST_ROWS + 1, ageing.MOST_ROWS),
        (ageing.MOST_BYTES // 3, 5, 3),
        (ageing.MOST_BYTES * 2, 2, 1),
    ],
)
async def test_a_step_is_small_whatever_the_bodies(
    db: Database, size: int, count: int, first_step: int
) -> None:
    rows = await seeding.append(db, *[seeding.webhook(b"x" * size)] * count)
    await seeding.judge(db, *[Judged(r.sequence, Verdict.STALE, Reading()) for r in rows])
    assert await ageing.Settled(db).forget(AT + DAY) == first_step
    assert await left(db) == [row.sequence for row in rows[first_step:]]
    assert await forget(db, AT + DAY) == count - first_step


async def test_space_is_given_back_in_steps_until_there_is_none(db: Database) -> None:
    rows = await seeding.append(db, *[seeding.webhook(b"x" * 20_000)] * 100)
    await seeding.judge(db, *[Judged(r.sequence, Verdict.STALE, Reading()) for r in rows])
    full = await db.read(outbox_view.size)
    assert await forget(db, AT + DAY) == 100
    free = await db.read(ageing.free_pages)
    assert free > 400
    settled = ageing.Settled(db)
    assert await settled.give_back()
    assert await db.read(ageing.free_pages) == free - ageing.MOST_PAGES
    while await settled.give_back():
        pass
    assert await db.read(ageing.free_pages) == 0
    assert await db.read(outbox_view.size) < full / 4
    assert await select(db, "PRAGMA integrity_check") == [("ok",)]


async def test_of_very_many_attempts_the_first_and_the_last_are_kept(db: Database) -> None:
    [event] = await events(db, "order/1")
    for n in range(1, 121):
        [event] = await db.read(outbox.events, [event.sequence])
        await settle(db, event, Again("deferred", f"{n}", 0.0))
    row = await db.read(outbox_view.row, event.id)
    half = settling.ATTEMPTS_KEPT // 2
    assert [attempt["n"] for attempt in row["history"]] == [
        *range(1, half + 1),
        *range(121 - half, 121),
    ]
    assert all(attempt["message"] == str(attempt["n"]) for attempt in row["history"])
    assert row["attempts"] == 120


@pytest.mark.parametrize("search", [ageing.old_events, ageing.old_updates])
async def test_what_is_old_is_found_by_an_index_and_in_its_order(
    db: Database, search: object
) -> None:
    statements: list[str] = []
    await db.reader.set_trace_callback(statements.append)
    await db.read(search, AT)  # type: ignore[arg-type]
    await db.reader.set_trace_callback(None)  # type: ignore[arg-type]
    plan = [row[3] for row in await select(db, f"EXPLAIN QUERY PLAN {statements[0]}")]
    assert any("settled (settled_at<?)" in step for step in plan)
    assert not any("SCAN" in step or "TEMP" in step for step in plan), plan
    assert str(clock.micros(AT)) in statements[0]
    if search is ageing.old_events:
        assert any("outbox_unsent" in step for step in plan)
