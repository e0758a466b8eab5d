"""What people see of the outbox."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from agent import errors
from agent.model.delivery import Accepted, Again, Dead, Judged, Reading, State, Verdict
from agent.storage import outbox_view
from tests.storage import seeding
from tests.storage.seeding import AT, events, settle

if TYPE_CHECKING:
    from agent.storage.database import Database


async def test_rows_are_listed_newest_first_and_filtered(db: Database) -> None:
    one, two, three = await events(db, "order/1", "order/2", "order/1")
    await settle(db, two, Dead("rejected", "no"))

    async def ids(**wanted: object) -> list[str]:
        found = await db.read(outbox_view.rows, outbox_view.Filter(**wanted))  # type: ignore[arg-type]
        return [row["id"] for row in found]

    assert await ids() == [three.id, two.id, one.id]
    assert await ids(limit=1) == [three.id]
    assert await ids(subject="order/1") == [three.id, one.id]
    assert await ids(state=State.DEAD) == [two.id]
    assert await ids(state=State.DEAD, subject="order/1") == []


async def test_one_row_shows_everything(db: Database) -> None:
    [event] = await events(db, "order/1")
    await settle(db, event, Again("timeout", "no answer in time", 5.0), status=None)
    await settle(db, event, Accepted(41, "2026-11-24T09:00:00Z"))
    row = await db.read(outbox_view.row, event.id)
    assert row == {
        "id": event.id,
        "sequence": f"{event.sequence:019d}",
        "subject": "order/1",
        "type": seeding.SNAPSHOT,
        "topic": "order.updated",
        "state": "accepted",
        "verdict": "event",
        "attempts": 2,
        "received_at": "2026-11-24T08:00:00Z",
        "next_attempt_at": None,
        "last_error": None,
        "source": "https://shop.example/",
        "webhook_id": "3",
        "delivery_id": "delivery",
        "body": b'{"id":1}',
        "position": 41,
        "accepted_at": "2026-11-24T09:00:00Z",
        "causationid": None,
        "erased": False,
        "history": [
            {
                "n": 1,
                "at": "2026-11-24T08:00:00Z",
                "outcome": "again",
                "status": None,
                "code": "timeout",
                "message": "no answer in time",
            },
            {
                "n": 2,
                "at": "2026-11-24T08:00:00Z",
                "outcome": "accepted",
                "status": 200,
                "code": None,
                "message": None,
            },
        ],
    }


async def test_the_beginning_of_an_id_is_enough_if_only_one_row_has_it(db: Database) -> None:
    later = AT + timedelta(days=30)
    [one] = await events(db, "order/1")
    await events(db, "order/2", "order/3", at=later)
    assert (await db.read(outbox_view.row, one.id[:9]))["id"] == one.id
    with pytest.raises(errors.NotFoundError, match="more than one event begins with 0"):
        await db.read(outbox_view.row, "0")
    for unknown in ("ffff", "'", "%", one.id + "0"):
        with pytest.raises(errors.NotFoundError, match="no event"):
            await db.read(outbox_view.row, unknown)


async def test_an_empty_outbox_has_nothing_old(db: Database) -> None:
    stats = await db.read(outbox_view.stats, AT)
    assert (stats["pending"], stats["oldest_pending_s"], stats["oldest_order_s"]) == (0, None, None)
    assert stats["last_sequence"] == "0" * 19
    assert set(stats["skipped"]) == set(Verdict) - {Verdict.EVENT}


async def test_counts_and_ages(db: Database) -> None:
    await seeding.append(db, seeding.webhook())
    await events(db, "product/1", priority=3, at=AT + timedelta(seconds=10))
    done, dead, order = await events(
        db, "order/1", "order/2", "order/3", at=AT + timedelta(seconds=20)
    )
    await settle(db, done, Accepted())
    await settle(db, dead, Dead("rejected", ""))
    [row] = await seeding.append(db, seeding.webhook(at=AT + timedelta(seconds=20)))
    await seeding.judge(db, Judged(row.sequence, Verdict.STALE, Reading()))
    stats = await db.read(outbox_view.stats, AT + timedelta(seconds=60))
    assert {name: stats[name] for name in (*State, "unjudged") if name != "skipped"} == {
        "pending": 3,
        "accepted": 1,
        "dead": 1,
        "discarded": 0,
        "unjudged": 1,
    }
    assert {verdict: n for verdict, n in stats["skipped"].items() if n} == {"stale": 1}
    assert (stats["oldest_pending_s"], stats["oldest_order_s"]) == (60.0, 40.0)
    assert stats["last_sequence"] == f"{row.sequence:019d}"
    assert stats["db_bytes"] > 0
    assert order.sequence < row.sequence


async def test_ages_are_never_negative(db: Database) -> None:
    """A clock was set back."""
    await events(db, "order/1")
    stats = await db.read(outbox_view.stats, AT - timedelta(hours=1))
    assert (stats["oldest_pending_s"], stats["oldest_order_s"]) == (0.0, 0.0)
