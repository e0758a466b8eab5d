"""What counts as known at the first start, by the store's clock, and what is told after it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent.clock import SystemClock
from agent.demo.shop.profile import Profile
from agent.model.registration import TOPICS
from agent.storage import stock_ledger
from tests import agents, recordings
from tests.clock import SteppedClock
from tests.flows.shop import Ends

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flows.shop import Shop

SOON: dict[str, Any] = {"orders_every": "1s"}


def order(ends: Ends, units: int, *, seconds_ago: float = 0) -> int:
    """Placed so long ago by the store's clock, and not changed since."""
    number = ends.store.place_order([("MUG-1", units)])
    made = ends.store.shop.orders[number]
    made.created = made.modified = ends.store.shop.clock.now() - timedelta(seconds=seconds_ago)
    return number


def orders(shop: Shop) -> list[str]:
    return [subject for subject in shop.told() if subject.startswith("order/")]


async def seen(shop: Shop, product: int) -> dict[str, list[tuple[int, bool]]]:
    """(units, whether they counted as seen) of each order, oldest first."""
    found = await shop.agent._db.read(stock_ledger.snapshots, [product], ())
    made: dict[str, list[tuple[int, bool]]] = {}
    for row in sorted(found[product], key=lambda one: one.sequence):
        made.setdefault(row.order, []).append((row.units, row.baseline))
    return made


@pytest.mark.parametrize("ahead_s", [0, 300, -300], ids=["same", "ahead", "behind"])
async def test_orders_from_seconds_before_and_after_it(
    tmp_path: Path, profile: Profile, ahead_s: int
) -> None:
    clock = SteppedClock()
    clock.put_forward(ahead_s)
    async with Ends.serving(tmp_path, clock, profile=profile) as ends:
        mug = ends.store.add_product("MUG-1", stock=40)
        before = order(ends, 1, seconds_ago=4)
        touched = order(ends, 2, seconds_ago=3600)
        edited = order(ends, 3, seconds_ago=30)
        async with ends.agent(clock=SystemClock(), reconcile=SOON) as shop:
            after = order(ends, 5)
            await agents.begun(shop.agent, ends.gateway)
            ends.store.set_status(touched, "completed")
            ends.store.edit_line(edited, "MUG-1", 4)
            later = order(ends, 6)
            shop.lose()
            told = {f"order/{number}" for number in (touched, edited, after, later)}
            await ends.gateway.until(lambda: told <= {*shop.told()}, timeout=20)
            assert {*orders(shop)} == told
            rows = await seen(shop, mug)
            assert rows[f"order/{before}"] == [(1, True)]
            assert rows[f"order/{touched}"][0] == (2, True)
            assert rows[f"order/{edited}"] == [(3, True), (4, False)]
            assert rows[f"order/{after}"] == [(5, False)]
            assert rows[f"order/{later}"] == [(6, False)]


async def test_a_webhook_is_told_however_old_its_order_is(tmp_path: Path, profile: Profile) -> None:
    async with Ends.serving(tmp_path, SystemClock(), profile=profile) as ends:
        mug = ends.store.add_product("MUG-1", stock=40)
        async with ends.agent() as shop:
            await agents.begun(shop.agent, ends.gateway)
            for topic in TOPICS:
                ends.store.add_webhook(topic, agents.url(shop.agent), recordings.SECRET)
            old = order(ends, 2, seconds_ago=86_400)
            await shop.deliver()
            assert orders(shop) == [f"order/{old}"]
            assert await seen(shop, mug) == {f"order/{old}": [(2, True)]}
