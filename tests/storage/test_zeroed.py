"""What went to zero within the hour is counted across rounds, restarts and clocks that jump."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent.model import update as updates
from agent.model.inbox import Opened, Settlement, Zeroing
from agent.model.update import Refusal, UpdateState
from agent.storage import database, inbox_queue
from tests.clock import FakeClock
from tests.storage import seeding

if TYPE_CHECKING:
    from pathlib import Path

    from agent.storage.database import Database

HOUR_S = 3600


class Counted:
    """A database, and settlements that took the last piece of something away."""

    def __init__(self, db: Database, clock: FakeClock | None = None) -> None:
        self.db = db
        self.clock = clock or FakeClock()
        self.inbox = inbox_queue.Inbox(db, clock=self.clock)
        self.settled = 0

    async def settle(
        self,
        *skus: str,
        state: UpdateState = UpdateState.APPLIED,
        before: Any = 3,
        after: Any = 0,
        **row: Any,
    ) -> None:
        settlements = []
        for sku in skus:
            self.settled += 1
            item = {
                "id": f"u-{self.settled}",
                "kind": "stock",
                "sku": sku,
                "version": 1,
                "quantity": 0,
            }
            update = updates.read(item)
            assert not isinstance(update, Refusal)
            opened = Opened(1, update, self.clock.now(), UpdateState.PENDING, 0, **row)
            shown: dict[str, Any] = {"store": {"quantity": after}, "before": {"quantity": before}}
            settlements.append(Settlement(opened, state, **shown))
        await self.inbox.settle(settlements, {})

    async def found(self) -> tuple[int, set[str]]:
        zeroing = await self.inbox.zeroing(["A", "B", "C"])
        return zeroing.count, set(zeroing.counted)


async def test_each_sku_counts_once_for_an_hour(db: Database) -> None:
    books = Counted(db)
    assert await books.inbox.zeroing([]) == Zeroing(0, frozenset(), 0)
    await books.settle("A", "D")
    books.clock.advance(HOUR_S / 2)
    await books.settle("B")
    await books.settle("D")
    assert await books.found() == (3, {"A", "B"})
    books.clock.advance(HOUR_S / 2 - 1)
    assert await books.found() == (3, {"A", "B"})
    books.clock.advance(1)
    assert await books.found() == (2, {"B"})
    books.clock.advance(HOUR_S / 2)
    assert await books.found() == (0, set())


async def test_what_is_out_of_the_hour_is_not_kept(db: Database) -> None:
    books = Counted(db)
    await books.settle("A", "B")
    books.clock.advance(HOUR_S)
    await books.settle("C")
    assert await seeding.select(db, "SELECT sku FROM zeroed") == [("C",)]


@pytest.mark.parametrize(
    "settled",
    [
        {"after": 1},
        {"before": 0},
        {"before": None},
        {"after": None},
        {"state": UpdateState.UNCHANGED},
        {"state": UpdateState.WOULD_APPLY},
        {"state": UpdateState.FAILED},
        {"approved": True},
        {"reverts": True},
    ],
)
async def test_what_did_not_go_to_zero_by_itself_is_not_counted(
    db: Database, settled: dict[str, Any]
) -> None:
    books = Counted(db)
    await books.settle("A", **settled)
    assert await books.found() == (0, set())


async def test_the_count_survives_a_restart(tmp_path: Path) -> None:
    async with database.opened(tmp_path / "state") as db:
        await Counted(db).settle("A", after=-2)
    async with database.opened(tmp_path / "state") as db:
        assert await Counted(db).found() == (1, {"A"})


async def test_a_clock_that_was_put_back_counts_on_but_not_for_years(db: Database) -> None:
    books = Counted(db)
    await books.settle("A")
    back = Counted(db, FakeClock(books.clock.now() - timedelta(minutes=59)))
    assert await back.found() == (1, {"A"})
    far_back = Counted(db, FakeClock(books.clock.now() - timedelta(days=999)))
    assert await far_back.found() == (0, set())


async def test_the_catalogue_is_what_it_is_compared_with(db: Database) -> None:
    async with database.connected(db.path, readonly=False) as beside:
        await beside.execute(
            "INSERT INTO catalogue VALUES (7, 0, 'simple', 'A', 'publish', 'yes', '{}', 1, 0),"
            " (8, 0, 'simple', '', 'publish', 'no', '{}', 1, 0)"
        )
    assert await Counted(db).inbox.zeroing(["A"]) == Zeroing(0, frozenset(), 2)
