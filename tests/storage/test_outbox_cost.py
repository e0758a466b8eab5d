"""What is asked all day costs the same whether ten rows wait or ten million."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.model.delivery import Accepted
from agent.model.resend import Resend
from agent.storage import followups, outbox, outbox_view, replay, resend, settling, stock_ledger
from tests.storage.seeding import AT, SNAPSHOT, append, events, settle, webhook

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import aiosqlite

    from agent.storage.database import Database


@pytest.mark.parametrize(
    "ask",
    [
        lambda db: outbox.heads(db, 100),
        lambda db: outbox.unjudged(db, 50),
        lambda db: outbox.is_any_due(db, AT),
        lambda db: outbox.unpark(db, AT),
        lambda db: settling.advance(db, ["order/1"]),
        lambda db: outbox.events(db, [1, 2]),
        lambda db: outbox_view.stats(db, AT),
        lambda db: followups.due(db, AT, 50),
        lambda db: stock_ledger.snapshots(db, [10, 11], [1]),
        lambda db: resend.is_asked(db),
        lambda db: replay.asked(db, Resend(id="r", kind="resend", since_position=1)),
        lambda db: replay.asked(db, Resend(id="r", kind="resend", subject="order/1")),
        lambda db: replay.asked(db, Resend(id="r", kind="resend", type=SNAPSHOT)),
    ],
    ids=[
        *("heads", "unjudged", "is_any_due", "unpark", "advance", "events", "stats", "followups"),
        *("snapshots", "is_asked", "asked since", "asked about", "asked of a type"),
    ],
)
async def test_no_scan_of_rows_and_nothing_sorted(
    db: Database, ask: Callable[[aiosqlite.Connection], Awaitable[object]]
) -> None:
    [event, _] = await events(db, "order/1", "order/1")
    await settle(db, event, Accepted(1))
    await append(db, webhook())
    plans = await _plans(db.writer._connection, ask)
    assert plans
    for statement, plan in plans:
        assert "TEMP B-TREE" not in plan
        for table in (
            *("outbox", "row", "lost", "arrivals", "lanes", "followups", "inbox"),
            *("stock_ledger", "catalogue"),
        ):
            assert plan not in (f"SCAN {table}", f"SCAN {table} USING INTEGER PRIMARY KEY")
        if plan.startswith("SCAN outbox "):  # an index of nothing but what is wanted, to its LIMIT
            assert "outbox_pending" in plan or "outbox_unjudged" in plan
            assert "LIMIT" in statement


async def _plans(
    db: aiosqlite.Connection, ask: Callable[[aiosqlite.Connection], Awaitable[object]]
) -> list[tuple[str, str]]:
    """How SQLite goes about every statement that ``ask`` runs."""
    statements: list[str] = []
    await db.execute("BEGIN")
    await db.set_trace_callback(statements.append)
    await ask(db)
    await db.set_trace_callback(None)  # type: ignore[arg-type]
    await db.execute("ROLLBACK")
    return [
        (statement, row[3])
        for statement in statements
        for row in await db.execute_fetchall(f"EXPLAIN QUERY PLAN {statement}")
        if "PRAGMA" not in statement
    ]
