"""Time, handed in: nothing else in the house asks the operating system what time it is."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable


class Clock(Protocol):
    """What an actor may know about time."""

    def now(self) -> datetime:
        """Wall clock, aware, UTC: for what is stored or said to others."""

    def monotonic(self) -> float:
        """Seconds that only rise: for measuring how long something took."""

    async def sleep(self, seconds: float, *, or_when: Iterable[asyncio.Event] = ()) -> None:
        """Returns after ``seconds``, or as soon as one of the events is set."""


class SystemClock:
    """The real one."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float, *, or_when: Iterable[asyncio.Event] = ()) -> None:
        events = list(or_when)
        if any(event.is_set() for event in events):
            return
        if not events:
            await asyncio.sleep(seconds)
            return
        waits = [asyncio.ensure_future(event.wait()) for event in events]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


def micros(moment: datetime) -> int:
    """An aware moment as whole microseconds since 1970 (UTC): how the database keeps time."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(value: int) -> datetime:
    """The aware UTC moment that ``micros`` made."""
    return _EPOCH + value * _MICROSECOND


def iso(moment: datetime) -> str:
    """RFC 3339 with a Z: ``2026-11-23T20:22:51Z``, microseconds only where there are any."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return utc.isoformat().replace("+00:00", "Z")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = datetime.resolution
