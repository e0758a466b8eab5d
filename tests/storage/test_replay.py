"""Sending again on purpose: what goes back into its lane, and what would put old truth over new."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from agent import clock, errors
from agent.model.delivery import Accepted, Again, Dead, Event, Judged, Reading, Verdict
from agent.storage import outbox, replay
from agent.storage.replay import Replayed
from tests.storage import seeding
from tests.storage.seeding import AT, events, ready, select, settle

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from agent.storage.database import Database

NOW = AT + timedelta(hours=1)
DEAD = Dead("rejected", "no")


async def by_id(db: Database, *ids: str) -> int:
    done = await db.writer.write(lambda tx: replay.by_id(tx, ids, who="ada", now=NOW))
    assert not done.superseded  # that would have been refused
    return done.sent


async def in_steps(step: Callable[[int | None], Awaitable[Replayed]]) -> Replayed:
    """All steps, as the command line takes them."""
    done = await step(None)
    while done.up_to is not None:
        done = done.then(await step(done.up_to))
    return done


async def all_dead(db: Database) -> Replayed:
    return await in_steps(
        lambda after: db.writer.write(lambda tx: replay.dead(tx, after, who="ada", now=NOW))
    )


async def since(db: Database, seconds: float, kind: str | None = None) -> Replayed:
    moment = AT + timedelta(seconds=seconds)
    return await in_steps(
        lambda after: db.writer.write(
            lambda tx: replay.since(tx, moment, kind, after, who="ada", now=NOW)
        )
    )


async def sent(db: Database, subjects: Sequence[str], *, at_s: float = 0.0) -> list[Event]:
    """Accepted events of those subjects."""
    made = await events(db, *subjects, at=AT + timedelta(seconds=at_s))
    for event in made:
        await settle(db, event, Accepted(7, "2026-11-24T08:00:00Z"))
    return made


async def heads(db: Database) -> list[Event]:
    found = await db.read(outbox.heads, 100)
    return await db.read(outbox.events, [head.sequence for head in found])


async def test_an_accepted_event_goes_back_with_its_id_and_is_marked(db: Database) -> None:
    [event] = await sent(db, ["order/1"])
    assert await by_id(db, event.id) == 1
    [again] = await heads(db)
    assert (again.id, again.replay, again.attempts) == (event.id, True, 1)
    await settle(db, again, Accepted())
    [after] = await db.read(outbox.events, [event.sequence])
    assert not after.replay  # the mark is for one sending


async def test_a_replay_keeps_its_mark_until_it_came_through(db: Database) -> None:
    [event] = await sent(db, ["order/1"])
    await by_id(db, event.id)
    await settle(db, event, Again("timeout", "", 0.0))
    [again] = await heads(db)
    assert again.replay


async def test_a_replay_goes_before_what_waits_in_its_lane(db: Database) -> None:
    [old] = await events(db, "order/1")
    await settle(db, old, DEAD)
    [parked] = await events(db, "order/1")
    await settle(db, parked, Again("deferred", "", 30.0))
    await by_id(db, old.id)
    assert [event.id for event in await heads(db)] == [old.id]


async def test_what_waits_already_is_not_counted_or_marked(db: Database) -> None:
    [event] = await events(db, "order/1")
    assert await by_id(db, event.id) == 0
    assert [event.replay for event in await heads(db)] == [False]


async def test_an_older_snapshot_than_the_gateway_has_is_refused(db: Database) -> None:
    old, new, other = await sent(db, ["order/1", "order/1", "order/2"])
    with pytest.raises(errors.UsageError, match=f"{old.id} is superseded") as caught:
        await by_id(db, other.id, old.id)
    assert new.id in caught.value.hint
    assert await ready(db) == []  # all or nothing
    assert await by_id(db, new.id, other.id) == 2


@pytest.mark.parametrize("verdict", [None, Verdict.DUPLICATE])
async def test_what_is_no_event_is_refused(db: Database, verdict: Verdict | None) -> None:
    [row] = await seeding.append(db, seeding.webhook())
    if verdict:
        await seeding.judge(db, Judged(row.sequence, verdict, Reading()))
    with pytest.raises(errors.UsageError, match="not an event"):
        await by_id(db, row.id)
    with pytest.raises(errors.NotFoundError):
        await by_id(db, "nobody")


async def test_dead_letters_go_back_unless_a_later_one_stands_for_them(db: Database) -> None:
    alone, older, newer, outdone = await events(db, "order/1", "order/2", "order/2", "order/3")
    for event in (alone, older, newer, outdone):
        await settle(db, event, DEAD)
    await sent(db, ["order/3"])
    assert await all_dead(db) == Replayed(sent=2, superseded=2)
    assert {event.id for event in await heads(db)} == {alone.id, newer.id}
    # The newer one may be on its way now: the older one must not come after it.
    assert await all_dead(db) == Replayed(sent=0, superseded=2)


async def test_what_only_says_that_something_happened_is_sent_one_by_one(db: Database) -> None:
    """No later one of these says what an earlier one said."""
    rows = await seeding.append(db, *[seeding.webhook(topic="action.paid")] * 3)
    said = seeding.reading("action/paid/5", type="woocommerce.action.paid.v1", snapshot=False)
    await seeding.judge(db, *[Judged(row.sequence, Verdict.EVENT, said) for row in rows])
    first, second, third = await db.read(outbox.events, [row.sequence for row in rows])
    await settle(db, first, DEAD)
    await settle(db, second, DEAD)
    await settle(db, third, Accepted())
    assert await by_id(db, first.id) == 1
    assert await all_dead(db) == Replayed(1)
    assert await since(db, 0) == Replayed(1)


async def test_the_untranslatable_goes_back_to_the_judge(db: Database) -> None:
    """A later version may know how to read it."""
    rows = await seeding.append(db, seeding.webhook(b"{"), seeding.webhook(b"{"))
    for row, said in zip(rows, (Reading(), Reading(subject="order/1", priority=0)), strict=True):
        await seeding.judge(
            db, Judged(row.sequence, Verdict.EVENT, said, Dead("untranslatable", "body: no JSON"))
        )
    assert await all_dead(db) == Replayed(2)
    assert [row.id for row in await db.read(outbox.unjudged, 10)] == [row.id for row in rows]
    assert await ready(db) == []
    await seeding.judge(db, Judged(rows[0].sequence, Verdict.EVENT, seeding.reading("order/1")))
    [healed] = await heads(db)
    assert (healed.id, healed.replay) == (rows[0].id, True)


async def test_one_that_could_not_be_encoded_goes_back_into_its_lane(db: Database) -> None:
    [event] = await events(db, "order/1")
    await settle(db, event, Dead("untranslatable", "body: is nested too deeply"))
    assert await all_dead(db) == Replayed(1)
    assert await ready(db) == ["order/1"]


async def test_the_newest_of_each_subject_since_a_moment(db: Database) -> None:
    await sent(db, ["order/1", "order/9"], at_s=-60)
    _, newest, other = await sent(db, ["order/1", "order/1", "order/2"], at_s=5)
    [dead] = await events(db, "order/3", at=AT + timedelta(seconds=6))
    await settle(db, dead, DEAD)
    await events(db, "order/4", at=AT + timedelta(seconds=7))  # waits anyway
    assert await since(db, 0) == Replayed(sent=3, superseded=1)
    marked = [event.id for event in await heads(db) if event.replay]
    assert set(marked) == {newest.id, other.id, dead.id}


async def test_since_a_moment_only_of_one_type(db: Database) -> None:
    await sent(db, ["order/1"])
    assert await since(db, 0, "retail.customer.snapshot.v1") == Replayed(0)
    assert await since(db, 0, seeding.SNAPSHOT) == Replayed(1)


async def test_a_snapshot_is_not_sent_again_where_the_gateway_has_the_deletion(
    db: Database,
) -> None:
    await sent(db, ["order/1"])
    [row] = await seeding.append(db, seeding.webhook(topic="order.deleted"))
    gone = seeding.reading("order/1", type="retail.order.deleted.v1", deletion=True)
    await seeding.judge(db, Judged(row.sequence, Verdict.EVENT, gone))
    [deletion] = await db.read(outbox.events, [row.sequence])
    await settle(db, deletion, Accepted())
    assert await since(db, 0, seeding.SNAPSHOT) == Replayed(sent=0, superseded=1)
    assert await since(db, 0) == Replayed(sent=1, superseded=1)
    assert [event.id for event in await heads(db)] == [deletion.id]


async def test_an_older_one_is_not_sent_behind_one_that_waits(db: Database) -> None:
    """That one carries the whole truth, and may be on its way already."""
    [done] = await sent(db, ["order/1"])
    [waiting] = await events(db, "order/1")
    assert await since(db, 0) == Replayed(sent=0, superseded=1)
    assert [event.id for event in await heads(db)] == [waiting.id]
    assert await by_id(db, done.id) == 1  # by name, somebody wants exactly that one


async def test_who_replayed_what_is_written_down(db: Database) -> None:
    one, two = await sent(db, ["order/1", "order/2"])
    await by_id(db, one.id)
    await settle(db, two, Accepted())
    [dead] = await events(db, "order/3")
    await settle(db, dead, DEAD)
    await all_dead(db)
    await since(db, 0, seeding.SNAPSHOT)
    at = clock.micros(NOW)
    assert await select(db, "SELECT at, who, action, target, reason FROM audit") == [
        (at, "ada", "replay", one.id, ""),
        (at, "ada", "replay", dead.id, "dead"),
        (at, "ada", "replay", "*", f"since {clock.iso(AT)}, {seeding.SNAPSHOT}"),
    ]


async def test_very_many_go_back_in_steps(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "MOST_AT_ONCE", 2)
    for event in await events(db, "order/1", "order/2", "order/1", "order/3", "order/2"):
        await settle(db, event, DEAD)
    assert await all_dead(db) == Replayed(sent=3, superseded=2)
    for event in await heads(db):
        await settle(db, event, Accepted())
    await sent(db, ["order/4"])
    assert await since(db, 0) == Replayed(sent=4, superseded=2)
    actions = await select(db, "SELECT reason, count(*) FROM audit GROUP BY 1 ORDER BY 1")
    assert actions == [("dead", 3), (f"since {clock.iso(AT)}", 1)]
