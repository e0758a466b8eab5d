"""The centre hears of us once a minute, if it wants to."""

from __future__ import annotations

import asyncio
from typing import Any

from agent.gateway.heartbeat import EVERY_S, Heartbeat
from agent.model.delivery import Answer
from tests.clock import FakeClock


class _Gateway:
    def __init__(self, *statuses: int) -> None:
        self._statuses = list(statuses)
        self.heard: list[Any] = []
        self.called = asyncio.Event()

    async def put_heartbeat(self, health: Any) -> Answer:
        self.heard.append(health)
        self.called.set()
        return Answer(self._statuses.pop(0))


async def _health() -> dict[str, Any]:
    return {"status": "pass"}


async def test_it_beats_once_a_minute_until_nobody_wants_it() -> None:
    clock, gateway, stop = FakeClock(), _Gateway(204, 500, 404), asyncio.Event()
    beating = asyncio.create_task(Heartbeat(gateway, health=_health, clock=clock).run(stop))
    for beats in (1, 2, 3):
        await clock.sleeping()
        assert len(gateway.heard) == beats - 1
        gateway.called.clear()
        clock.advance(EVERY_S)
        await gateway.called.wait()
    for _ in range(5):
        clock.advance(EVERY_S)
        await asyncio.sleep(0)
    assert gateway.heard == [{"status": "pass"}] * 3
    stop.set()
    await beating
