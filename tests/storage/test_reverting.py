"""What stood before is put back: of which updates, which value counts, what is left afterwards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from agent import errors
from agent.model.inbox import Fence, Intake, NewRow, Opened, Settlement
from agent.model.update import UpdateState
from agent.storage import audit, inbox_queue, inbox_view, reverting
from tests.clock import FakeClock

if TYPE_CHECKING:
    from agent.storage.database import Database


class Books:
    """An inbox in which updates were applied, a minute each."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = FakeClock()
        self.inbox = inbox_queue.Inbox(db, clock=self.clock)
        self.begin = self.clock.now()

    async def applied(
        self,
        name: str,
        before: dict[str, Any] | None,
        *,
        sku: str = "MUG-1",
        state: UpdateState = UpdateState.APPLIED,
    ) -> None:
        """An update that found ``before`` in the store."""
        is_stock = before is None or "quantity" in before
        kind, sets = ("stock", {"quantity": 1}) if is_stock else ("price", {"regular_price": "1"})
        body = json.dumps({"id": name, "kind": kind, "sku": sku, "version": 1} | sets)
        row = NewRow(name, kind, sku, 1, body, UpdateState.PENDING, self.clock.now())
        await self.inbox.take_in([name], [sku], lambda *_: Intake((row,)), None)
        stood = None if before is None else {"id": 10} | before
        await self.settle(name, state, before=stood, store={"id": 10, **sets})

    async def settle(self, name: str, state: UpdateState, **more: Any) -> None:
        self.clock.advance(60)
        [opened] = [one for one in await self.due() if one.update.id == name]
        await self.inbox.settle([Settlement(opened, state, **more)], {})

    async def due(self) -> list[Opened]:
        return await self.inbox.due(100)

    async def putting_back(self) -> dict[str, dict[str, Any]]:
        """The values that updates of ours are about to put back."""
        return {one.update.id: one.update.values() for one in await self.due() if one.reverts}

    async def revert(self, *names: str) -> reverting.Reverted:
        given: dict[str, Any] = {"who": "zoe", "reason": "a slip", "now": self.clock.now()}
        return await self.db.writer.write(lambda tx: reverting.by_id(tx, names, **given))

    async def revert_since(self, minutes: int) -> reverting.Reverted:
        given: dict[str, Any] = {"who": "zoe", "reason": "since", "now": self.clock.now()}
        moment = self.begin.replace(minute=minutes)
        subjects = await self.db.read(reverting.subjects_since, moment)
        return await self.db.writer.write(lambda tx: reverting.since(tx, subjects, moment, **given))

    async def state(self, name: str) -> UpdateState:
        return await self.db.read(inbox_view.state, name)

    async def results(self) -> list[tuple[str, int, str]]:
        found = [result for _, result in await self.inbox.unreported(100)]
        return [(result["id"], result["n"], result["status"]) for result in found]


@pytest.fixture
async def books(db: Database) -> Books:
    return Books(db)


async def test_what_stood_before_is_kept_and_shown(books: Books) -> None:
    stood = {"regular_price": "12.50", "sale_price": None, "sale_to": books.clock.now()}
    await books.applied("u-1", stood)
    row = await books.db.read(inbox_view.row, "u-1")
    assert row["before"] == {"id": 10} | stood | {"sale_to": "2026-11-24T08:00:00Z"}
    assert (row["approved"], row["reverted_by"]) == (False, None)


async def test_an_update_of_ours_puts_it_back_and_the_gateway_hears_of_its_own(
    books: Books,
) -> None:
    await books.applied("u-1", {"quantity": 12})
    assert (await books.revert("u-1")).ids == ["u-1"]
    assert await books.putting_back() == {"revert-u-1": {"quantity": 12}}
    assert (await books.db.read(inbox_view.row, "u-1"))["reverted_by"] == "revert-u-1"
    assert await books.state("u-1") is UpdateState.APPLIED
    await books.settle("revert-u-1", UpdateState.APPLIED, store={"id": 10, "quantity": 12})
    assert await books.state("u-1") is UpdateState.REVERTED
    assert await books.state("revert-u-1") is UpdateState.APPLIED
    assert await books.results() == [("u-1", 1, "applied"), ("u-1", 2, "reverted")]
    [_, (_, result)] = await books.inbox.unreported(10)
    assert result["store"] == {"id": 10, "quantity": 12}
    [entry] = await books.db.read(audit.rows, 10)
    del entry["at"]
    assert entry == {"who": "zoe", "action": "revert", "target": "u-1", "reason": "a slip"}


