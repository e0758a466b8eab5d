from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agent import errors
from agent.ops import health
from agent.ops.facts import Side
from agent.ops.systemd import Notifier
from agent.ops.watchdog import STATUS_EVERY_S, Watchdog
from tests.clock import FakeClock
from tests.ops.facts import SETTINGS, facts


class Told(Notifier):
    """Keeps what would have been sent."""

    def __init__(self, watchdog_s: float | None) -> None:
        super().__init__({})
        self.watchdog_s = watchdog_s
        self.messages: list[str] = []

    def _send(self, message: str) -> None:
        self.messages.append(message)


class Agent:
    """Looked at once, then asked to stop."""

    def __init__(self, *, alive: bool = True, readable: bool = True) -> None:
        self.stop = asyncio.Event()
        self._alive, self._readable = alive, readable

    async def alive(self) -> bool:
        return self._alive

    async def health(self) -> dict[str, Any]:
        self.stop.set()
        if not self._readable:
            raise errors.StorageError("the database is away", hint="woo-agent status")
        return health.document(facts(gateway=Side("unreachable")), SETTINGS)


async def watched(agent: Agent, watchdog_s: float | None = 60.0) -> tuple[list[str], FakeClock]:
    notifier, clock = Told(watchdog_s), FakeClock()
    watchdog = Watchdog(notifier, alive=agent.alive, health=agent.health, clock=clock)
    await watchdog.run(agent.stop)
    return notifier.messages, clock


@pytest.mark.parametrize(("watchdog_s", "pause_s"), [(60.0, 30.0), (None, STATUS_EVERY_S)])
async def test_it_says_alive_twice_per_interval_with_the_worst_news(
    watchdog_s: float | None, pause_s: float
) -> None:
    messages, clock = await watched(Agent(), watchdog_s)
    alive, status = messages
    assert alive == "WATCHDOG=1"
    assert status.startswith("STATUS=gateway:connection: gateway: unreachable")
    assert clock.slept == [pause_s]


async def test_a_writer_that_is_stuck_is_not_called_alive() -> None:
    messages, _ = await watched(Agent(alive=False))
    assert "WATCHDOG=1" not in messages


async def test_a_database_that_cannot_be_read_does_not_end_the_watchdog() -> None:
    messages, clock = await watched(Agent(readable=False))
    assert messages == ["WATCHDOG=1"]
    assert clock.slept
