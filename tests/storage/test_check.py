"""What does not agree in the state is found, one finding each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from agent.model.delivery import Accepted, Dead
from agent.storage import check
from tests.storage import ledger, seeding
from tests.storage.seeding import AT

if TYPE_CHECKING:
    from agent.storage.database import Database


async def filled(db: Database) -> None:
    events = await seeding.events(db, "order/1", "order/2", "order/3", "order/4")
    await seeding.settle(db, events[0], Accepted(1, "2026-11-24T08:00:00Z"))
    await seeding.settle(db, events[1], Dead("bad", "no"))
    await ledger.judge(db, ledger.order(ledger.line(2)))
    await seeding.append(db, seeding.webhook(), seeding.webhook())


async def test_a_state_that_agrees_with_itself_has_no_findings(db: Database) -> None:
    assert await db.read(check.findings, AT) == []
    await filled(db)
    assert await db.read(check.findings, AT) == []


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE outbox_tally SET n = n + 2 WHERE state = 'pending'", "pending is off by -2"),
        ("DELETE FROM outbox_tally WHERE state = 'dead'", "dead is off by 1"),
        ("DELETE FROM lanes WHERE lane = 'order/3'", "lane order/3 begins with nothing"),
        ("UPDATE lanes SET head = head + 1 WHERE lane = 'order/4'", "lane order/4 begins with"),
        ("INSERT INTO lanes VALUES ('order/9', 7, 0, NULL)", "order/9 begins with 7, but"),
        (
            "UPDATE stock_ledger SET sequence = 5",
            "lines of order 1022 came with webhook 5, which is not there",
        ),
        (
            "UPDATE counters SET value = (SELECT min(sequence) FROM unjudged)"
            " WHERE name = 'judged'",
            "(order.updated) was passed over by the judge",
        ),
    ],
)
async def test_each_disagreement_is_found(db: Database, statement: str, told: str) -> None:
    await filled(db)
    await db.writer.write(lambda tx: tx.execute(statement))
    [finding] = await db.read(check.findings, AT)
    assert told in finding.what
    assert (finding.next_step, finding.is_broken) == (check.REPORT, False)


@pytest.mark.parametrize(("back_s", "told"), [(59, []), (3600, ["the clock is 3600 s behind"])])
async def test_a_clock_that_was_set_back_is_found(
    db: Database, back_s: int, told: list[str]
) -> None:
    await seeding.append(db, seeding.webhook())
    found = await db.read(check.findings, AT - timedelta(seconds=back_s))
    assert [finding.what[:26] for finding in found] == told


async def test_rows_without_their_parents_are_found(db: Database) -> None:
    await filled(db)
    await db.writer._connection.execute("PRAGMA foreign_keys = OFF")
    await db.writer.write(
        lambda tx: tx.execute("INSERT INTO attempts VALUES (9, 1, 1, 'again', 1, NULL, NULL)")
    )
    [finding] = await db.read(check.findings, AT)
    assert finding.what == "a row of attempts belongs to none of outbox"


async def test_the_reader_sees_what_comes_after_a_check(db: Database) -> None:
    await db.read(check.findings, AT)
    await filled(db)
    assert await seeding.select(db, "SELECT count(*) FROM arrivals") == [(7,)]
