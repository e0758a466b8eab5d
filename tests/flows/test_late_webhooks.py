"""A shop without visitors: its webhooks sleep, the agent finds out, and wakes its cron."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from agent.demo.shop.profile import Profile
from agent.demo.site import Fault
from agent.model.registration import TOPICS
from agent.reconcile import waking
from tests import agents, recordings
from tests.clock import SteppedClock
from tests.flows.shop import Ends

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from agent.demo.store import Store
    from tests.flows.shop import Shop

SOON = {"orders_every": "100ms"}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SteppedClock:
    """A minute is soon over, but for what is told to people."""
    monkeypatch.setattr(waking, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(waking, "WAKE_EVERY_S", 0.1)
    return SteppedClock()


@pytest.fixture
async def asleep(tmp_path: Path, profile: Profile, clock: SteppedClock) -> AsyncIterator[Ends]:
    async with Ends.serving(tmp_path, clock, deliver="cron", profile=profile) as ends:
        ends.store.add_product("MUG-1", stock=40)
        yield ends


async def order_that_is_found(shop: Shop, clock: SteppedClock) -> str:
    """What it changes is told by no webhook, for nobody visits."""
    for topic in TOPICS:
        shop.store.add_webhook(topic, agents.url(shop.agent), recordings.SECRET)
    clock.put_forward(5)  # changes of the second in which the agent started do not count
    subject = f"order/{shop.store.place_order([('MUG-1', 1)])}"
    while subject not in shop.told():
        await shop.polled()
    assert (await shop.check("webhooks:lag"))["status"] == "pass"
    clock.put_forward(720)
    return subject


async def visit(store: Store) -> None:
    """Somebody looks at a page, and WordPress runs its cron."""
    async with aiohttp.ClientSession() as session, session.get(f"{store.url}/wp-cron.php"):
        await store.delivered()


async def warned(shop: Shop, of: str) -> dict[str, Any]:
    while of not in (check := await shop.check("webhooks:lag")).get("output", ""):
        await shop.polled()
    return check


async def test_the_cron_of_a_shop_without_visitors_is_woken(
    asleep: Ends, clock: SteppedClock
) -> None:
    asleep.store.site.misbehave(Fault.SERVER_ERROR, under="wp-cron.php")
    async with asleep.agent(clock=clock, reconcile=SOON) as shop:
        order = await order_that_is_found(shop, clock)
        check = await warned(shop, "the agent can't call it (wp-cron.php answers 500)")
        assert check["status"] == "warn"
        assert check["observedValue"] >= 720
        assert "12 min late, 1 not told of yet" in check["output"]

        asleep.store.site.behave()
        await shop.until(lambda outbox: bool(outbox["skipped"].get("duplicate")))
        assert shop.told().count(order) == 1
        check = await warned(shop, "12 min late (")  # what webhooks took lately
        assert "can't call it" not in check["output"]

        while (await shop.check("webhooks:lag"))["status"] != "pass":
            shop.store.place_order([("MUG-1", 1)])
            await visit(shop.store)
            await shop.polled()


async def test_it_is_left_asleep_where_that_is_wanted(asleep: Ends, clock: SteppedClock) -> None:
    off = {"wake_cron": False}
    async with asleep.agent(clock=clock, reconcile=SOON, store=off) as shop:
        await order_that_is_found(shop, clock)
        check = await warned(shop, "12 min late, 1 not told of yet")
        assert "can't call it" not in check["output"]
        for _ in range(5):
            await shop.polled()
        assert shop.store.shop.webhooks.pending
