"""The inbox on a real database: nothing half stored, nothing twice, every result counted."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent import errors
from agent.model import update as updates
from agent.model.inbox import Fence, Intake, KnownVersions, NewRow, Opened, Settlement
from agent.model.update import Code, UpdateState
from agent.storage import database, inbox, inbox_queue
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from agent.storage.database import Database

QUANTITY = ("stock", "MUG-1", "quantity")


class Books:
    """A database, its clock and the inbox in it."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = FakeClock()
        self.inbox = inbox_queue.Inbox(db, clock=self.clock)

    def row(self, name: str, **more: Any) -> NewRow:
        """A stock update of MUG-1, pending."""
        item = {"id": name, "kind": "stock", "sku": "MUG-1", "version": 1, "quantity": 5}
        pending = NewRow(
            name, "stock", "MUG-1", 1, json.dumps(item), UpdateState.PENDING, self.clock.now()
        )
        return replace(pending, **more)

    async def take(self, *rows: NewRow, cursor: str | None = None) -> frozenset[str]:
        """Takes those in that are new; the ids that were there before."""
        before: list[frozenset[str]] = []

        def decide(seen: frozenset[str], known: KnownVersions) -> Intake:
            before.append(seen)
            return Intake(tuple(row for row in rows if row.id not in seen))

        await self.inbox.take_in([row.id for row in rows], ["MUG-1"], decide, cursor)
        return before[0]

    async def due(self, most: int = 10) -> list[Opened]:
        return await self.inbox.due(most)

    async def settle(self, state: UpdateState, **more: Any) -> None:
        """The oldest due row is settled."""
        opened = (await self.due())[0]
        await self.inbox.settle([Settlement(opened, state, **more)], {})

    async def results(self) -> list[dict[str, Any]]:
        return [result for _, result in await self.inbox.unreported(100)]


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Books]:
    async with database.opened(tmp_path / "state") as db:
        yield Books(db)


async def test_a_page_is_there_with_its_cursor(books: Books) -> None:
    assert await books.inbox.cursor() is None
    await books.take(books.row("u-1"), books.row("u-2"), cursor="c-1")
    assert await books.inbox.cursor() == "c-1"
    assert [opened.update.id for opened in await books.due()] == ["u-1", "u-2"]


async def test_a_page_that_can_not_be_stored_leaves_no_row_and_the_old_cursor(books: Books) -> None:
    await books.take(cursor="c-0")
    broken = books.row("u-2", due_at=None)  # the schema wants one for what is pending
    with pytest.raises(errors.StorageError):
        await books.take(books.row("u-1"), broken, cursor="c-1")
    assert await books.inbox.cursor() == "c-0"
    assert await books.due() == []


async def test_a_cursor_that_can_not_be_stored_leaves_no_row(books: Books) -> None:
    async with database.connected(books.db.path, readonly=False) as beside:
        await beside.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON cursors"
            " BEGIN SELECT raise(ABORT, 'no cursor today'); END"
        )
    with pytest.raises(errors.StorageError, match="no cursor today"):
        await books.take(books.row("u-1", state=UpdateState.REJECTED, due_at=None), cursor="c-1")
    assert await books.take(books.row("u-1")) == frozenset()
    assert await books.results() == []


async def test_the_same_id_again_does_nothing_but_move_the_cursor(books: Books) -> None:
    await books.take(books.row("u-1"), cursor="c-1")
    await books.settle(UpdateState.APPLIED)
    assert await books.take(books.row("u-1"), books.row("u-2"), cursor="c-2") == {"u-1"}
    assert [opened.update.id for opened in await books.due()] == ["u-2"]
    assert [result["status"] for result in await books.results()] == ["applied"]
    assert await books.inbox.cursor() == "c-2"


async def test_what_is_rejected_at_the_door_is_reported_and_never_due(books: Books) -> None:
    rejected = books.row(
        "u-1", state=UpdateState.REJECTED, due_at=None, code=Code.INVALID, message="quantity: no"
    )
    await books.take(replace(rejected, body="not even JSON", version=None))
    assert await books.due() == []
    assert await books.results() == [
        {
            "id": "u-1",
            "sku": "MUG-1",
            "kind": "stock",
            "version": None,
            "n": 1,
            "status": "rejected",
            "code": "invalid",
            "message": "quantity: no",
            "at": "2026-11-24T08:00:00Z",
        }
    ]


