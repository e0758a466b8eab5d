"""Tells systemd that the loop turns and the writer answers; a slow ERP never restarts us."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from agent import errors
from agent.ops import health as healths

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from agent.clock import Clock
    from agent.ops.systemd import Notifier

STATUS_EVERY_S = 60.0


class Watchdog:
    """The loop."""

    def __init__(
        self,
        notifier: Notifier,
        *,
        alive: Callable[[], Awaitable[bool]],
        health: Callable[[], Awaitable[dict[str, Any]]],
        clock: Clock,
    ) -> None:
        self._notifier = notifier
        self._alive = alive
        self._health = health
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Twice per watchdog interval; without a watchdog only the status line, once a minute."""
        watched_s = self._notifier.watchdog_s
        interval_s = watched_s / 2 if watched_s else STATUS_EVERY_S
        while not stop.is_set():
            if await self._alive():
                self._notifier.alive()
            with contextlib.suppress(errors.StorageError):
                self._notifier.status(healths.line(await self._health()))
            await self._clock.sleep(interval_s, or_when=(stop,))
