"""The daemon is killed without warning while webhooks come in and the gateway misbehaves."""

from __future__ import annotations

import asyncio
import functools
import os
import random
import shutil
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from agent.clock import SystemClock
from agent.demo.gateway import Gateway
from agent.demo.site import Fault
from tests import agents, processes
from tests.crash.shop import Shop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

KILLS = int(os.environ.get("WOO_AGENT_TEST_KILLS", "6"))
ORDERS, CHANGES = 50 * KILLS, 4
_FAULTS = (Fault.DROP, Fault.DROP, Fault.SERVER_ERROR, Fault.TOO_MANY_REQUESTS, Fault.BROKEN_JSON)


@asynccontextmanager
async def _gateway(folder: Path) -> AsyncIterator[Gateway]:
    gateway = Gateway(folder / "gateway.db", SystemClock(), token=agents.TOKEN)
    async with gateway.serving():
        yield gateway


class _Progress:
    """Wakes whoever waits for so many answers."""

    def __init__(self) -> None:
        self.count = 0
        self._grown = asyncio.Event()

    def told(self) -> None:
        self.count += 1
        self._grown.set()

    async def reaches(self, count: int) -> None:
        while self.count < count:
            self._grown.clear()
            await self._grown.wait()


@pytest.mark.timeout(120 + 20 * KILLS)
@pytest.mark.parametrize("seed", [1])
async def test_what_was_answered_200_reaches_the_gateway_in_order_and_under_one_id(
    tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    port = agents.closed_port()
    progress = _Progress()
    shop = Shop(f"http://127.0.0.1:{port}/webhooks", rng, told=progress.told)
    async with _gateway(tmp_path) as gateway:
        config = processes.write_config(
            tmp_path,
            webhooks={"listen": f"127.0.0.1:{port}"},
            gateway={"url": gateway.url, "timeout": "2s", "max_in_flight": 2, "batch_size": 20},
        )
        async with asyncio.TaskGroup() as group:
            selling = group.create_task(shop.sell(orders=ORDERS, changes=CHANGES, side_by_side=8))
            for kill in range(KILLS):
                async with processes.running(config) as agent:
                    for fault in rng.sample(_FAULTS, 2):
                        gateway.site.misbehave(fault, times=1, under="/events", retry_after_s=0)
                    if kill % 3 == 1:
                        await gateway.site.refuse()
                    target = progress.count + rng.randrange(20, 100)
                    await asyncio.wait(
                        [selling, asyncio.create_task(progress.reaches(target))],
                        return_when=asyncio.FIRST_COMPLETED,
                    )
                    await gateway.site.accept()
                    agent.signal(signal.SIGKILL)
                    assert await agent.ended() == -signal.SIGKILL
            async with processes.running(config) as agent:
                await selling
                await gateway.until(lambda: shop.answered <= _marks(gateway), timeout=60)
                agent.signal(signal.SIGTERM)
                assert await agent.ended() == 0
        _judge(shop, gateway)


def _marks(gateway: Gateway) -> set[str]:
    return {event["data"]["customer_note"] for event in gateway.events(agents.STORE)}


def _judge(shop: Shop, gateway: Gateway) -> None:
    """An oracle that saw only what was answered."""
    by_mark: dict[str, set[str]] = {}
    by_subject: dict[str, list[str]] = {}
    for event in gateway.events(agents.STORE):
        mark = event["data"]["customer_note"]
        by_mark.setdefault(mark, set()).add(event["id"])
        by_subject.setdefault(event["subject"], []).append(mark)
    everything = {mark for marks in shop.sent.values() for mark in marks}
    assert shop.answered <= by_mark.keys() <= everything  # none lost, none invented
    assert all(len(ids) == 1 for ids in by_mark.values())  # repeats carry the same id
    for subject, marks in by_subject.items():
        assert marks == sorted(marks), subject  # in order
    assert not gateway.overlapping(agents.STORE)  # never two of one order in flight
    assert len(shop.answered) > ORDERS  # the test did something


async def test_events_of_a_new_state_carry_higher_numbers_than_those_of_the_lost_one(
    tmp_path: Path,
) -> None:
    async with _gateway(tmp_path) as gateway:
        config = processes.write_config(tmp_path, gateway={"url": gateway.url})
        for life in (1, 2):
            async with processes.running(config) as agent:
                shop = Shop(agent.webhooks_url, random.Random(life), told=lambda: None)
                await shop.sell(orders=5, changes=1, side_by_side=5)
                await gateway.until(functools.partial(_has, gateway, 5 * life))
                agent.signal(signal.SIGKILL)
                await agent.ended()
            shutil.rmtree(tmp_path / "state")
        numbers = [event["sequence"] for event in gateway.events(agents.STORE)]
        assert max(numbers[:5]) < min(numbers[5:])


def _has(gateway: Gateway, count: int) -> bool:
    return len(gateway.events(agents.STORE)) == count
