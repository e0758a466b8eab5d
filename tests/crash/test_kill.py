"""The daemon is killed without warning while webhooks come in and the gateway misbehaves.

``WOO_AGENT_TEST_KILLS`` says how often, ``WOO_AGENT_TEST_SEED`` which run it is.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import os
import random
import shutil
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests import agents, processes
from tests.crash import erp as erps
from tests.crash.shop import CHANGES, Shop, mark_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.demo.site import Fault
    from tests.crash.erp import Erp

KILLS = int(os.environ.get("WOO_AGENT_TEST_KILLS", "40"))
SEED = int(os.environ.get("WOO_AGENT_TEST_SEED", "1"))
ANSWERS = 100 * KILLS
STARTING_S = 0.6


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


@pytest.mark.timeout(180 + 20 * KILLS)
@pytest.mark.parametrize("seed", [SEED], ids="WOO_AGENT_TEST_SEED={}".format)
async def test_what_was_answered_200_reaches_the_gateway_in_order_and_under_one_id(
    tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    port = agents.closed_port()
    progress, done = _Progress(), asyncio.Event()
    shop = Shop(f"http://127.0.0.1:{port}/webhooks", rng, told=progress.told)
    async with erps.opened(tmp_path) as erp:
        config = processes.write_config(
            tmp_path,
            webhooks={"listen": f"127.0.0.1:{port}"},
            gateway={"url": erp.gateway.url, "timeout": "1s", "max_in_flight": 3, "batch_size": 20},
        )
        async with asyncio.TaskGroup() as group:
            selling = group.create_task(shop.sell(done.is_set, side_by_side=8))
            for fault in itertools.islice(_faults(rng), KILLS):
                await _life(config, erp, fault, progress, rng)
            async with processes.running(config) as agent:
                await progress.reaches(ANSWERS)
                done.set()
                await selling
                with suppress(TimeoutError):  # the oracle says what is missing
                    await erp.gateway.until(lambda: shop.answered <= _marks(erp), timeout=100)
                agent.signal(signal.SIGTERM)
                assert await agent.ended() == 0
        _judge(shop, erp)
    checked = await processes.run("outbox", "check", "--config", str(config))
    assert checked.exit_code == 0, checked.stdout


def _faults(rng: random.Random) -> Iterator[Fault | str | None]:
    """Every one of them, and none, as often as any other."""
    while True:
        yield from rng.sample([*erps.FAULTS, None], len(erps.FAULTS) + 1)


async def _life(
    config: Path, erp: Erp, fault: Fault | str | None, progress: _Progress, rng: random.Random
) -> None:
    """From start to SIGKILL: while it starts, as so many webhooks were answered, or as the gateway
    got so many batches, whichever comes first."""
    is_early = rng.random() < 0.1
    async with processes.running(config, ready=not is_early) as agent:
        if is_early:
            await asyncio.sleep(rng.uniform(0, STARTING_S))
        else:
            if fault is not None:
                await erp.misbehave(fault)
            batches = erp.batches() + rng.randrange(1, 30)
            moments = (
                progress.reaches(progress.count + rng.randrange(1, 300)),
                erp.gateway.until(lambda: erp.batches() >= batches, timeout=60),
            )
            tasks = [asyncio.ensure_future(moment) for moment in moments]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
        agent.signal(signal.SIGKILL)
        assert await agent.ended() == -signal.SIGKILL
        await erp.accept()


def _marks(erp: Erp) -> set[str]:
    return {mark_of(event) for event in erp.events()}


def _judge(shop: Shop, erp: Erp) -> None:
    """An oracle that saw only what was answered."""
    by_mark: dict[str, set[str]] = {}
    by_lane: dict[str, list[str]] = {}
    number: dict[str, tuple[str, str]] = {}
    for event in erp.events():
        mark, lane = mark_of(event), event["correlationid"]
        assert mark in shop.sent[event["subject"]]  # none invented, none about something else
        by_mark.setdefault(mark, set()).add(event["id"])
        by_lane.setdefault(lane, []).append(mark)
        number[event["id"]] = (lane, event["sequence"])
    assert not shop.answered - by_mark.keys()  # none lost
    assert all(len(ids) == 1 for ids in by_mark.values())  # repeats carry the same id
    for lane, marks in by_lane.items():
        assert marks == sorted(marks), lane  # in order
    newest: dict[str, str] = {}
    for lane, sequence in (number[event_id] for event_id in erp.delivered()):
        assert newest.get(lane, "") <= sequence, lane  # and no repeat comes after a later one
        newest[lane] = sequence
    assert not erp.overlapping()  # never two of one order in flight
    repeats = len(erp.delivered()) - len(number)
    assert len(shop.answered) > ANSWERS // 2  # the test did something
    assert repeats > KILLS // 4


async def test_events_of_a_new_state_carry_higher_numbers_than_those_of_the_lost_one(
    tmp_path: Path,
) -> None:
    async with erps.opened(tmp_path) as erp:
        config = processes.write_config(tmp_path, gateway={"url": erp.gateway.url})
        for life in (1, 2):
            async with processes.running(config) as agent:
                shop = Shop(agent.webhooks_url, random.Random(life), told=lambda: None)
                await shop.sell(functools.partial(bool, shop.answered), side_by_side=5)
                await erp.gateway.until(functools.partial(_has, erp, 5 * CHANGES * life))
                agent.signal(signal.SIGKILL)
                await agent.ended()
            shutil.rmtree(tmp_path / "state")
        numbers = [event["sequence"] for event in erp.events()]
        first = 5 * CHANGES
        assert max(numbers[:first]) < min(numbers[first:])


def _has(erp: Erp, count: int) -> bool:
    return len(erp.events()) == count
