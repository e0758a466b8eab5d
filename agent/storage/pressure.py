"""Keeps room: looks at most once a second at how much there is, and says what may be stored."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent import errors
from agent.model import pressure
from agent.model.pressure import Room
from agent.storage import outbox_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.clock import Clock
    from agent.settings import StateSettings
    from agent.storage.database import Database

LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Bytes free on the disk, bytes of the database, and what both leave room for."""

    free: int
    size: int
    room: Room


class Pressure:
    """The room for one state."""

    def __init__(
        self, database: Database, settings: Callable[[], StateSettings], clock: Clock
    ) -> None:
        self._db = database
        self._settings = settings
        self._clock = clock
        self._room = Room.ENOUGH
        self._look_at = clock.monotonic()

    async def require(self, topic: str) -> None:
        """Raises StorageError where there is no room for a webhook of that topic."""
        if self._clock.monotonic() >= self._look_at:
            self._look_at = self._clock.monotonic() + LOOK_EVERY_S
            with contextlib.suppress(errors.StorageError):  # whoever writes is told
                await self.figures()
        if self._room is not Room.ENOUGH and not pressure.admits(topic, self._room):
            raise errors.StorageError(
                "the disk or the database is nearly full: "
                + ("only orders are stored" if self._room is Room.ORDERS else "nothing is stored"),
                hint="woo-agent status",
            )

    async def figures(self) -> Figures:
        """As they are now; raises StorageError where the database can't be read."""
        settings = self._settings()
        size = await self._db.read(outbox_view.size)
        free = await asyncio.to_thread(_free, self._db)
        self._room = min(
            pressure.on_disk(free, settings.min_free),
            pressure.in_database(size, settings.max_size),
        )
        return Figures(free, size, self._room)


def _free(database: Database) -> int:
    """0 where the disk can't be asked."""
    try:
        return shutil.disk_usage(database.path.parent).free
    except OSError:
        return 0
