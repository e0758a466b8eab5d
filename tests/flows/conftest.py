from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from agent.clock import SystemClock
from agent.demo.gateway import Gateway
from agent.demo.store import Store
from agent.model.registration import TOPICS
from tests import agents, recordings
from tests.flows.shop import Ends

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.flows.shop import Shop


@pytest.fixture
async def ends(tmp_path: Path) -> AsyncIterator[Ends]:
    clock = SystemClock()
    gateway = Gateway(tmp_path / "gateway.db", clock, token=agents.TOKEN)
    store = Store(
        clock, consumer_key=agents.KEY, consumer_secret=agents.SECRET, rng=random.Random(1)
    )
    async with gateway.serving(), store.serving(deliver=False):
        yield Ends(store, gateway, tmp_path)


@pytest.fixture
async def shop(ends: Ends) -> AsyncIterator[Shop]:
    async with ends.agent() as shop:
        for topic in TOPICS:
            ends.store.add_webhook(topic, agents.url(shop.agent), recordings.SECRET)
        yield shop
