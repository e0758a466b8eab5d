"""Orders, figures and failures race each other: no quiet moment shows more than can be sold, and in
the end every figure is the ERP's.

``WOO_AGENT_TEST_ORDERS`` and ``WOO_AGENT_TEST_SEED`` make it longer and different.
"""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from agent.demo.shop.profile import Profile
from agent.settings import loading
from tests import agents, processes
from tests.flows.race import goods, world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from agent.daemon import Daemon

ORDERS = int(os.environ.get("WOO_AGENT_TEST_ORDERS", "200"))
SEED = int(os.environ.get("WOO_AGENT_TEST_SEED", "1"))


@asynccontextmanager
async def in_process(config: Path) -> AsyncIterator[Daemon]:
    async with agents.running(loading.load(config=config, environ={}).settings) as agent:
        yield agent


@pytest.mark.timeout(90 + ORDERS)
async def test_no_quiet_moment_shows_more_than_can_be_sold(
    tmp_path: Path, profile: Profile
) -> None:
    async with world.opened(tmp_path, agent=processes.running, seed=SEED, profile=profile) as race:
        await race.trade(orders=ORDERS)
        await race.settle()
        assert not race.oracle.over_shown, (SEED, race.oracle.over_shown[:5])
        assert min(race.oracle.looks[pool] for pool in goods.POOLS) > 0, "nothing was ever quiet"
        assert race.lives > 2
        assert race.erp.refused
        assert race.postman.lost


@pytest.mark.timeout(90 + ORDERS)
async def test_without_the_unseen_orders_it_shows_too_much(
    tmp_path: Path, profile: Profile
) -> None:
    """The race can be lost: the ERP's figure is shown, without the orders that it has not seen."""
    async with world.opened(
        tmp_path, agent=in_process, seed=SEED, profile=profile, unseen_orders="ignore"
    ) as race:
        await race.trade(orders=ORDERS)
        assert any(found.shown == found.said for found in race.oracle.over_shown), (
            SEED,
            race.oracle.over_shown[:5],
        )
