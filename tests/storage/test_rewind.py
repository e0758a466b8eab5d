"""The gateway went back in time."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from agent.model import foreign
from agent.model.delivery import Accepted
from agent.storage import cursors, inbox, journals, outbox, rewind
from tests.storage import seeding
from tests.storage.seeding import AT

if TYPE_CHECKING:
    from agent.storage.database import Database


async def _accepted(db: Database, *positions: int | None) -> list[str]:
    """An accepted event at each of those positions; their subjects."""
    subjects = [f"order/{n}" for n in range(len(positions))]
    events = await seeding.events(db, *subjects)
    for event, position in zip(events, positions, strict=True):
        await seeding.settle(db, event, Accepted(position, "2026-11-24T08:00:00Z"))
    return subjects


async def _journal(db: Database, name: str, head: int | None) -> int | None:
    since = AT - timedelta(days=30)
    return await db.writer.write(lambda tx: rewind.journal(tx, name, head, retained_since=since))


@pytest.mark.parametrize(
    ("head", "lost"), [(0, [0, 1, 2, 3]), (2, [2, 3]), (4, [3]), (None, [0, 1, 2, 3])]
)
async def test_what_lies_above_the_head_position_is_sent_again(
    db: Database, head: int | None, lost: list[int]
) -> None:
    subjects = await _accepted(db, 1, 2, 4, None)
    assert await _journal(db, "first", 4) is None
    assert await _journal(db, "first", 4) is None
    assert await _journal(db, "second", head) == len(lost)
    assert await seeding.ready(db) == [subjects[n] for n in lost]
    heads = await db.read(outbox.heads, 10)
    events = await db.read(outbox.events, [head.sequence for head in heads])
    assert not any(event.replay for event in events)  # the gateway does not know these ids


async def test_what_was_settled_before_the_retention_is_left_alone(db: Database) -> None:
    await _accepted(db, 1)
    await _journal(db, "first", None)
    later = AT + timedelta(seconds=1)
    assert (
        await db.writer.write(lambda tx: rewind.journal(tx, "second", None, retained_since=later))
        == 0
    )


async def test_positions_fences_and_the_place_in_the_feed_are_forgotten(db: Database) -> None:
    await _accepted(db, 1, 2)
    await _journal(db, "first", 2)
    await db.writer.write(lambda tx: cursors.put(tx, inbox.FEED, "c-9"))
    await db.writer.write(
        lambda tx: tx.execute(
            "INSERT INTO fences VALUES ('stock', 'A', 'quantity', 7, 0, '1', 0, 0)"
        )
    )
    await _journal(db, "second", 2)
    assert await seeding.select(db, "SELECT count(*) FROM outbox WHERE position NOT NULL") == [(0,)]
    assert await seeding.select(db, "SELECT count(*) FROM fences") == [(0,)]
    assert await db.read(cursors.get, inbox.FEED) is None
    assert await db.read(cursors.get, inbox.CATCHING_UP) == "1"


async def test_a_lane_with_newer_events_waiting_sends_the_lost_ones_first(db: Database) -> None:
    [old] = await seeding.events(db, "order/1")
    await seeding.settle(db, old, Accepted(5))
    await seeding.events(db, "order/1")
    await _journal(db, "first", 5)
    await _journal(db, "second", 4)
    [head] = await db.read(outbox.heads, 10)
    assert head.sequence == old.sequence


async def test_own_numbers_go_on_above_the_gateways_last(db: Database) -> None:
    far = 2**60
    await db.writer.write(lambda tx: outbox.number_above(tx, far))
    [row] = await seeding.append(db, seeding.webhook())
    assert row.sequence == far + 1


@pytest.mark.parametrize("kept", ["a b", "a  b", "a b ", " a\tb"])
async def test_an_upgrade_is_no_restore_however_the_name_was_kept(db: Database, kept: str) -> None:
    await _accepted(db, 1)
    await db.writer.write(lambda tx: journals.name_it(tx, 0, kept))
    name = foreign.name("a  b")
    assert await _journal(db, name, 0) is None
    assert await db.read(journals.named, name) == 0
    assert await _journal(db, "second", 1) == 0
    late = partial(rewind.journal, name=name, head_position=0, retained_since=AT, asked_in=0)
    assert await db.writer.write(lambda tx: late(tx)) is None
