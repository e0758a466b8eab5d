"""What may be stored follows the disk and the database, looked at once a second."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from agent import errors
from agent.model.delivery import Reading
from agent.model.pressure import Room
from agent.settings import StateSettings
from agent.storage import inbox_queue, outbox_view, queues
from agent.storage import pressure as module
from agent.storage.pressure import Pressure
from tests.clock import FakeClock
from tests.storage import seeding

if TYPE_CHECKING:
    from agent.model.inbox import Intake
    from agent.storage.database import Database


class Site:
    """A state whose settings can change, with both queues."""

    def __init__(self, db: Database, clock: FakeClock) -> None:
        self.db, self.clock = db, clock
        self.settings = StateSettings(dir=Path("/state"), min_free=0)
        self.pressure = Pressure(db, lambda: self.settings, clock)
        self.outbox = queues.Outbox(
            db, clock=clock, reread=lambda _: Reading(), version=1, pressure=self.pressure
        )
        self.inbox = inbox_queue.Inbox(db, clock=clock, pressure=self.pressure)

    def given(self, **changes: Any) -> None:
        self.settings = self.settings.model_copy(update=changes)
        self.clock.advance(module.LOOK_EVERY_S)

    async def stored(self, topic: str) -> bool:
        try:
            await self.outbox.append(f"{self.clock.now()}{topic}", seeding.webhook(topic=topic))
        except errors.StorageError as error:
            return "nearly full" not in error.message
        return True

    async def takes(self) -> tuple[bool, bool]:
        """(orders, products)"""
        return await self.stored("order.updated"), await self.stored("product.updated")


@pytest.fixture
async def site(db: Database) -> Site:
    return Site(db, FakeClock())


async def test_the_disk_decides(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await site.takes() == (True, True)
    monkeypatch.setattr(module, "_free", lambda _: 999)
    site.given(min_free=1000)
    assert await site.takes() == (True, False)
    assert await site.pressure.figures() == module.Figures(
        999, await site.db.read(outbox_view.size), Room.ORDERS
    )
    site.given(min_free=4000)
    assert await site.takes() == (False, False)
    site.given(min_free=0)
    assert await site.takes() == (True, True)


async def test_the_size_of_the_database_decides(site: Site) -> None:
    size = await site.db.read(outbox_view.size)
    site.given(max_size=int(size * 0.95))
    assert await site.takes() == (True, False)
    site.given(max_size=int(size * 0.5))
    assert await site.takes() == (False, False)


async def test_updates_stay_with_the_gateway_meanwhile(site: Site) -> None:
    site.given(max_size=1)
    with pytest.raises(errors.StorageError, match="nearly full"):
        await site.inbox.take_in(["u-1"], ["MUG"], _unasked, "cursor")
    assert await site.inbox.cursor() is None


async def test_it_is_looked_at_once_a_second_at_most(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[object] = []

    def free(db: object) -> int:
        looks.append(db)
        return 10**12

    monkeypatch.setattr(module, "_free", free)
    for _ in range(10):
        await site.takes()
        site.clock.advance(module.LOOK_EVERY_S / 4)
    assert len(looks) == 3


async def test_a_disk_that_can_not_be_asked_has_no_room(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise OSError

    monkeypatch.setattr(shutil, "disk_usage", fail)
    site.given(min_free=1)
    assert (await site.pressure.figures()).room is Room.NONE


def _unasked(*_: object) -> Intake:
    raise AssertionError
