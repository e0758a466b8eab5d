"""Figures overtake the answers to the orders that they count: the ERP commits a batch, publishes,
and answers seconds later, or never.

``WOO_AGENT_TEST_ORDERS`` and ``WOO_AGENT_TEST_SEED`` make it longer and different.
"""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from agent.demo.shop.profile import Profile
from tests import processes
from tests.crash.late import LATEST_S, LateGateway
from tests.flows.race import goods, world
from tests.flows.race.erp import PromptErp

if TYPE_CHECKING:
    from pathlib import Path

ORDERS = int(os.environ.get("WOO_AGENT_TEST_ORDERS", "60"))
SEED = int(os.environ.get("WOO_AGENT_TEST_SEED", "1"))
RIGHT_WITHIN_S = 10
POLLS = 20  # for so long nothing may change any more
_PATIENCE_S = 7  # less than the latest answer
assert _PATIENCE_S < LATEST_S


@pytest.mark.timeout(180 + ORDERS)
@pytest.mark.parametrize("seed", [SEED], ids="WOO_AGENT_TEST_SEED={}".format)
async def test_a_figure_that_overtook_the_answer_is_right_once_the_answer_is_there(
    tmp_path: Path, profile: Profile, seed: int
) -> None:
    late = LateGateway(tmp_path, random.Random(f"{seed}-late"))
    async with world.opened(
        tmp_path,
        agent=processes.running,
        seed=seed,
        profile=profile,
        gateway=late,
        erps=PromptErp,
        patience=f"{_PATIENCE_S}s",
        store_fails=False,  # a write in doubt is looked at again after minutes
    ) as race:
        assert isinstance(race.erp, PromptErp)
        late.committed = race.erp.keep_up
        await race.trade(orders=ORDERS)
        late.settle()
        await race.tell(within_s=60)
        await race.until(lambda: not race.oracle.pending(), "an answer is missing", 60)
        assert not race.oracle.over_shown, race.oracle.over_shown[:5]
        assert min(race.oracle.looks[pool] for pool in goods.POOLS) > 0, "nothing was ever quiet"
        assert race.lives > 1
        assert late.kills > 0
        assert late.lost > 0
        assert late.late > 0
        await race.until(lambda: not race.wrong(), "the figures are not the ERP's", RIGHT_WITHIN_S)
        asked = late.site.requests
        await late.site.until(lambda: late.site.requests > asked + POLLS)
        assert not race.wrong(), race.wrong()
        assert not race.oracle.over_shown, race.oracle.over_shown[:5]
