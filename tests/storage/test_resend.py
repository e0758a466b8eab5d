"""What the gateway asks for again goes back into its lanes, once per request, whatever happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent import clock
from agent.model.delivery import Accepted, Dead, Event, Judged, Verdict
from agent.storage import inbox, inbox_intake, outbox, replay, resend, results
from agent.updates import intake
from tests.storage import seeding
from tests.storage.seeding import AT, SNAPSHOT, events, select, settle

if TYPE_CHECKING:
    from agent.model.inbox import Intake, KnownVersions
    from agent.storage.database import Database

DEAD = Dead("rejected", "no")


async def ask(db: Database, *items: dict[str, Any]) -> None:
    """A page of the feed with those requests was taken in."""
    page = intake.entries([{"kind": "resend", "id": "r-1"} | item for item in items])

    def decide(seen: frozenset[str], known: KnownVersions) -> Intake:
        return intake.decide(page, seen, known, AT)

    ids = [entry.id for entry in page]
    await db.writer.write(
        lambda tx: inbox_intake.take_in(tx, ids, intake.skus(page), decide, cursor=None, now=AT)
    )


async def step(db: Database) -> bool:
    return await db.writer.write(lambda tx: resend.step(tx, AT))


async def work_off(db: Database) -> int:
    """How many steps that took."""
    steps = 0
    while await step(db):
        steps += 1
    return steps


async def told(db: Database) -> list[tuple[str, str]]:
    """Id and message of each result that waits for the gateway."""
    waiting = [result for _, result in await db.read(results.unreported, 100)]
    assert {(result["kind"], result["status"], result["n"]) for result in waiting} <= {
        ("resend", "applied", 1)
    }
    return [(result["id"], result["message"]) for result in waiting]


async def marked(db: Database) -> list[str]:
    """The ids of those that are sent again."""
    heads = await db.read(outbox.heads, 100)
    found = await db.read(outbox.events, [head.sequence for head in heads])
    return [event.id for event in found if event.replay]


async def accepted(db: Database, first: int, *subjects: str) -> list[Event]:
    """Those at position ``first`` and up."""
    made = await events(db, *subjects)
    for position, event in enumerate(made, start=first):
        await settle(db, event, Accepted(position))
    return made


async def test_since_a_position_the_newest_of_each_subject(db: Database) -> None:
    await accepted(db, 10, "order/1", "order/2")
    _, lost, other = await accepted(db, 12, "order/3", "order/3", "order/2")
    [elsewhere] = await events(db, "order/1")
    await settle(db, elsewhere, DEAD)  # nothing of that subject is lost
    await events(db, "order/4")  # waits anyway
    await ask(db, {"since_position": 12})
    assert await work_off(db) == 1
    assert await marked(db) == [lost.id, other.id]
    assert await told(db) == [("r-1", "2 to be sent again, 1 superseded")]


async def test_a_dead_one_stands_for_what_is_lost_of_its_subject(db: Database) -> None:
    await accepted(db, 10, "order/1")
    [dead] = await events(db, "order/1")
    await settle(db, dead, DEAD)
    await ask(db, {"since_position": 10})
    await work_off(db)
    assert await marked(db) == [dead.id]
    assert await told(db) == [("r-1", "1 to be sent again, 1 superseded")]


@pytest.mark.parametrize("wanted", [{"subject": "order/1"}, {"type": "retail.order.deleted.v1"}])
async def test_about_a_subject_or_of_a_type(db: Database, wanted: dict[str, str]) -> None:
    await accepted(db, 1, "order/1", "order/2")
    [row] = await seeding.append(db, seeding.webhook(topic="order.deleted"))
    gone = seeding.reading("order/1", type="retail.order.deleted.v1", deletion=True)
    await seeding.judge(db, Judged(row.sequence, Verdict.EVENT, gone))
    [deletion] = await db.read(outbox.events, [row.sequence])
    await settle(db, deletion, Accepted(3))
    await ask(db, wanted)
    await work_off(db)
    assert await marked(db) == [deletion.id]


@pytest.mark.parametrize(
    "wanted", [{"since_position": 7}, {"subject": "order/9"}, {"type": "retail.x.v1"}]
)
async def test_where_there_is_nothing_it_says_so(db: Database, wanted: dict[str, Any]) -> None:
    await accepted(db, 1, "order/1")
    await ask(db, wanted)
    await work_off(db)
    assert await told(db) == [("r-1", "0 to be sent again, 0 superseded")]


async def test_each_request_is_met_once_and_in_its_turn(db: Database) -> None:
    await accepted(db, 1, "order/1", "order/2")
    first, second = {"subject": "order/1"}, {"id": "r-2", "type": SNAPSHOT}
    await ask(db, first, second)
    await ask(db, second, first)
    assert await work_off(db) == 2
    await ask(db, first)
    assert not await db.read(resend.is_asked)
    assert await told(db) == [
        ("r-1", "1 to be sent again, 0 superseded"),
        ("r-2", "1 to be sent again, 0 superseded"),  # the other one waits already
    ]
    at = clock.micros(AT)
    assert await select(db, "SELECT at, who, action, target, reason FROM audit") == [
        (at, "gateway", "replay", "*", "resend r-1: subject order/1"),
        (at, "gateway", "replay", "*", f"resend r-2: type {SNAPSHOT}"),
    ]


@pytest.mark.parametrize("wanted", [{"since_position": 1}, {"type": SNAPSHOT}])
@pytest.mark.parametrize(("at_once", "looked_at", "steps"), [(2, 100, 4), (100, 3, 3)])
async def test_very_many_go_back_in_steps_and_none_twice(
    db: Database,
    monkeypatch: pytest.MonkeyPatch,
    wanted: dict[str, Any],
    at_once: int,
    looked_at: int,
    steps: int,
) -> None:
    monkeypatch.setattr(replay, "MOST_AT_ONCE", at_once)
    monkeypatch.setattr(replay, "LOOKED_AT", looked_at)
    made = await accepted(
        db, 1, *("order/1", "order/2", "order/1", "order/3", "order/4", "order/5")
    )
    await ask(db, wanted)
    met: list[str] = []
    taken = 0
    while await step(db):  # what came back is sent at once: it must not be found again
        taken += 1
        ids = await marked(db)
        met += ids
        for event in made:
            if event.id in ids:
                await settle(db, event, Accepted(100 + taken))
    assert taken == steps
    assert sorted(met) == sorted(event.id for event in made[1:])
    assert await told(db) == [("r-1", "5 to be sent again, 1 superseded")]
    assert await select(db, "SELECT name FROM cursors WHERE name LIKE 'resend%'") == []


async def test_what_else_a_request_holds_is_no_obstacle(db: Database) -> None:
    await ask(db, {"subject": "order/1", "note": "half a \ud83d", "huge": 10**400})
    assert await work_off(db) == 1


async def test_the_updates_line_does_not_see_it(db: Database) -> None:
    await ask(db, {"subject": "order/1"})
    assert await db.read(inbox.due, AT, 10) == []
