"""Error objects in place of resources: an alarm until a good body, and from when on to ask."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from agent.model.delivery import (
    Followup,
    Heard,
    Judged,
    Judgement,
    Look,
    Reading,
    Verdict,
)
from agent.storage import followups, judging, resources
from agent.storage.resources import FIRST_LOOK, OVERLAP
from tests.storage import seeding
from tests.storage.seeding import AT

if TYPE_CHECKING:
    from agent.storage.database import Database


def at(minute: int) -> timedelta:
    return timedelta(minutes=minute)


async def hear(db: Database, minute: int, resource: str, *, good: bool, gone: bool = False) -> int:
    """The store sends a body; its number."""
    now = AT + at(minute)
    [row] = await seeding.append(db, seeding.webhook(at=now))
    heard = Heard(row.sequence, resource, good, gone)
    verdict = Verdict.DUPLICATE if good else Verdict.ERROR_BODY
    judged = Judged(row.sequence, verdict, Reading())
    await db.writer.write(
        lambda tx: judging.judge(
            tx,
            [],
            lambda _: Judgement((judged,), {}, heard=(heard,)),
            reread=lambda _: seeding.reading(""),
            version=1,
            now=now,
        )
    )
    return row.sequence


async def due(db: Database) -> list[Followup]:
    return await db.read(followups.due, AT + timedelta(days=1), 10)


async def broken(db: Database) -> list[str]:
    return await db.read(resources.broken)


async def test_the_alarm_lasts_until_a_good_body_of_that_kind(db: Database) -> None:
    await hear(db, 0, "order", good=True)
    assert await broken(db) == []
    await hear(db, 1, "order", good=False)
    await hear(db, 1, "coupon", good=False)
    await hear(db, 2, "product", good=True)
    assert await broken(db) == ["coupon", "order"]
    await hear(db, 3, "order", good=True)
    assert await broken(db) == ["coupon"]


async def test_changes_are_asked_for_from_the_last_good_body_on(db: Database) -> None:
    await hear(db, 0, "order", good=True)
    await hear(db, 10, "product", good=True)
    first = await hear(db, 20, "order", good=False)
    assert await due(db) == [Followup(Look.CHANGES, "order", first, AT - OVERLAP)]
    assert timedelta(minutes=2) <= OVERLAP
    # While the store is away, later bodies do not make the question smaller.
    await hear(db, 30, "order", good=True)
    second = await hear(db, 40, "order", good=False)
    assert await due(db) == [Followup(Look.CHANGES, "order", second, AT - OVERLAP)]


async def test_where_nothing_good_ever_came_a_day_is_asked_for(db: Database) -> None:
    cause = await hear(db, 0, "customer", good=False)
    assert await due(db) == [Followup(Look.CHANGES, "customer", cause, AT - FIRST_LOOK)]


async def test_what_was_read_is_known_but_ends_no_alarm(db: Database) -> None:
    await hear(db, 0, "order", good=True)
    await hear(db, 20, "order", good=False)
    [asked] = await due(db)
    await db.writer.write(lambda tx: judging.looked(tx, asked, until=AT + at(21)))
    assert (await due(db), await broken(db)) == ([], ["order"])
    cause = await hear(db, 30, "order", good=False)
    assert await due(db) == [Followup(Look.CHANGES, "order", cause, AT + at(21) - OVERLAP)]


async def test_an_error_during_the_read_is_asked_for_again(db: Database) -> None:
    await hear(db, 0, "order", good=True)
    await hear(db, 20, "order", good=False)
    [asked] = await due(db)
    newer = await hear(db, 21, "order", good=False)
    await db.writer.write(lambda tx: judging.looked(tx, asked, until=AT + at(20)))
    assert await due(db) == [Followup(Look.CHANGES, "order", newer, AT - OVERLAP)]


@pytest.mark.parametrize("known_until", [5, 500])
async def test_a_clock_that_jumped_back_asks_for_no_time_to_come(
    db: Database, known_until: int
) -> None:
    await hear(db, known_until, "order", good=True)
    await hear(db, 10, "order", good=False)
    [asked] = await due(db)
    assert asked.since == AT + at(min(known_until, 10)) - OVERLAP


async def looked(db: Database, minute: int, *, untold: bool) -> None:
    [asked] = await due(db)
    await db.writer.write(
        lambda tx: judging.looked(tx, asked, until=AT + at(minute), untold=untold)
    )


async def test_one_that_is_gone_is_asked_about_and_raises_no_alarm(db: Database) -> None:
    await hear(db, 0, "order", good=True)
    cause = await hear(db, 10, "order", good=False, gone=True)
    assert await due(db) == [Followup(Look.CHANGES, "order", cause, AT - OVERLAP)]
    await looked(db, 11, untold=False)
    assert (await due(db), await broken(db)) == ([], [])
    await hear(db, 20, "order", good=False)
    await hear(db, 21, "order", good=False, gone=True)
    assert await broken(db) == ["order"], "a webhook that is to blame is not excused by it"


async def test_what_it_hid_raises_the_alarm_until_a_good_body(db: Database) -> None:
    await hear(db, 0, "order", good=True)
    await hear(db, 10, "order", good=False, gone=True)
    await looked(db, 11, untold=True)
    assert await broken(db) == ["order"]
    await hear(db, 12, "order", good=True)
    assert await broken(db) == []
    await hear(db, 20, "coupon", good=False, gone=True)
    await hear(db, 21, "coupon", good=True)  # while the store was asked
    await looked(db, 22, untold=True)
    assert await broken(db) == []


async def test_a_look_that_no_error_asked_for_raises_none(db: Database) -> None:
    await hear(db, 0, "order", good=True)
    await db.writer.write(
        lambda tx: followups.ask(tx, Look.CHANGES, "order", cause=7, due=AT, since=AT)
    )
    await looked(db, 1, untold=True)
    assert await broken(db) == []
