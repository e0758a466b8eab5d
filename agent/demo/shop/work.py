"""What requests cost the host, and how PHP may end before its client knows what it did.

A cost is given in seconds as measured; ``scale`` compresses it, so that a benchmark of minutes runs
in seconds. The time the stand-in itself needs counts towards it.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator

    from agent.clock import Clock


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. A product is loaded, ``write_item_s`` pass, and it is saved, one after the other.

    Each time is drawn between ``1 - spread`` and ``1 + spread`` times what stands here.
    ``meta_lag_s`` is how long after a move of stock its ``_reduced_stock`` is written.
    """

    read_s: float = 0.0
    read_row_s: float = 0.0
    write_s: float = 0.0
    write_item_s: float = 0.0
    spread: float = 0.0
    meta_lag_s: float = 0.0
    one_at_a_time: bool = False
    scale: float = 1.0


_SAVE_S = (2.0 - 0.075) / 99  # the line through one PUT, 75 ms, and a batch of 100, 2.0 s
# A host of two cores with PHP-FPM, MariaDB and opcache; 100 products by id are read in 0.22 s.
MEASURED = Pace(
    read_s=0.05,
    read_row_s=0.0017,
    write_s=0.075 - _SAVE_S,
    write_item_s=_SAVE_S,
    one_at_a_time=True,
)


class Mishap(StrEnum):
    """How a write may end in doubt; what it did stays done."""

    KILLED = "killed"  # PHP dies, and the connection is cut
    CUT = "cut"  # the connection is cut, and PHP goes on
    GATEWAY_TIMEOUT = "504"  # the web server answers instead of PHP, which goes on
    WARNINGS = "warnings"  # the JSON comes after PHP's warnings, with status 200


@dataclass
class Plan:
    """A mishap ``after`` so many products were saved (None: all of the request)."""

    mishap: Mishap
    after: int | None
    times: int


class KilledError(Exception):
    """PHP is no more."""


class Work:
    """One request, from its arrival to the end of PHP's work."""

    def __init__(self, host: Host, plan: Plan | None, *, writes: bool) -> None:
        self.plan = plan
        self.writes = writes
        self.given_up = asyncio.Event()  # its client waits no longer
        self._host = host
        self._saved = 0
        self._until = 0.0

    @asynccontextmanager
    async def at(self) -> AsyncIterator[None]:
        """While the host works at it; it begins when the host has time."""
        host = self._host
        host.reads += not self.writes
        host.writes += self.writes
        host.writing += self.writes
        try:
            async with host.free if host.pace.one_at_a_time else nullcontext():
                began = self._until = host.clock.monotonic()
                try:
                    if self.writes:
                        await self.takes(host.drawn(host.pace.write_s))
                    yield
                finally:
                    host.busy_s += host.clock.monotonic() - began
        finally:
            host.writing -= self.writes

    async def takes(self, seconds: float) -> None:
        """Returns when work of that cost is done."""
        self._host.worked_s += seconds
        self._until += seconds * self._host.pace.scale
        left_s = self._until - self._host.clock.monotonic()
        if left_s > 0:
            await self._host.clock.sleep(left_s)

    async def read(self, rows: int) -> None:
        """So many rows were read: what they say is old when it is answered."""
        pace = self._host.pace
        await self.takes(self._host.drawn(pace.read_s + rows * pace.read_row_s))

    async def save(self) -> None:
        """From the load of a product to its save."""
        await self.takes(self._host.drawn(self._host.pace.write_item_s))

    def item_done(self) -> None:
        """Another item of a batch was dealt with; KilledError where PHP is to die now."""
        self._saved += 1
        if self.plan is not None and self._saved == self.plan.after:
            if self.plan.mishap is Mishap.KILLED:
                raise KilledError
            self.given_up.set()


class Host:
    """What all requests share: the pace, who is at work, and what it came to.

    ``reads`` and ``writes`` count requests, ``writing`` those that write at present. ``worked_s``
    is the cost of all work so far, ``busy_s`` the real time in which it was done.
    """

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self.clock = clock
        self.pace = Pace()
        self.reads = self.writes = self.writing = 0
        self.worked_s = self.busy_s = 0.0
        self._rng = rng
        self.free = asyncio.Lock()
        self._plans: list[Plan] = []

    def plan(self, plan: Plan) -> None:
        """The next writes to products meet it."""
        self._plans.append(plan)

    def arrived(self, *, writes: bool, products: bool) -> Work:
        """A request, with the mishap that is due."""
        return Work(self, self._due() if writes and products else None, writes=writes)

    def drawn(self, seconds: float) -> float:
        """That long, more or less."""
        spread = self.pace.spread
        return seconds * self._rng.uniform(1 - spread, 1 + spread) if spread else seconds

    def _due(self) -> Plan | None:
        if not self._plans:
            return None
        plan = self._plans[0]
        plan.times -= 1
        if plan.times <= 0:
            self._plans.pop(0)
        return plan