@pytest.mark.parametrize(
    ("state", "becomes"),
    [
        (UpdateState.UNCHANGED, UpdateState.REVERTED),
        (UpdateState.FAILED, UpdateState.APPLIED),
        (UpdateState.REJECTED, UpdateState.APPLIED),
        (UpdateState.SUPERSEDED, UpdateState.APPLIED),
        (UpdateState.WOULD_APPLY, UpdateState.APPLIED),
    ],
)
async def test_it_is_reverted_only_once_the_store_shows_the_old_value(
    books: Books, state: UpdateState, becomes: UpdateState
) -> None:
    await books.applied("u-1", {"quantity": 12})
    await books.revert("u-1")
    await books.settle("revert-u-1", state)
    assert await books.state("u-1") is becomes
    if becomes is UpdateState.APPLIED:  # and can be tried again
        await books.revert("u-1")
        assert (await books.putting_back()).keys() == {"revert-u-1-2"}


async def test_the_fence_of_that_version_says_so_until_a_higher_one_is_acted_on(
    books: Books,
) -> None:
    async def fence(*raised: Fence) -> Fence:
        await books.inbox.settle([], dict.fromkeys([key], raised[0]) if raised else {})
        return (await books.inbox.known(["MUG-1"])).fences[key]

    key = ("stock", "MUG-1", "quantity")
    await books.applied("u-1", {"quantity": 12})
    assert await fence(Fence(1, None, "1")) == Fence(1, None, "1")
    await books.revert("u-1")
    await books.settle("revert-u-1", UpdateState.APPLIED)
    assert await fence() == Fence(1, None, "1", reverted=True)
    assert await fence(Fence(1, None, "1")) == Fence(1, None, "1", reverted=True)
    assert await fence(Fence(2, None, "7")) == Fence(2, None, "7")


async def test_of_several_of_a_field_the_oldest_says_what_stood(books: Books) -> None:
    await books.applied("u-1", {"regular_price": "10"})
    await books.applied("u-2", {"regular_price": "11", "sale_price": "5"})
    await books.applied("u-3", {"regular_price": "12"})
    await books.applied("other", {"quantity": 7})
    await books.revert("u-3", "u-1", "u-2")
    assert await books.putting_back() == {
        "revert-u-1": {"regular_price": "10", "sale_price": "5"},
    }
    await books.settle("revert-u-1", UpdateState.APPLIED)
    for name in ("u-1", "u-2", "u-3"):
        assert await books.state(name) is UpdateState.REVERTED
    assert await books.state("other") is UpdateState.APPLIED


async def test_what_a_later_one_set_is_not_taken_back_with_an_older_one(books: Books) -> None:
    await books.applied("u-1", {"regular_price": "10", "sale_price": "5"})
    await books.applied("u-2", {"sale_price": "4"})
    await books.applied("u-3", {"regular_price": "8"}, sku="MUG-2")
    with pytest.raises(errors.UsageError, match="u-2 was applied after u-1") as refused:
        await books.revert("u-1")
    assert refused.value.hint == "woo-agent updates show u-1"
    await books.revert("u-2")
    await books.settle("revert-u-2", UpdateState.APPLIED, before={"sale_price": "3"})
    await books.revert("u-1")
    assert (await books.putting_back())["revert-u-1"] == {
        "regular_price": "10",
        "sale_price": "5",
    }