async def test_an_update_comes_due_at_its_time_together_with_the_others_of_its_sku(
    books: Books,
) -> None:
    later = books.clock.now() + timedelta(hours=1)
    waiting = {"state": UpdateState.WAITING, "due_at": later, "code": Code.NOT_DUE}
    await books.take(books.row("later", **waiting), books.row("u-1"), books.row("u-2"))
    assert [opened.update.id for opened in await books.due()] == ["u-1", "u-2"]
    assert [opened.update.id for opened in await books.due(1)] == ["u-1", "u-2"]
    books.clock.advance(3600)
    assert [opened.update.id for opened in await books.due()] == ["u-1", "u-2", "later"]
    [*_, last] = await books.due()
    assert (last.state, last.results) == (UpdateState.WAITING, 1)
    assert last.received_at == later - timedelta(hours=1)


async def test_no_more_skus_come_due_than_asked_for_and_of_each_the_newest_versions(
    books: Books,
) -> None:
    def row(sku: str, version: int) -> NewRow:
        item: dict[str, Any] = {"id": f"{sku}-{version}", "kind": "stock", "sku": sku}
        body = json.dumps(item | {"version": version, "quantity": 1})
        return books.row(item["id"], sku=sku, version=version, body=body)

    many = inbox.NEWEST_OF_A_SKU + 5
    rows = [row(sku, version) for version in range(1, many + 1) for sku in ("A", "B", "C")]
    await books.take(*rows)
    due = await books.due(2)
    assert {opened.update.sku for opened in due} == {"A", "B"}
    newest = set(range(6, many + 1))
    assert {opened.update.version for opened in due if opened.update.sku == "A"} == newest


async def test_waiting_then_applied_gives_two_results_and_waiting_on_gives_none(
    books: Books,
) -> None:
    await books.take(books.row("u-1"))
    for minutes in (10, 20):
        due_at = books.clock.now() + timedelta(minutes=10)
        await books.settle(UpdateState.WAITING, code=Code.UNKNOWN_SKU, due_at=due_at)
        assert await books.due() == []
        books.clock.advance(600)
        assert len(await books.results()) == 1, minutes
    shown = {"store": {"id": 10, "quantity": 5}, "before": {"id": 10, "quantity": 9}}
    await books.settle(UpdateState.APPLIED, **shown)
    assert await books.due() == []
    waiting, applied = await books.results()
    assert [(r["n"], r["status"]) for r in (waiting, applied)] == [(1, "waiting"), (2, "applied")]
    assert waiting["code"] == "unknown_sku"
    assert "code" not in applied
    assert {name: applied[name] for name in shown} == shown
    assert applied["at"] == "2026-11-24T08:20:00Z"


async def test_a_result_is_kept_until_it_was_reported(books: Books) -> None:
    await books.take(books.row("u-1"), books.row("u-2"), books.row("u-3"))
    for _ in range(3):
        await books.settle(UpdateState.UNCHANGED)
    first, second = await books.inbox.unreported(2)
    assert [result["id"] for _, result in (first, second)] == ["u-1", "u-2"]
    await books.inbox.reported([first[0]])
    assert [result["id"] for result in await books.results()] == ["u-2", "u-3"]
    await books.inbox.reported([first[0], second[0]])
    assert [result["id"] for result in await books.results()] == ["u-3"]


async def test_settling_is_all_or_nothing(books: Books) -> None:
    await books.take(books.row("u-1"), books.row("u-2"))
    one, two = await books.due()
    broken = Settlement(two, UpdateState.WAITING, due_at=None)
    fence = {QUANTITY: Fence(1, None, "5")}
    with pytest.raises(errors.StorageError):
        await books.inbox.settle([Settlement(one, UpdateState.APPLIED), broken], fence)
    assert [opened.update.id for opened in await books.due()] == ["u-1", "u-2"]
    assert await books.results() == []
    assert (await books.inbox.known(["MUG-1"])).fences == {}


async def test_a_fence_rises_and_is_never_lowered(books: Books) -> None:
    friday = books.clock.now() + timedelta(days=3)

    async def raised(fence: Fence) -> Fence:
        await books.inbox.settle([], {QUANTITY: fence})
        return (await books.inbox.known(["MUG-1", "MUG-2"])).fences[QUANTITY]

    assert await raised(Fence(5, None, "5")) == Fence(5, None, "5")
    assert await raised(Fence(4, None, "4")) == Fence(5, None, "5")
    assert await raised(Fence(6, None, "6")) == Fence(6, None, "6")
    assert await raised(Fence(3, friday, "3")) == Fence(6, friday, "6")
    assert await raised(Fence(7, None, "7")) == Fence(7, friday, "7")
    assert await raised(Fence(7, None, "7")) == Fence(7, friday, "7")


