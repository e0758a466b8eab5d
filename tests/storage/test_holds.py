"""Held rows on a real database: let go, refused, approved by the gateway, overtaken, expired."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent import errors
from agent.model.inbox import (
    Fence,
    FenceKey,
    Intake,
    KnownVersions,
    NewRow,
    Opened,
    Settlement,
)
from agent.model.update import Code, UpdateState
from agent.storage import audit, database, holds, inbox_queue, inbox_view
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from agent.storage.database import Database

HELD: dict[str, Any] = {"code": Code.ZERO_PRICE, "message": "from 12.50 to 0"}
QUANTITY = ("stock", "MUG-1", "quantity")


class Books:
    """An inbox, its clock and its audit."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = FakeClock()
        self.inbox = inbox_queue.Inbox(db, clock=self.clock)

    async def take(self, *names: str, approves: tuple[str, ...] = (), **item: Any) -> KnownVersions:
        """Updates of MUG-1 come in, pending; what was known of them."""
        found: list[KnownVersions] = []

        def decide(seen: frozenset[str], known: KnownVersions) -> Intake:
            found.append(known)
            return Intake(tuple(self._row(name, **item) for name in names), approves)

        await self.inbox.take_in([*names, *approves], ["MUG-1"], decide, None)
        return found[0]

    def _row(self, name: str, **item: Any) -> NewRow:
        stock: dict[str, Any] = {"id": name, "kind": "stock", "sku": "MUG-1"}
        stock |= {"version": 1, "quantity": 0} | item
        body = json.dumps(stock)
        at = self.clock.now()
        return NewRow(name, "stock", "MUG-1", stock["version"], body, UpdateState.PENDING, at)

    async def hold(self, *names: str, **item: Any) -> None:
        """Such updates come in and are held."""
        await self.take(*names, **item)
        due = await self.inbox.due(10)
        held = [Settlement(one, UpdateState.HELD, **HELD) for one in due if one.update.id in names]
        await self.inbox.settle(held, {})

    async def state(self, name: str) -> UpdateState:
        return await self.db.read(inbox_view.state, name)

    async def due(self) -> dict[str, bool]:
        """Ids of what is due, and whether it was approved."""
        return {one.update.id: one.approved for one in await self.inbox.due(10)}

    async def results(self, name: str) -> list[tuple[int, str]]:
        found = [result for _, result in await self.inbox.unreported(100)]
        return [(result["n"], result["status"]) for result in found if result["id"] == name]

    async def audited(self) -> list[tuple[str, str, str, str]]:
        rows = await self.db.read(audit.rows, 10)
        return [(row["who"], row["action"], row["target"], row["reason"]) for row in rows]

    async def approve(self, *names: str) -> None:
        given: dict[str, Any] = {"who": "zoe", "reason": "I asked", "now": self.clock.now()}
        await self.db.writer.write(lambda tx: holds.approve(tx, names, **given))

    async def reject(self, *names: str) -> None:
        given: dict[str, Any] = {"who": "zoe", "reason": "a typo", "now": self.clock.now()}
        await self.db.writer.write(lambda tx: holds.reject(tx, names, **given))


@pytest.fixture
async def books(db: Database) -> Books:
    return Books(db)


async def test_a_held_update_is_reported_and_never_due(books: Books) -> None:
    await books.hold("u-1")
    assert await books.due() == {}
    books.clock.advance(30 * 86400)
    assert await books.due() == {}
    assert await books.results("u-1") == [(1, "held")]
    assert (await books.db.read(inbox_view.stats))["held"] == 1


async def test_an_approved_one_is_due_at_once_and_can_not_be_held_again(books: Books) -> None:
    await books.hold("u-1", "u-2")
    await books.approve("u-1")
    assert await books.due() == {"u-1": True}
    [opened] = await books.inbox.due(10)
    await books.inbox.settle([Settlement(opened, UpdateState.HELD, **HELD)], {})
    assert await books.due() == {"u-1": True}
    await books.inbox.settle([Settlement(opened, UpdateState.APPLIED)], {})
    assert await books.results("u-1") == [(1, "held"), (2, "applied")]
    assert await books.state("u-2") is UpdateState.HELD
    assert await books.audited() == [("zoe", "approve", "u-1", "I asked")]


async def test_a_rejected_one_is_settled_and_the_gateway_told_why(books: Books) -> None:
    await books.hold("u-1")
    await books.reject("u-1")
    assert await books.state("u-1") is UpdateState.REJECTED
    [_, (_, result)] = await books.inbox.unreported(10)
    assert (result["n"], result["status"]) == (2, "rejected")
    assert (result["code"], result["message"]) == ("not_approved", "a typo")
    assert (await books.inbox.known(["MUG-1"])).fences == {}
    assert await books.audited() == [("zoe", "reject", "u-1", "a typo")]


