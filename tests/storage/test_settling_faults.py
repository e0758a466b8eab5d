"""Settling hands several statements over at once: where one fails nothing of them stays."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from agent import errors
from agent.model.delivery import Accepted, Again, Attempt, Dead, Outcome
from agent.storage import check, settling
from tests.storage import ledger, seeding
from tests.storage.seeding import AT

if TYPE_CHECKING:
    from agent.storage.database import Database
    from agent.storage.writer import Tx

WRITES = {
    "outbox": "BEFORE UPDATE ON outbox",
    "attempts": "BEFORE INSERT ON attempts",
    "lanes": "BEFORE DELETE ON lanes",
    "lanes moved": "BEFORE UPDATE ON lanes",
    "acceptances": "BEFORE INSERT ON acceptances",
}


def contents(db: Database) -> list[str]:
    with closing(sqlite3.connect(db.path)) as beside:
        return [line for line in beside.iterdump() if "TRIGGER" not in line]


async def attempts(db: Database, *outcomes: Outcome, message: str = "") -> list[Attempt]:
    """Each about an event of its own lane, which holds a unit; the first lane has another one."""
    made = await seeding.events(db, *(f"order/{number}" for number in range(len(outcomes))))
    await seeding.events(db, "order/0")
    await ledger.hold(db)
    return [Attempt(one, AT, said, 200) for one, said in zip(made, outcomes, strict=True)]


async def settle(db: Database, tried: list[Attempt]) -> None:
    await db.writer.write(lambda tx: settling.settle(tx, tried, 0))


@pytest.mark.parametrize("how", ["ABORT", "FAIL", "ROLLBACK"])
@pytest.mark.parametrize("what", WRITES)
async def test_where_one_statement_fails_nothing_of_the_transaction_stays(
    db: Database, what: str, how: str
) -> None:
    """``ROLLBACK``: SQLite ends the transaction itself, as where the disk fails."""
    tried = await attempts(db, Accepted(7), Accepted(8), Dead("no", "no"), Again("later", "", 1.0))

    async def refusing(tx: Tx) -> None:
        await tx.execute(
            f"CREATE TRIGGER refuse {WRITES[what]} BEGIN SELECT RAISE({how}, 'not today'); END"
        )

    await db.writer.write(refusing)
    before = contents(db)
    with pytest.raises(errors.StorageError, match="not today"):
        await settle(db, tried)
    assert contents(db) == before
    assert await db.read(check.findings, AT) == []
    await db.writer.write(lambda tx: tx.execute("DROP TRIGGER refuse"))
    await settle(db, tried)
    states = await seeding.select(db, "SELECT state FROM outbox ORDER BY sequence")
    assert [state for (state,) in states] == ["accepted", "accepted", "dead", "pending", "pending"]
    assert await db.read(check.findings, AT) == []


@pytest.mark.parametrize("size", [3_000, 30_000])
async def test_where_the_disk_is_full_nothing_of_the_transaction_stays(
    db: Database, size: int
) -> None:
    tried = await attempts(db, Accepted(7), *[Dead("no", "x" * size)] * 20)
    await db.writer.write(lambda tx: tx.execute("PRAGMA max_page_count = 1"))  # as many as it has
    before = contents(db)
    with pytest.raises(errors.StorageError, match="disk is full"):
        await settle(db, tried)
    assert contents(db) == before
    await db.writer.write(lambda tx: tx.execute("PRAGMA max_page_count = 1000000"))
    await settle(db, tried)
    assert await db.read(check.findings, AT) == []
