"""What was told and how it stands, and what comparisons ask for."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from agent import clock
from agent.model.delivery import Accepted, Dead, Judged, Known, Look, Verdict
from agent.model.stock import Base
from agent.storage import baseline, comparing, dead_letters, followups, outbox, proof
from agent.storage.comparing import Sides
from tests.clock import FakeClock
from tests.storage import seeding
from tests.storage.seeding import AT, select, settle

if TYPE_CHECKING:
    from datetime import datetime

    from agent.model.delivery import Event, Followup
    from agent.model.listed import Told
    from agent.storage.database import Database

MINUTE = timedelta(minutes=1)
DEAD = Dead("bad_total", "no")


def of(db: Database) -> Sides:
    return Sides(db.read, db.writer.write, clock=FakeClock(AT))


async def tell(db: Database, subject: str, **more: Any) -> Event:
    """An event of that subject, which is known from it."""
    [row] = await seeding.append(db, seeding.webhook())
    given: dict[str, Any] = {"changed_at": AT, "deleted": False}
    content = Known(row.sequence, b"digest", 1, **(given | more))
    judged = Judged(row.sequence, Verdict.EVENT, seeding.reading(subject))
    await seeding.judge(db, judged, learned={subject: content})
    [event] = await db.read(outbox.events, [row.sequence])
    return event


async def untranslatable(db: Database, subject: str) -> None:
    """A body of which no event can be made: nothing was learned from it."""
    [row] = await seeding.append(db, seeding.webhook())
    reading = seeding.reading(subject, type="", lane="", untranslatable="currency")
    await seeding.judge(
        db, Judged(row.sequence, Verdict.EVENT, reading, Dead("untranslatable", ""))
    )


async def age(db: Database, event: Event) -> None:
    await db.writer.write(
        lambda tx: tx.execute("DELETE FROM arrivals WHERE sequence = ?", (event.sequence,))
    )


async def test_what_was_told_is_as_in_its_reading_and_stands_as_its_event(db: Database) -> None:
    refund = await tell(db, "refund/5", figures=b"4.50", parent="order/1")
    dead = await tell(db, "order/1")
    gone = await tell(db, "order/2", deleted=True, changed_at=None)
    await settle(db, dead, DEAD, status=422)
    await settle(db, gone, Accepted(position=7))
    sides = of(db)
    found = await sides.told(["refund/5", "order/1", "order/2", "order/3"])
    assert found.keys() == {"refund/5", "order/1", "order/2"}

    def stand(one: Told) -> tuple[object, ...]:
        said = (one.changed_at, one.deleted, one.figures, one.parent)
        return (one.sequence, *said, one.state, one.code, one.is_accepted)

    assert {name: stand(one) for name, one in found.items()} == {
        "refund/5": (refund.sequence, AT, False, b"4.50", "order/1", "pending", None, False),
        "order/1": (dead.sequence, AT, False, b"", "", "dead", "bad_total", False),
        "order/2": (gone.sequence, None, True, b"", "", "accepted", None, True),
    }


async def test_what_is_older_than_what_is_kept_was_accepted(db: Database) -> None:
    event = await tell(db, "order/1")
    await settle(db, event, Accepted())
    await age(db, event)
    [one] = (await of(db).told(["order/1"])).values()
    assert (one.state, one.code, one.is_accepted) == (None, None, True)


async def test_all_of_a_kind_is_told_in_steps_in_the_order_of_its_text(db: Database) -> None:
    for subject in (
        "order/9",
        "order/10",
        "order/100",
        "order/1",
        "orders",
        "refund/1",
        "product/9",
    ):
        await tell(db, subject)
    sides, steps, last = of(db), [], ""
    while some := await sides.told_after("order", last, 3):
        steps.append([one.subject for one in some])
        last = some[-1].subject
    assert steps == [["order/1", "order/10", "order/100"], ["order/9"]]
    assert await sides.told_after("coupon", "", 3) == []


async def test_only_dead_letters_newer_than_what_was_told_are_unsent(db: Database) -> None:
    sides = of(db)
    names = [f"order/{n}" for n in range(1, 6)]
    await untranslatable(db, "order/1")
    await untranslatable(db, "order/2")
    await tell(db, "order/2")  # it could be told since
    await tell(db, "order/3")
    await untranslatable(db, "order/3")
    await settle(db, await tell(db, "order/4"), DEAD, status=422)  # it stands so itself
    await tell(db, "order/5")
    assert await sides.unsent(names) == {
        "order/1": "untranslatable",
        "order/3": "untranslatable",
    }
    await db.writer.write(
        lambda tx: dead_letters.discard_all(tx, None, who="ada", reason="", now=AT)
    )
    assert await sides.unsent(["order/1"]) == {}
    assert await sides.unsent([]) == {}


async def due(db: Database, at: datetime, most: int = 10) -> list[Followup]:
    return await db.read(followups.due, at, most)


async def ask(db: Database, subject: str, cause: int, at: datetime = AT) -> None:
    await db.writer.write(lambda tx: followups.ask(tx, Look.RESOURCE, subject, cause=cause, due=at))


async def test_what_was_asked_for_already_stays_as_it_is(db: Database) -> None:
    sides = of(db)
    await ask(db, "order/1", 7)
    assert not await sides.is_asking()
    looks = [(Look.RESOURCE, "order/1", 0), (Look.REFUNDS, "order/2", 9)]
    await sides.ask(looks, backfill=True)
    await sides.ask([(Look.REFUNDS, "order/2", 8), (Look.RESOURCE, "order/2", 0)])
    named = [
        (one.kind, one.subject, one.cause, one.compared, one.backfill) for one in await due(db, AT)
    ]
    assert sorted(named) == [
        ("refunds", "order/2", 9, True, True),
        ("resource", "order/1", 7, False, False),
        ("resource", "order/2", 0, True, False),
    ]
    assert await sides.is_asking()
    assert await sides.asked(Look.RESOURCE, ["order/1", "order/2", "order/3"]) == {
        *("order/1", "order/2")
    }
    assert await sides.asked(Look.REFUNDS, ["order/1"]) == set()


async def test_what_comparisons_ask_for_comes_last_until_somebody_else_asks_too(
    db: Database,
) -> None:
    sides = of(db)
    await sides.ask([(Look.RESOURCE, f"order/{n}", 0) for n in (1, 2)])
    await ask(db, "order/3", 7, AT + MINUTE)
    await ask(db, "order/4", 8, AT + timedelta(days=1))  # by a clock that was put back since
    late = [one.subject for one in await due(db, AT + MINUTE)]
    assert late[:2] == ["order/3", "order/4"]
    assert sorted(late[2:]) == ["order/1", "order/2"]
    assert [one.subject for one in await due(db, AT + MINUTE, 2)] == late[:2]
    await ask(db, "order/2", 9)
    first = (await due(db, AT + MINUTE))[0]
    assert (first.subject, first.cause, first.compared) == ("order/2", 9, False)
    await db.writer.write(lambda tx: followups.done(tx, first))
    assert {one.subject for one in await due(db, AT + MINUTE)} == {"order/1", "order/3", "order/4"}


async def test_a_look_that_was_taken_leaves_what_was_asked_for_since(db: Database) -> None:
    await of(db).ask([(Look.RESOURCE, "order/1", 0)])
    [taken] = await due(db, AT)
    await ask(db, "order/1", 7)
    await db.writer.write(lambda tx: followups.done(tx, taken))
    assert [one.cause for one in await due(db, AT)] == [7]


async def test_each_event_moves_the_second_look(db: Database) -> None:
    second = timedelta(seconds=followups.SECOND_LOOK_S)
    for cause, seconds in ((7, 0), (8, 59), (9, 61)):
        fresh, at = [(cause, "order/1")], AT + timedelta(seconds=seconds)
        await db.writer.write(partial(followups.again, fresh=fresh, now=at))
    assert await due(db, AT + second) == []
    [one] = await due(db, AT + MINUTE + second)
    assert (one.kind, one.cause, one.compared) == ("again", 9, False)


async def test_places_are_kept(db: Database) -> None:
    sides = of(db)
    assert await sides.swept_at() is await sides.looked_until("product") is None
    assert await db.read(comparing.last_report) is None
    await sides.swept(AT, b'{"agreed":true}')
    await sides.look_ended("product", AT + MINUTE)
    await db.writer.write(lambda tx: baseline.start(tx, AT - MINUTE, AT))
    sides = of(db)
    assert await sides.swept_at() == AT
    assert await db.read(comparing.last_report) == {"agreed": True}
    assert await sides.looked_until("product") == AT + MINUTE
    assert await sides.looked_until("variation") is None
    assert await sides.go_live() == AT - MINUTE


async def test_open_ends(db: Database) -> None:
    sides = of(db)
    assert await sides.open_ends() == (None, 0, False)
    [event] = await seeding.events(db, "order/1", at=AT - MINUTE)
    assert await sides.open_ends() == (60.0, 0, False)
    assert await sides.last_sequence() == event.sequence
    await settle(db, event, Accepted())
    await seeding.append(db, seeding.webhook())
    assert await sides.open_ends() == (0.0, 0, True)


async def test_what_is_repaired_is_written_again_and_what_is_missing_is_remembered(
    db: Database,
) -> None:
    await db.writer.write(lambda tx: tx.execute("INSERT INTO stock_bases VALUES (10, 5, 0, 3, 1)"))
    await of(db).repair([10, 11], {11: Base(7, 1, 2, AT)})
    rows = await select(db, "SELECT product_id, due_at, unchecked FROM stock_checks ORDER BY 1")
    assert rows == [(n, clock.micros(AT), 1) for n in (10, 11)]
    assert await select(db, "SELECT * FROM stock_bases ORDER BY 1") == [
        (10, 5, 0, 3, 1),
        (11, 7, 1, 2, clock.micros(AT)),
    ]


@pytest.mark.parametrize(
    ("query", "values"),
    [
        (comparing.by_subject, (["order/1"],)),
        (comparing.after, ("order", "", 10)),
        (comparing.unsent, (["order/1"],)),
        (followups.asked, (Look.RESOURCE, ["order/1"])),
        (proof.accepted_refunds, ("", 10)),
        (proof.newest_updates, ("stock", ["MUG-1"])),
        (proof.written_at, ([10],)),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
async def test_none_of_it_looks_at_every_row(
    db: Database, query: Any, values: tuple[Any, ...]
) -> None:
    steps: list[str] = []

    class Explained:
        async def execute_fetchall(self, sql: str, given: Any) -> list[Any]:
            found = await db.reader.execute_fetchall(f"EXPLAIN QUERY PLAN {sql}", given)
            steps.extend(str(row[3]) for row in found)
            return []

    await query(Explained(), *values)
    assert any(step.startswith("SEARCH") for step in steps)
    assert [step for step in steps if step.startswith("SCAN") and "json_each" not in step] == []
