from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.demo.shop.profile import Profile
from agent.model.registration import TOPICS
from tests import agents, recordings
from tests.clock import SteppedClock
from tests.flows.shop import Ends

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.flows.shop import Shop


@pytest.fixture
def clock() -> SteppedClock:
    """Everybody's."""
    return SteppedClock()


@pytest.fixture
async def ends(tmp_path: Path, clock: SteppedClock, profile: Profile) -> AsyncIterator[Ends]:
    async with Ends.serving(tmp_path, clock, profile=profile) as ends:
        yield ends


@pytest.fixture
async def shop(ends: Ends, clock: SteppedClock) -> AsyncIterator[Shop]:
    async with ends.agent(clock=clock) as shop:
        for topic in TOPICS:
            ends.store.add_webhook(topic, agents.url(shop.agent), recordings.SECRET)
        yield shop
