"""The events of a state, one after the other, however many there are."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from agent.model.delivery import Accepted, Dead, Judged, Reading, Verdict
from agent.storage import dead_letters, export
from tests.storage import seeding
from tests.storage.seeding import AT, events, settle

if TYPE_CHECKING:
    from datetime import datetime

    from agent.storage.database import Database


async def exported(db: Database, since: datetime | None = None) -> list[int]:
    return [event.sequence async for event in export.events(db.reader, since)]


async def test_every_event_is_there_once_and_in_order(db: Database) -> None:
    most = export.MOST_AT_ONCE * 2 + 1
    stored = await events(db, *[f"order/{n % 7}" for n in range(most)])
    for event in stored[::2]:
        await settle(db, event, Accepted())
    assert await exported(db) == [event.sequence for event in stored]


async def test_what_was_taken_out_is_no_event_or_can_not_be_read_is_left_out(
    db: Database,
) -> None:
    gone, dead = await events(db, "order/1", "order/2")
    await settle(db, gone, Dead("rejected", ""))
    await db.writer.write(
        lambda tx: dead_letters.discard_all(tx, None, who="ada", reason="", now=AT)
    )
    await settle(db, dead, Dead("rejected", ""))
    skipped, unreadable, asked, _ = await seeding.append(db, *[seeding.webhook()] * 4)
    await seeding.judge(
        db,
        Judged(skipped.sequence, Verdict.DUPLICATE, seeding.reading("order/2")),
        Judged(unreadable.sequence, Verdict.EVENT, Reading(), Dead("untranslatable", "")),
        unsure=[(asked.sequence, "product/5")],
    )
    assert await exported(db) == [dead.sequence]
    assert await db.read(export.unjudged) == 2


async def test_since_a_moment(db: Database) -> None:
    """A clock that was set back does not hide what came after."""
    await events(db, "order/1", at=AT)
    [at_once] = await events(db, "order/2", at=AT + timedelta(seconds=10))
    await events(db, "order/3", at=AT + timedelta(seconds=5))
    [later] = await events(db, "order/4", at=AT + timedelta(seconds=20))
    since = AT + timedelta(seconds=10)
    assert await exported(db, since) == [at_once.sequence, later.sequence]
    assert await exported(db, since + timedelta(days=1)) == []


async def test_what_comes_in_meanwhile_is_not_kept_out(db: Database) -> None:
    """No transaction stays open while somebody reads slowly: the log could not be cleared."""
    stored = await events(db, *["order/1"] * export.MOST_AT_ONCE)
    reading = export.events(db.reader, None)
    seen = [(await anext(reading)).sequence]
    assert not db.reader.in_transaction
    stored += await events(db, "order/2")
    seen += [event.sequence async for event in reading]
    assert seen == [event.sequence for event in stored]
