"""The life of an outbox row, from append to settle, and the lanes it waits in."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent import clock, errors, metrics
from agent.model.delivery import (
    Accepted,
    Again,
    Attempt,
    Dead,
    Event,
    Judged,
    Outcome,
    Reading,
    Verdict,
)
from agent.storage import outbox, outbox_view, queues, settling
from tests.clock import FakeClock
from tests.storage import seeding
from tests.storage.seeding import AT, events, ready, select, settle

if TYPE_CHECKING:
    from agent.storage.database import Database
    from agent.storage.writer import Tx

LATER = AT + timedelta(seconds=30)


async def test_what_is_stored_is_what_is_judged(db: Database) -> None:
    hook = seeding.webhook(b'{"id": 7, "name": "\xc3\xa9"}', topic="product.updated")
    [row] = await seeding.append(db, hook)
    assert row.webhook == hook
    assert await db.read(outbox.received, [row.sequence]) == [row]
    assert await db.read(outbox.unjudged, 0) == []
    await seeding.judge(db, Judged(row.sequence, Verdict.STALE, seeding.reading("product/7")))
    assert await db.read(outbox.unjudged, 10) == []


@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.EVENT])
async def test_what_is_no_event_is_settled_at_once(db: Database, verdict: Verdict) -> None:
    [row] = await seeding.append(db, seeding.webhook())
    await seeding.judge(db, Judged(row.sequence, verdict, Reading(verdict=verdict)))
    [line] = await select(db, "SELECT state, verdict, settled_at > 0, lane FROM outbox")
    assert line == ("skipped", verdict, 1, None)
    assert await ready(db) == []


async def test_what_can_not_be_translated_is_dead_and_in_no_lane(db: Database) -> None:
    [row] = await seeding.append(db, seeding.webhook())
    said = Reading(untranslatable="id: is missing")
    await seeding.judge(
        db, Judged(row.sequence, Verdict.EVENT, said, Dead("untranslatable", "id: is missing"))
    )
    found = await db.read(outbox_view.row, row.id)
    assert (found["state"], found["last_error"]) == ("dead", "untranslatable: id: is missing")
    assert await ready(db) == []


@pytest.mark.parametrize(
    ("outcome", "status", "row", "attempt"),
    [
        (
            Accepted(41, "2026-11-24T08:00:01Z"),
            200,
            ("accepted", None, 41, "2026-11-24T08:00:01Z", None, None, 1),
            ("accepted", 200, None, None),
        ),
        (
            Accepted(duplicate=True),
            200,
            ("accepted", None, None, None, None, None, 1),
            ("duplicate", 200, None, None),
        ),
        (
            Dead("bad_total", "does not add up"),
            422,
            ("dead", None, None, None, "bad_total", "does not add up", None),
            ("dead", 422, "bad_total", "does not add up"),
        ),
        (
            Again("deferred", "later", 30.0),
            200,
            ("pending", clock.micros(LATER), None, None, "deferred", "later", None),
            ("again", 200, "deferred", "later"),
        ),
        (
            Again("timeout", "no answer in time", 0.0),
            None,
            ("pending", clock.micros(AT), None, None, "timeout", "no answer in time", None),
            ("again", None, "timeout", "no answer in time"),
        ),
    ],
)
async def test_how_a_row_is_settled(
    db: Database,
    outcome: Outcome,
    status: int | None,
    row: tuple[Any, ...],
    attempt: tuple[Any, ...],
) -> None:
    [event] = await events(db, "order/1")
    await settle(db, event, outcome, status=status)
    assert await select(
        db,
        "SELECT state, next_attempt_at, position, accepted_at, code, message, settled_at IS NOT"
        " NULL OR NULL FROM outbox",
    ) == [row]
    assert await select(db, "SELECT outcome, status, code, message FROM attempts") == [attempt]
    at_once = outcome == Again("timeout", "no answer in time", 0.0)
    assert await ready(db) == (["order/1"] if at_once else [])


async def test_attempts_are_numbered_and_counted(db: Database) -> None:
    [event] = await events(db, "order/1")
    for outcome in (Again("timeout", "", 0.0), Again("deferred", "", 5.0), Accepted()):
        await settle(db, event, outcome)
    await settle(db, event, Accepted(duplicate=True))  # a late answer to an earlier sending
    found = await db.read(outbox_view.row, event.id)
    assert [(a["n"], a["outcome"]) for a in found["history"]] == [
        (1, "again"),
        (2, "again"),
        (3, "accepted"),
        (4, "duplicate"),
    ]
    assert (found["attempts"], found["state"]) == (3, "accepted")


@pytest.mark.parametrize(
    "impossible",
    [
        "state = 'accepted'",  # without settled_at
        "settled_at = 1",  # still pending
        "state = 'skipped', settled_at = 1",  # an event
        "verdict = 'stale'",  # but to be sent
        "verdict = NULL, state = 'dead'",
        "lane = NULL",
        "subject = NULL",
        "type = NULL",
        "state = 'lost'",
        "verdict = 'gone'",
        "replay = 2",
    ],
)
async def test_states_that_can_not_be_are_refused(db: Database, impossible: str) -> None:
    await events(db, "order/1")

    async def step(tx: Tx) -> None:
        await tx.execute(f"UPDATE outbox SET {impossible}")

    with pytest.raises(errors.StorageError, match="CHECK constraint failed"):
        await db.writer.write(step)


async def test_one_head_per_lane_by_priority_and_then_by_age(db: Database) -> None:
    await events(db, "product/5", priority=3)
    await events(db, "customer/3", priority=1)
    first, _, _ = await events(db, "order/2", "order/1", "order/2")
    assert await ready(db) == ["order/2", "order/1", "customer/3", "product/5"]
    heads = await db.read(outbox.heads, 1)
    assert [(head.lane, head.sequence, head.size) for head in heads] == [
        ("order/2", first.sequence, len(first.body))
    ]


async def test_a_lane_goes_on_to_its_next_event(db: Database) -> None:
    order, refund, other = await events(db, "order/1", "refund/2", "order/1", lane="order/1")
    for event in (order, refund, other):
        [head] = await db.read(outbox.heads, 10)
        assert head.sequence == event.sequence
        await settle(db, event, Dead("rejected", "") if event is refund else Accepted())
    assert await ready(db) == []


async def test_a_parked_lane_does_not_hold_others(db: Database) -> None:
    one, _ = await events(db, "order/1", "order/1")
    await events(db, "order/2")
    await settle(db, one, Again("deferred", "later", 30.0))
    assert await ready(db) == ["order/2"]


@pytest.mark.parametrize(
    ("now_after_s", "due"),
    [
        (0, False),
        (29.999, False),
        (30, True),
        (31, True),
        (-3600, False),
        (-outbox.FARTHEST_WAIT_S, True),  # the clock was set back: nobody waits that long
        (-86400 * 365, True),
    ],
)
async def test_a_lane_is_unparked_when_its_time_has_come(
    db: Database, now_after_s: float, due: bool
) -> None:
    [event] = await events(db, "order/1")
    await settle(db, event, Again("deferred", "later", 30.0))
    now = AT + timedelta(seconds=now_after_s)
    assert await db.read(outbox.is_any_due, now) is due
    await db.writer.write(lambda tx: outbox.unpark(tx, now))
    assert await ready(db) == (["order/1"] if due else [])
    assert not await db.read(outbox.is_any_due, now)


async def test_a_retry_that_came_through_leaves_no_lane_parked(db: Database) -> None:
    first, second = await events(db, "order/1", "order/1")
    await settle(db, first, Again("deferred", "later", 30.0))
    await settle(db, first, Accepted())
    [head] = await db.read(outbox.heads, 10)
    assert head.sequence == second.sequence


async def test_the_forwarders_view_unparks_by_itself(db: Database) -> None:
    time = FakeClock(AT)
    view = queues.Outbox(db, clock=time, reread=lambda _: Reading(), version=1)
    [event] = await events(db, "order/1")
    await settle(db, event, Again("deferred", "later", 30.0))
    assert await view.ready(10, ()) == []
    time.advance(30)
    assert [head.lane for head in await view.ready(10, ())] == ["order/1"]


async def test_webhooks_stored_side_by_side_are_all_there(db: Database) -> None:
    view = queues.Outbox(db, clock=FakeClock(AT), reread=lambda _: Reading(), version=1)
    hooks = [seeding.webhook(f"{n}".encode()) for n in range(200)]
    await asyncio.gather(*[view.append(f"id-{n}", hook) for n, hook in enumerate(hooks)])
    stored = await view.unjudged(1000)
    assert [row.webhook.body for row in stored] == [hook.body for hook in hooks]
    assert len({row.sequence for row in stored}) == 200


async def test_a_batch_is_settled_event_by_event(db: Database) -> None:
    """Whatever the gateway said about each, to the letter."""
    first, second, third, repeated = await events(db, "order/1", "order/2", "order/3", "order/4")
    told = 'says "\\no\\" — ☃ 🎉, [null]'
    largest = 2**63 - 1
    outcomes: list[Outcome] = [
        Accepted(largest, "2026-11-24T08:00:00Z"),
        Dead("bad", told),
        Again("busy", told, after_s=30.0),
        Accepted(duplicate=True),
    ]
    batch = [
        Attempt(event, AT, outcome, 200)
        for event, outcome in zip((first, second, third, repeated), outcomes, strict=True)
    ]
    await db.writer.write(lambda tx: settling.settle(tx, batch))
    rows = await select(
        db,
        "SELECT state, attempts, position, accepted_at, code, message, next_attempt_at, settled_at"
        " FROM outbox ORDER BY sequence",
    )
    at, due = clock.micros(AT), clock.micros(LATER)
    assert rows == [
        ("accepted", 1, largest, "2026-11-24T08:00:00Z", None, None, None, at),
        ("dead", 1, None, None, "bad", told, None, None),
        ("pending", 1, None, None, "busy", told, due, None),
        ("accepted", 1, None, None, None, None, None, at),
    ]
    assert await select(db, "SELECT n, at, outcome, status, message FROM attempts") == [
        (1, at, "accepted", 200, None),
        (1, at, "dead", 200, told),
        (1, at, "again", 200, told),
        (1, at, "duplicate", 200, None),
    ]
    assert await select(db, "SELECT lane, parked_until FROM lanes") == [("order/3", due)]


async def test_lanes_in_flight_are_passed_over_and_do_not_count(db: Database) -> None:
    await events(db, *(f"order/{n}" for n in range(6)))
    found = await db.read(outbox.heads, 2, {"order/0", "order/1", "order/3", "order/99"})
    assert [head.lane for head in found] == ["order/2", "order/4"]


async def test_a_large_batch_is_settled_in_pieces_that_share_a_commit_and_counts_the_dead(
    db: Database,
) -> None:
    view = queues.Outbox(db, clock=FakeClock(AT), reread=lambda _: Reading(), version=1)
    made = await events(db, *(f"order/{n}" for n in range(queues.SETTLED_AT_ONCE * 3)))
    for dead_in_a_row in (2, 2, 0):
        some, made = made[: -queues.SETTLED_AT_ONCE // 2], made[-queues.SETTLED_AT_ONCE // 2 :]
        before = metrics.REGISTRY.get_sample_value("woo_agent_commits_total") or 0.0
        await view.settle([Attempt(event, AT, Accepted(), 200) for event in some], dead_in_a_row)
        assert metrics.REGISTRY.get_sample_value("woo_agent_commits_total") == before + 1
        assert await view.dead_in_a_row() == dead_in_a_row
        made = [*made, *await events(db, "order/next")]
    assert len(await select(db, "SELECT 1 FROM outbox WHERE state = 'accepted'")) == len(
        await select(db, "SELECT 1 FROM attempts WHERE outcome = 'accepted'")
    )


async def test_the_dead_in_a_row_are_written_in_the_order_of_the_answers_and_again_after_a_fault(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = queues.Outbox(db, clock=FakeClock(AT), reread=lambda _: Reading(), version=1)
    first, second, third, fourth = await events(db, *(f"order/{n}" for n in range(4)))

    async def settled(event: Event, dead_in_a_row: int) -> None:
        await view.settle([Attempt(event, AT, Accepted(), 200)], dead_in_a_row)

    await settled(first, 0)
    await asyncio.gather(settled(second, 1), settled(third, 0))
    assert await view.dead_in_a_row() == 0
    monkeypatch.setattr(settling, "_ATTEMPT", "SELECT nothing, ? FROM nowhere")
    with pytest.raises(errors.StorageError):
        await settled(fourth, 2)
    monkeypatch.undo()
    await settled(fourth, 2)
    assert await view.dead_in_a_row() == 2
