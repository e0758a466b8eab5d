"""``_reduced_stock`` is written a moment after the stock was moved: two statements of one request,
between which others read the order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.demo.shop.bodies import JSON
    from agent.demo.shop.work import Host


class Late:
    """What is still to be written, by the line it is about; at once where the pace has no lag."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._waiting: dict[int, Callable[[], None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def write(self, line: JSON, change: Callable[[], None], saved: Callable[[], None]) -> None:
        """Does ``change`` to the line after the lag, and then tells that it was ``saved``."""
        lag_s = self._host.drawn(self._host.pace.meta_lag_s)
        if not lag_s:
            change()
            return

        def written() -> None:
            change()
            saved()

        self._waiting[line["id"]] = written
        task = asyncio.create_task(self._after(lag_s, line))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def catch_up(self, line: JSON) -> None:
        """What waits for that line is written now: the next request reads what this one wrote."""
        written = self._waiting.pop(line["id"], None)
        if written is not None:
            written()

    async def end(self) -> None:
        """Nothing is waited for any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _after(self, lag_s: float, line: JSON) -> None:
        await self._host.clock.sleep(lag_s)
        self.catch_up(line)
