"""What is remembered of webhooks, and from when on changes are asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from agent import clock
from agent.model.delivery import READ_BY_US, Heard, Judged, Judgement, Reading, Verdict
from agent.model.registration import Blind, Found, Made
from agent.storage import audit, baseline, followups, judging
from agent.storage.registrations import Book
from agent.storage.resources import FIRST_LOOK, OVERLAP
from tests.clock import FakeClock
from tests.storage import seeding
from tests.storage.seeding import AT

if TYPE_CHECKING:
    from datetime import datetime

    from agent.storage.database import Database

LATER = AT + timedelta(hours=3)


async def hear(
    db: Database,
    topic: str,
    minute: int,
    *,
    verdict: Verdict = Verdict.DUPLICATE,
    webhook_id: str = "3",
) -> None:
    """The store sent a body of that topic, good unless the verdict says otherwise."""
    hook = seeding.webhook(b"{}", at=AT + timedelta(minutes=minute), topic=topic)
    [row] = await seeding.append(db, hook._replace(webhook_id=webhook_id))
    heard = Heard(row.sequence, topic.partition(".")[0], verdict is not Verdict.ERROR_BODY)
    judgement = Judgement(
        (Judged(row.sequence, verdict, Reading()),),
        {},
        heard=(heard,) if webhook_id != READ_BY_US else (),
    )
    await db.writer.write(
        lambda tx: judging.judge(
            tx, [], lambda _: judgement, reread=lambda _: Reading(), version=1, now=hook.received_at
        )
    )


def book(db: Database, *, at_fault: bool = True, by: str = "") -> Book:
    return Book(db, lambda *_: at_fault, clock=FakeClock(LATER), by=by)


async def asked(db: Database) -> dict[str, datetime | None]:
    found = await db.read(followups.due, LATER, 10)
    return {one.subject: one.since for one in found if one.kind == "changes"}


async def test_what_was_made_is_remembered_until_it_is_deleted(db: Database) -> None:
    await book(db).made(7, "order.updated", Found.DISABLED)
    assert (await book(db).records()).made == {7: Made(7, "order.updated", "disabled", LATER)}
    await book(db).deleted(7, "order.updated")
    assert (await book(db).records()).made == {}


async def test_changes_are_asked_for_since_the_last_good_delivery_of_that_topic(
    db: Database,
) -> None:
    await hear(db, "order.updated", 0)
    await hear(db, "order.updated", 10, verdict=Verdict.ERROR_BODY)
    await hear(db, "order.updated", 20, webhook_id=READ_BY_US)
    await hear(db, "order.created", 30)
    await book(db).made(7, "order.updated", Found.DISABLED)
    assert await asked(db) == {"order": AT - OVERLAP}


async def test_of_a_topic_that_never_came_the_kind_counts(db: Database) -> None:
    await hear(db, "product.updated", 30)
    await book(db).activated(7, "product.restored")
    assert await asked(db) == {"product": AT + timedelta(minutes=30) - OVERLAP}


@pytest.mark.parametrize("ago", [timedelta(minutes=10), timedelta(days=30)])
async def test_where_nothing_came_yet_it_is_asked_since_going_live(
    db: Database, ago: timedelta
) -> None:
    await db.writer.write(lambda tx: baseline.start(tx, LATER - ago, LATER))
    await book(db).made(7, "coupon.updated", Found.MISSING)
    assert await asked(db) == {"coupon": LATER - min(ago, FIRST_LOOK) - OVERLAP}


async def test_a_look_that_is_under_way_does_not_answer_it(db: Database) -> None:
    await hear(db, "order.updated", 0)
    await hear(db, "order.updated", 10, verdict=Verdict.ERROR_BODY)
    [under_way] = await db.read(followups.due, LATER, 10)
    await book(db).made(7, "order.updated", Found.ERROR_BODIES)
    await db.writer.write(lambda tx: judging.looked(tx, under_way, until=LATER))
    assert await asked(db) == {"order": AT - OVERLAP}


async def test_error_objects_are_told_with_the_webhook_that_sent_them(db: Database) -> None:
    for number in ("5", "", "x"):
        await hear(db, "order.updated", 0, verdict=Verdict.ERROR_BODY, webhook_id=number)
        blind = (await book(db).records()).blind
        assert list(blind) == ([Blind("order", 5, AT)] if number == "5" else [])
    await hear(db, "product.updated", 1, verdict=Verdict.ERROR_BODY)
    assert (await book(db, at_fault=False).records()).blind == []
    await hear(db, "product.updated", 2)
    assert [one.resource for one in (await book(db).records()).blind] == []


async def test_what_a_person_repairs_is_in_the_audit(db: Database) -> None:
    await book(db).made(6, "order.updated", Found.MISSING)
    assert await db.read(audit.rows, 10) == []
    by = book(db, by="ada")
    await by.made(7, "order.updated", Found.DISABLED)
    await by.deleted(6, "order.updated")
    await by.activated(8, "order.created")
    told = await db.read(audit.rows, 10)
    assert [(row["who"], row["action"], row["target"], row["reason"]) for row in told] == [
        ("ada", "repair webhooks", "order.created", "8 activated"),
        ("ada", "repair webhooks", "order.updated", "6 deleted"),
        ("ada", "repair webhooks", "order.updated", "disabled: 7 made"),
    ]
    assert {row["at"] for row in told} == {clock.iso(LATER)}