async def test_known_are_the_fences_and_open_updates_of_the_skus_asked_for(books: Books) -> None:
    other = {"id": "u-3", "kind": "stock", "sku": "MUG-2", "version": 1, "quantity": 5}
    await books.take(
        books.row("u-1"), books.row("u-2"), books.row("u-3", sku="MUG-2", body=json.dumps(other))
    )
    await books.inbox.settle(
        [Settlement((await books.due())[0], UpdateState.APPLIED)],
        {QUANTITY: Fence(1, None, "5"), ("stock", "MUG-2", "quantity"): Fence(9, None, "1")},
    )
    known = await books.db.read(inbox.known, ["MUG-1"])
    assert known.fences == {QUANTITY: Fence(1, None, "5")}
    assert [update.id for update in known.open] == ["u-2"]
    assert await books.inbox.known(["MUG-1"]) == KnownVersions(known.fences)  # none is waiting
    assert (await books.db.read(inbox.known, ["MUG-1"], versions=[99])).open == ()
    assert await books.inbox.known([]) == KnownVersions({})


async def test_a_stored_update_reads_as_it_came(books: Books) -> None:
    item = {
        "id": "p",
        "kind": "price",
        "sku": "Blåbær ~ 100%",
        "version": 2**53 - 1,
        "sale_price": None,
        "sale_to": "2026-11-27T01:00:00+01:00",
    }
    row = books.row("p", kind="price", sku=item["sku"], version=item["version"])
    await books.take(replace(row, body=json.dumps(item)))
    [opened] = await books.due()
    assert opened.update == updates.read(item)
    await books.settle(UpdateState.APPLIED, store=opened.update.values())
    [result] = await books.results()
    assert result["store"] == {"sale_price": None, "sale_to": "2026-11-27T00:00:00Z"}
    assert (result["sku"], result["version"]) == (item["sku"], item["version"])


async def test_everything_is_still_there_after_a_restart(tmp_path: Path) -> None:
    async with database.opened(tmp_path / "state") as db:
        books = Books(db)
        await books.take(books.row("u-1"), books.row("u-2"), cursor="c-1")
        await books.settle(UpdateState.APPLIED)
        await books.inbox.settle([], {QUANTITY: Fence(1, None, "5")})
    async with database.opened(tmp_path / "state") as db:
        books = Books(db)
        assert await books.inbox.cursor() == "c-1"
        assert [opened.update.id for opened in await books.due()] == ["u-2"]
        assert [result["id"] for result in await books.results()] == ["u-1"]
        assert QUANTITY in (await books.inbox.known(["MUG-1"])).fences


async def test_one_without_version_raises_the_fence_above_the_version_it_came_after(
    books: Books,
) -> None:
    async def raised(fence: Fence) -> Fence:
        await books.inbox.settle([], {QUANTITY: fence})
        return (await books.inbox.known(["MUG-1"])).fences[QUANTITY]

    await raised(Fence(5, None, "5"))
    assert await raised(Fence(5, None, "7", 2)) == Fence(5, None, "7", 2)
    assert await raised(Fence(5, None, "6", 1)) == Fence(5, None, "7", 2)
    assert await raised(Fence(4, None, "4", 9)) == Fence(5, None, "7", 2)
    assert await raised(Fence(6, None, "8")) == Fence(6, None, "8")


async def test_a_body_that_sql_can_not_read_keeps_no_other_from_being_due(books: Books) -> None:
    """An earlier program stored NaN as it was told it."""
    item = {"id": "u-1", "kind": "stock", "sku": "MUG-1", "quantity": 5, "rank_given": [0, 1]}
    odd = json.dumps(item | {"ignored": float("nan")})
    whole = json.dumps(item | {"id": "u-2", "rank_given": [0, 2]})
    await books.take(
        books.row("u-1", version=None, body=odd), books.row("u-2", version=None, body=whole)
    )
    await books.take(books.row("u-3"))
    assert [(one.update.id, one.update.rank) for one in await books.due()] == [
        ("u-1", (0, 1)),
        ("u-2", (0, 2)),
        ("u-3", (1, 0)),
    ]
