"""The clock jumped back an hour: what was put off before is not waited for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from agent.model.delivery import Look
from agent.storage import followups, inbox
from tests.storage.seeding import AT, select

if TYPE_CHECKING:
    from agent.storage.database import Database

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("due_in", "is_due"),
    [
        (timedelta(0), True),
        (timedelta(seconds=1), False),
        (timedelta(minutes=15), False),
        (HOUR, True),
    ],
)
async def test_a_look_at_the_store_is_never_put_off_longer_than_that(
    db: Database, due_in: timedelta, is_due: bool
) -> None:
    await db.writer.write(
        lambda tx: followups.ask(tx, Look.DELETION, "order/1", cause=1, due=AT + due_in)
    )
    assert bool(await db.read(followups.due, AT, 10)) is is_due


@pytest.mark.parametrize(
    ("due_in", "code", "is_due"),
    [
        (timedelta(0), None, True),
        (timedelta(minutes=10), "unknown_sku", False),
        (HOUR, "unknown_sku", True),
        (HOUR, None, True),
        (HOUR, "not_due", False),
        (timedelta(0), "not_due", True),
    ],
)
async def test_an_update_is_waited_for_longer_only_if_it_says_so_itself(
    db: Database, due_in: timedelta, code: str | None, is_due: bool
) -> None:
    due = (AT + due_in).timestamp() * 1_000_000
    body = '{"id": "u", "kind": "stock", "sku": "MUG", "version": 1, "quantity": 1}'
    await db.writer.write(
        lambda tx: tx.execute(
            "INSERT INTO inbox (number, id, kind, sku, body, state, code, received_at, due_at)"
            " VALUES (1, 'u', 'stock', 'MUG', ?, 'waiting', ?, 0, ?)",
            (body, code, int(due)),
        )
    )
    assert bool(await db.read(inbox.due, AT, 10)) is is_due


async def test_scheduled_updates_are_not_looked_through_for_that(db: Database) -> None:
    plan = await select(
        db,
        "EXPLAIN QUERY PLAN SELECT number FROM inbox WHERE due_at > 1 AND code IS NOT 'not_due'"
        " ORDER BY due_at, number LIMIT 1",
    )
    assert "inbox_unscheduled" in plan[0][-1]
