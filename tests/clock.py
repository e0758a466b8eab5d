"""A clock that only moves when a test moves it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from agent.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterable


class FakeClock:
    """Sleepers wake when ``advance`` passes their time, or when one of their events is set."""

    def __init__(self, start: datetime = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)) -> None:
        self._now = start
        self._monotonic = 0.0
        self._moved = asyncio.Event()
        self.slept: list[float] = []
        self._awaited = 0
        self._asleep = asyncio.Event()

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleeping(self) -> None:
        """Returns once somebody has gone to sleep since the last call."""
        while len(self.slept) <= self._awaited:
            self._asleep.clear()
            await self._asleep.wait()
        self._awaited = len(self.slept)

    async def sleep(self, seconds: float, *, or_when: Iterable[asyncio.Event] = ()) -> None:
        self.slept.append(seconds)
        self._asleep.set()
        events = list(or_when)
        until = self._monotonic + seconds
        while self._monotonic < until and not any(event.is_set() for event in events):
            waits = [asyncio.ensure_future(e.wait()) for e in (self._moved, *events)]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()


class SteppedClock(SystemClock):
    """The real one, with a wall clock that a test puts forward."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self._ahead

    def put_forward(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)
