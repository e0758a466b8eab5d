"""Dead letters: which ones are still somebody's business, and how they are taken out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent import errors
from agent.model.delivery import Accepted, Dead, Event, Judged, Reading, Verdict
from agent.storage import audit, dead_letters, outbox, outbox_view, replay
from tests.storage import seeding
from tests.storage.seeding import AT, select, settle

if TYPE_CHECKING:
    from agent.storage.database import Database

DEAD = Dead("rejected", "no")
UNREADABLE = Dead("untranslatable", "total: is missing")
WHY: dict[str, Any] = {"who": "ada", "reason": "a test order", "now": AT + timedelta(hours=1)}


async def event(db: Database, subject: str, kind: str, topic: str) -> Event:
    """A pending event of that type."""
    [row] = await seeding.append(db, seeding.webhook(topic=topic))
    said = seeding.reading(subject, type=kind)
    await seeding.judge(db, Judged(row.sequence, Verdict.EVENT, said))
    [made] = await db.read(outbox.events, [row.sequence])
    return made


async def dead(db: Database, subject: str = "order/1", kind: str = "", topic: str = "") -> Event:
    made = await event(db, subject, kind or seeding.SNAPSHOT, topic or "order.updated")
    await settle(db, made, DEAD)
    return made


async def accepted(db: Database, subject: str) -> Event:
    [made] = await seeding.events(db, subject)
    await settle(db, made, Accepted())
    return made


async def unresolved(db: Database) -> tuple[int, list[str]]:
    found = await db.read(dead_letters.unresolved)
    return found["dead_unresolved"], found["dead_alarms"]


async def by_id(db: Database, *ids: str) -> int:
    return await db.writer.write(lambda tx: dead_letters.discard_by_id(tx, ids, **WHY))


async def everything(db: Database, subject: str | None = None) -> int:
    return await db.writer.write(lambda tx: dead_letters.discard_all(tx, subject, **WHY))


async def test_a_dead_snapshot_is_made_good_by_a_later_accepted_one(db: Database) -> None:
    await accepted(db, "order/1")  # an earlier one says nothing
    await dead(db)
    [waiting] = await seeding.events(db, "order/1")
    await accepted(db, "order/2")  # neither does another one's
    assert await unresolved(db) == (1, [])
    await settle(db, waiting, Accepted())
    assert await unresolved(db) == (0, [])
    stats = await db.read(outbox_view.stats, AT)
    assert stats["dead"] == 1
    assert len(await db.read(outbox_view.rows, outbox_view.Filter("dead"))) == 1


@pytest.mark.parametrize(
    ("subject", "kind", "topic"),
    [
        ("product/5", "retail.product.deleted.v1", "product.deleted"),
        ("refund/7", "retail.refund.snapshot.v1", "order.updated"),
        ("action/x/5", "woocommerce.action.x.v1", "action.x"),
    ],
)
async def test_what_no_later_snapshot_makes_good_is_named_until_it_is_replayed(
    db: Database, subject: str, kind: str, topic: str
) -> None:
    letter = await dead(db, subject, kind, topic)
    named = (1, [f"{topic} of {subject}"])
    assert await unresolved(db) == named
    await settle(db, await event(db, subject, seeding.SNAPSHOT, "order.updated"), Accepted())
    assert await unresolved(db) == named
    await by_id(db, letter.id)
    assert await unresolved(db) == (0, [])


async def test_a_replayed_deletion_is_no_alarm_any_more(db: Database) -> None:
    letter = await dead(db, "product/5", "retail.product.deleted.v1", "product.deleted")
    await db.writer.write(lambda tx: replay.by_id(tx, [letter.id], who="ada", now=AT))
    assert await unresolved(db) == (0, [])


async def test_unreadable_bodies_count_too(db: Database) -> None:
    hooks = [seeding.webhook(), seeding.webhook(topic="coupon.deleted"), seeding.webhook()]
    rows = await seeding.append(db, *hooks)
    said = (Reading(subject="order/1", priority=0), Reading(), Reading())
    for row, reading in zip(rows, said, strict=True):
        await seeding.judge(db, Judged(row.sequence, Verdict.EVENT, reading, UNREADABLE))
    assert await unresolved(db) == (3, [f"coupon.deleted of {rows[1].id}"])
    await accepted(db, "order/1")
    assert (await unresolved(db))[0] == 2


async def test_only_the_oldest_are_named(db: Database) -> None:
    for number in range(dead_letters.NAMED + 1):
        await dead(db, f"product/{number}", "retail.product.deleted.v1", "product.deleted")
    count, names = await unresolved(db)
    assert (count, len(names)) == (dead_letters.NAMED + 1, dead_letters.NAMED)
    assert names[0] == "product.deleted of product/0"


async def test_one_that_is_taken_out_is_settled_and_keeps_what_is_known_of_it(
    db: Database,
) -> None:
    letter, other = await dead(db), await dead(db)
    assert await by_id(db, letter.id, letter.id) == 1
    row = await db.read(outbox_view.row, letter.id)
    assert (row["state"], row["last_error"]) == ("discarded", "rejected: no")
    assert [attempt["outcome"] for attempt in row["history"]] == ["dead"]
    stats = await db.read(outbox_view.stats, AT)
    assert (stats["dead"], stats["discarded"]) == (1, 1)
    assert await by_id(db, letter.id, other.id) == 1  # the first one was out already


async def test_only_dead_letters_are_taken_out_and_all_or_none(db: Database) -> None:
    letter, done = await dead(db), await accepted(db, "order/2")
    [waiting] = await seeding.events(db, "order/3")
    [fresh] = await seeding.append(db, seeding.webhook())
    for event_id, state in ((done.id, "accepted"), (waiting.id, "pending"), (fresh.id, "pending")):
        with pytest.raises(errors.UsageError, match=f"{event_id} is {state}, not dead"):
            await by_id(db, letter.id, event_id)
    with pytest.raises(errors.NotFoundError):
        await by_id(db, letter.id, "nobody")
    assert (await db.read(outbox_view.stats, AT))["discarded"] == 0
    assert await db.read(audit.rows, 5) == []


async def test_all_of_them_or_those_about_a_subject(db: Database) -> None:
    for subject in ("order/1", "order/1", "order/2", "order/3"):
        await dead(db, subject)
    await accepted(db, "order/1")
    assert await everything(db, "order/1") == 2
    assert await everything(db, "order/1") == 0
    assert await everything(db) == 2
    assert await select(db, "SELECT state, count(*) FROM outbox GROUP BY 1 ORDER BY 1") == [
        ("accepted", 1),
        ("discarded", 4),
    ]


async def test_who_took_out_what_and_why_is_written_down(db: Database) -> None:
    letter = await dead(db)
    await everything(db)
    assert await db.read(audit.rows, 5) == [
        {"at": "2026-11-24T09:00:00Z", "who": "ada", "action": "discard", "target": letter.id}
        | {"reason": "a test order"}
    ]


async def test_one_that_was_taken_out_can_be_sent_after_all(db: Database) -> None:
    letter = await dead(db)
    await by_id(db, letter.id)
    done = await db.writer.write(lambda tx: replay.by_id(tx, [letter.id], who="ada", now=AT))
    assert done == replay.Replayed(1)
    assert await seeding.ready(db) == ["order/1"]