async def test_all_since_a_moment_one_update_for_each_sku_and_kind(books: Books) -> None:
    await books.applied("at 1", {"quantity": 1})
    await books.applied("at 2", {"quantity": 2})
    await books.applied("at 3", {"regular_price": "3"})
    await books.applied("at 4", {"quantity": 4}, sku="MUG-2")
    await books.applied("at 5", {"quantity": 5})
    await books.applied("not", {"quantity": 6}, sku="MUG-2", state=UpdateState.FAILED)
    reverted = await books.revert_since(2)
    assert sorted(reverted.ids) == ["at 2", "at 3", "at 4", "at 5"]
    assert await books.putting_back() == {
        "revert-at 2": {"quantity": 2},
        "revert-at 3": {"regular_price": "3"},
        "revert-at 4": {"quantity": 4},
    }
    for name in await books.putting_back():
        await books.settle(name, UpdateState.APPLIED, before={"quantity": 9}, store={"id": 1})
    assert await books.state("at 5") is UpdateState.REVERTED
    assert await books.state("at 1") is UpdateState.APPLIED
    assert (await books.revert_since(2)).ids == []  # not what we have put back ourselves


@pytest.mark.parametrize(
    ("before", "why"),
    [
        (None, "what stood before u-1 is not known"),
        ({"quantity": None, "manage_stock": False}, "stock was not managed before u-1"),
        ({"quantity": 2.5}, "what stood before u-1 can't be put back: quantity: .*integer"),
        ({"regular_price": None}, "what stood before u-1 can't be put back: .*without a price"),
    ],
)
async def test_what_can_not_be_put_back_is_refused_or_left_with_the_reason(
    books: Books, before: dict[str, Any] | None, why: str
) -> None:
    await books.applied("u-1", before)
    await books.applied("good", {"quantity": 3}, sku="MUG-2")
    with pytest.raises(errors.UsageError, match=why):
        await books.revert("good", "u-1")
    assert await books.putting_back() == {}
    reverted = await books.revert_since(0)
    assert (reverted.ids, [*reverted.left]) == (["good"], ["u-1"])
    assert [entry["target"] for entry in await books.db.read(audit.rows, 10)] == ["good"]


async def test_only_what_was_applied_and_nobody_is_taking_back_already(books: Books) -> None:
    await books.applied("u-1", {"quantity": 3})
    await books.applied("failed", {"quantity": 3}, state=UpdateState.FAILED)
    with pytest.raises(errors.UsageError, match="failed is failed, not applied"):
        await books.revert("failed")
    with pytest.raises(errors.NotFoundError, match="no update u-9"):
        await books.revert("u-1", "u-9")
    await books.revert("u-1")
    with pytest.raises(errors.UsageError, match="revert-u-1 is at it already"):
        await books.revert("u-1")
    assert (await books.revert_since(0)).left == {"u-1": "revert-u-1 is at it already"}
    await books.settle("revert-u-1", UpdateState.APPLIED, before={"quantity": 1})
    with pytest.raises(errors.UsageError, match="puts back an old value itself"):
        await books.revert("revert-u-1")
    with pytest.raises(errors.UsageError, match="u-1 is reverted, not applied"):
        await books.revert("u-1")


async def test_a_name_that_is_too_long_or_taken_gets_another(books: Books) -> None:
    long = "x" * 200
    await books.applied("u-1", {"quantity": 3})
    await books.applied("revert-u-1", {"quantity": 3}, sku="MUG-2")
    await books.applied(long, {"quantity": 3}, sku="MUG-3")
    await books.revert("u-1", long)
    names = await books.putting_back()
    assert names.keys() == {"revert-u-1-2", "revert-" + "x" * 183}


async def test_an_id_of_the_feed_that_is_ours_is_not_approved(books: Books) -> None:
    await books.applied("u-1", {"quantity": 3})
    await books.revert("u-1")
    known: list[Any] = []

    def decide(seen: frozenset[str], about: Any) -> Intake:
        known.extend(about.again)
        return Intake(())

    await books.inbox.take_in(["revert-u-1"], ["MUG-1"], decide, None)
    assert known == []
