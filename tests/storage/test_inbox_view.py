"""What people see of the inbox."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from agent import errors
from agent.model.inbox import Intake, NewRow, Settlement
from agent.model.update import Code, UpdateState
from agent.storage import database, inbox_queue, inbox_view
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from agent.storage.database import Database


@dataclass
class Filled:
    """An inbox with MUG-1 applied, MUG-2 pending, and one that was refused at the door."""

    db: Database
    inbox: inbox_queue.Inbox

    async def rows(
        self, *, state: str | None = None, sku: str | None = None, limit: int = 10
    ) -> list[dict[str, Any]]:
        return await self.db.read(inbox_view.rows, state=state, sku=sku, limit=limit)

    async def row(self, update_id: str) -> dict[str, Any]:
        return await self.db.read(inbox_view.row, update_id)


@pytest.fixture
async def filled(tmp_path: Path) -> AsyncIterator[Filled]:
    clock = FakeClock()
    rows = [
        NewRow(
            f"u-{n}",
            "stock",
            f"MUG-{n}",
            n,
            json.dumps(
                {"id": f"u-{n}", "kind": "stock", "sku": f"MUG-{n}", "version": n, "quantity": 5}
            ),
            UpdateState.PENDING,
            clock.now(),
        )
        for n in (1, 2)
    ]
    refused = NewRow("bad", "", "", None, "[7", UpdateState.REJECTED, None, Code.INVALID, "no")
    async with database.opened(tmp_path) as db:
        inbox = inbox_queue.Inbox(db, clock=clock)
        page = Intake((*rows, refused))
        await inbox.take_in([], [], lambda seen, known: page, None)
        clock.advance(1.5)
        await inbox.settle([Settlement((await inbox.due(1))[0], UpdateState.APPLIED)], {})
        yield Filled(db, inbox)


async def test_rows_are_listed_newest_first_and_can_be_chosen(filled: Filled) -> None:
    assert [row["id"] for row in await filled.rows()] == ["bad", "u-2", "u-1"]
    assert [row["id"] for row in await filled.rows(limit=1)] == ["bad"]
    assert [row["id"] for row in await filled.rows(state="applied")] == ["u-1"]
    assert [row["id"] for row in await filled.rows(sku="MUG-2")] == ["u-2"]
    assert await filled.rows(sku="MUG-2", state="applied") == []


async def test_a_listed_row_says_what_it_is_and_how_it_stands(filled: Filled) -> None:
    [row] = await filled.rows(sku="MUG-1")
    assert row == {
        "id": "u-1",
        "kind": "stock",
        "sku": "MUG-1",
        "version": 1,
        "state": "applied",
        "code": None,
        "message": None,
        "received_at": "2026-11-24T08:00:00Z",
        "settled_at": "2026-11-24T08:00:01.500000Z",
    }


async def test_one_row_shows_its_body_and_the_results_that_wait(filled: Filled) -> None:
    applied, pending, bad = [await filled.row(name) for name in ("u-1", "u-2", "bad")]
    assert json.loads(applied["body"])["quantity"] == 5
    assert [(r["n"], r["status"]) for r in applied["unreported"]] == [(1, "applied")]
    assert applied["due_at"] is None
    assert (pending["due_at"], pending["unreported"]) == ("2026-11-24T08:00:00Z", [])
    assert (bad["body"], bad["code"], bad["message"]) == ("[7", "invalid", "no")
    await filled.inbox.reported([number for number, _ in await filled.inbox.unreported(9)])
    assert (await filled.row("u-1"))["unreported"] == []


async def test_an_unknown_id_is_not_found(filled: Filled) -> None:
    with pytest.raises(errors.NotFoundError, match="u-9"):
        await filled.row("u-9")


async def test_stats_count_the_open_states_and_the_results_that_wait(filled: Filled) -> None:
    stats = await filled.db.read(inbox_view.stats)
    assert stats == {"pending": 1, "waiting": 0, "held": 0, "unreported": 2}