async def test_one_that_is_not_held_is_refused_and_nothing_is_done_to_the_others(
    books: Books,
) -> None:
    await books.hold("u-1")
    await books.take("u-2", version=2)
    for step in (books.approve, books.reject):
        with pytest.raises(errors.UsageError, match="u-2 is pending, not held") as refused:
            await step("u-1", "u-2")
        assert refused.value.hint == "woo-agent updates list --state held"
        with pytest.raises(errors.NotFoundError, match="no update u-9"):
            await step("u-1", "u-9")
    assert await books.state("u-1") is UpdateState.HELD
    assert await books.audited() == []


async def test_the_gateway_lets_a_held_one_go(books: Books) -> None:
    await books.hold("u-1")
    known = await books.take("u-2", approves=("u-1",), version=2)
    assert {name: update.id for name, update in known.again.items()} == {"u-1": "u-1"}
    assert await books.due() == {"u-1": True, "u-2": False}
    assert await books.audited() == [("gateway", "approve", "u-1", "approved: true")]
    await books.take(approves=("u-1",))
    assert len(await books.audited()) == 1


async def test_an_approval_that_comes_before_the_hold_is_not_lost(books: Books) -> None:
    await books.take("u-1")
    [read_before] = await books.inbox.due(10)
    await books.take(approves=("u-1",))
    await books.inbox.settle([Settlement(read_before, UpdateState.HELD, **HELD)], {})
    assert await books.due() == {"u-1": True}
    assert await books.results("u-1") == []
    assert await books.audited() == []  # there was no hold to lift


async def test_an_approval_of_what_is_settled_does_nothing(books: Books) -> None:
    await books.hold("u-1")
    await books.reject("u-1")
    known = await books.take(approves=("u-1",))
    assert known.again == {}
    assert await books.state("u-1") is UpdateState.REJECTED
    assert len(await books.audited()) == 1


async def test_what_is_held_and_what_was_approved_survive_a_restart(tmp_path: Path) -> None:
    async with database.opened(tmp_path / "state") as db:
        await Books(db).hold("u-1", "u-2")
        await Books(db).approve("u-1")
    async with database.opened(tmp_path / "state") as db:
        assert await Books(db).due() == {"u-1": True}
        assert await Books(db).state("u-2") is UpdateState.HELD


def over(held: Opened, fences: Mapping[FenceKey, Fence]) -> Settlement:
    return Settlement(held, UpdateState.SUPERSEDED, message=f"{len(fences)} fences")


async def test_only_what_may_be_over_is_looked_at(books: Books) -> None:
    soon = books.clock.now() + timedelta(hours=1)
    await books.hold("newer", version=9)
    await books.hold("older", version=3)
    await books.hold("expires", version=8, expires_at=soon.isoformat())
    assert await books.inbox.review(0, over) == ([], 0)
    await books.inbox.settle([], {QUANTITY: Fence(5, None, "5")})
    [settled], after = await books.inbox.review(0, over)
    assert (settled.opened.update.id, settled.message, after) == ("older", "1 fences", 0)
    books.clock.advance(3600)
    [settled], _ = await books.inbox.review(0, over)
    assert settled.opened.update.id == "expires"
    assert await books.results("expires") == [(1, "held"), (2, "superseded")]
    assert await books.state("newer") is UpdateState.HELD


async def test_one_that_is_not_over_does_not_keep_others_from_being_looked_at(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holds, "MOST_AT_ONCE", 2)
    for n in range(5):
        await books.hold(f"u-{n}", version=n)
    await books.inbox.settle([], {QUANTITY: Fence(9, None, "5")})
    asked: list[str] = []

    def is_last(held: Opened, fences: Mapping[FenceKey, Fence]) -> Settlement | None:
        asked.append(held.update.id)
        return over(held, fences) if held.update.id == "u-4" else None

    after = -1
    while after:
        settled, after = await books.inbox.review(max(after, 0), is_last)
    assert [one.opened.update.id for one in settled] == ["u-4"]
    assert asked == [f"u-{n}" for n in range(5)]


async def test_an_update_may_come_approved(books: Books) -> None:
    def decide(seen: frozenset[str], known: KnownVersions) -> Intake:
        return Intake((replace(books._row("u-1"), approved=True),))

    await books.inbox.take_in(["u-1"], ["MUG-1"], decide, None)
    assert await books.due() == {"u-1": True}


async def test_one_that_sql_can_not_read_is_looked_at_and_keeps_nobody(books: Books) -> None:
    """An earlier program stored NaN as it was told it."""
    await books.hold("u-1", "u-2", version=None, rank_given=[0, 1], ignored=float("nan"))
    await books.hold("u-3", version=None, rank_given=[0, 1])
    await books.inbox.settle([], {QUANTITY: Fence(5, None, "7")})
    settled, _ = await books.inbox.review(0, over)
    assert [one.opened.update.id for one in settled] == ["u-1", "u-2", "u-3"]
