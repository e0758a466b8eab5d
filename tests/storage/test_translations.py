"""What the judge made of a body is kept until the gateway has it, and never stands in its way."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from agent import clock
from agent.model.delivery import Accepted, Again, Dead, Event, Judged, Reading, Verdict
from agent.storage import ageing, check, dead_letters, outbox, queues, replay
from tests.clock import FakeClock
from tests.storage import seeding
from tests.storage.seeding import AT, select, settle

if TYPE_CHECKING:
    from datetime import datetime

    from agent.storage.database import Database

VERSION = 1
DATA = b'{"id":"order/1"}'
LATER = AT + timedelta(hours=1)


async def judged(db: Database, count: int, verdict: Verdict = Verdict.EVENT) -> list[Event]:
    """So many rows with a translation, each of a subject of its own."""
    rows = await seeding.append(db, *[seeding.webhook()] * count)
    said = [seeding.reading(f"order/{row.sequence}", data=DATA) for row in rows]
    pairs = zip(rows, said, strict=True)
    await seeding.judge(db, *[Judged(row.sequence, verdict, one) for row, one in pairs])
    return await db.read(outbox.events, [row.sequence for row in rows], VERSION)


async def kept(db: Database) -> list[int]:
    return [number for (number,) in await select(db, "SELECT sequence FROM translations")]


async def drop(db: Database, now: datetime = LATER) -> None:
    """To the end."""
    settled = ageing.Settled(db)
    while await settled.drop_translations(now):
        pass


async def test_an_event_comes_with_its_translation_in_place_of_its_body(db: Database) -> None:
    [event] = await judged(db, 1)
    assert (event.data, event.body) == (DATA, b"")


@pytest.mark.parametrize("version", [VERSION + 1, None])
async def test_a_translation_of_another_version_is_none(db: Database, version: int | None) -> None:
    [event] = await judged(db, 1)
    [anew] = await db.read(outbox.events, [event.sequence], version)
    assert (anew.data, anew.body) == (b"", b'{"id":1}')


async def test_where_bodies_are_sent_as_they_came_no_translation_is_read(db: Database) -> None:
    [event] = await judged(db, 1)
    for translated in (True, False):
        view = queues.Outbox(
            db, clock=FakeClock(), reread=lambda _: Reading(), version=1, translated=translated
        )
        [read] = await view.events([event.sequence])
        assert (read.data == DATA, read.body == b"") == (translated, translated)


async def test_only_what_is_sent_is_kept(db: Database) -> None:
    await judged(db, 1, Verdict.DUPLICATE)
    [dead] = await seeding.append(db, seeding.webhook())
    said = seeding.reading("order/1", data=DATA)
    await seeding.judge(db, Judged(dead.sequence, Verdict.EVENT, said, Dead("bad", "no")))
    await seeding.events(db, "product/1")  # no model of ours
    assert await kept(db) == []


async def test_it_is_dropped_once_it_is_of_no_use(db: Database) -> None:
    accepted, waiting, dead, gone = await judged(db, 4)
    await settle(db, accepted, Accepted())
    await settle(db, waiting, Again("busy", "later", 30.0))
    await settle(db, gone, Dead("rejected", "no"))
    await db.writer.write(
        lambda tx: dead_letters.discard_all(tx, None, who="ada", reason="", now=AT)
    )
    await settle(db, dead, Dead("rejected", "no"))
    await drop(db, AT + timedelta(seconds=ageing.UNSURE_S))
    assert len(await kept(db)) == 4  # another one settled then may still be on its way to the disk
    await drop(db)
    assert await kept(db) == [waiting.sequence, dead.sequence]
    assert not await ageing.Settled(db).drop_translations(LATER)


async def test_of_many_settled_at_once_none_is_left(db: Database) -> None:
    """A step ends between two times, never within one."""
    events = await judged(db, ageing.MOST_TRANSLATIONS * 2 + 1)
    for number, event in enumerate(events):
        await settle(db, event, Accepted(), at=AT + timedelta(seconds=number // 150))
    settled = ageing.Settled(db)
    assert await settled.drop_translations(LATER)
    assert len(await kept(db)) == len(events) - 300
    await drop(db)
    assert await kept(db) == []


async def test_what_is_sent_again_is_translated_again(db: Database) -> None:
    [event] = await judged(db, 1)
    await settle(db, event, Accepted())
    await drop(db)
    await db.writer.write(lambda tx: replay.by_id(tx, [event.id], who="ada", now=AT))
    [again] = await db.read(outbox.events, [event.sequence], VERSION)
    assert (again.data, again.body, again.replay) == (b"", b'{"id":1}', True)


async def test_it_goes_with_its_row(db: Database) -> None:
    """As what was settled while a clock was ahead."""
    [event] = await judged(db, 1)
    await settle(db, event, Accepted(), at=AT)
    since = clock.micros(LATER)
    await db.writer.write(lambda tx: ageing.drop_translations(tx, since, since))
    await drop(db, LATER + timedelta(days=1))
    assert await kept(db) == [event.sequence]
    assert await ageing.Settled(db).forget(LATER) == 1
    assert await kept(db) == []
    assert await db.read(check.findings, AT) == []


async def test_what_may_be_dropped_is_found_by_an_index(db: Database) -> None:
    statements: list[str] = []
    connection = db.writer._connection
    await connection.set_trace_callback(statements.append)
    await ageing.dispensable(connection, clock.micros(AT))
    await ageing.drop_translations(connection, 1, 2)
    await connection.set_trace_callback(None)  # type: ignore[arg-type]
    for statement in statements:
        for *_, step in await select(db, f"EXPLAIN QUERY PLAN {statement}"):
            assert "TEMP" not in step
            assert step.startswith(("SCAN (subquery", "SCAN counters")) or "SCAN" not in step, step
