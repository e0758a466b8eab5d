"""Hosts that show fewer rows than were asked for, and caches that show the same ones again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.events import followups
from agent.model.registration import TOPICS
from agent.reconcile import catch_up
from tests import agents, processes
from tests.flows import hosts

if TYPE_CHECKING:
    from tests.flows.shop import Ends, Shop

FAST = {"requests_per_minute": 6000}
ORDERS = 25


@pytest.fixture(autouse=True)
def _only_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    async def rest(_: catch_up.CatchUp) -> float:
        return 3600.0

    monkeypatch.setattr(catch_up.CatchUp, "run_once", rest)
    monkeypatch.setattr(followups, "IDLE_S", 0.05)


async def placed(shop: Shop) -> set[str]:
    """Orders of which no webhook told."""
    shop.store.add_product("MUG-1", stock=400)
    await agents.begun(shop.agent, shop.gateway)
    orders = {f"order/{shop.store.place_order([('MUG-1', 1)])}" for _ in range(ORDERS)}
    shop.lose()
    return orders


async def reconcile(shop: Shop) -> processes.Finished:
    return await processes.run("reconcile", "orders", "--config", str(shop.config))


async def test_all_orders_are_told_where_ten_are_shown_at_once(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts.capped(monkeypatch, 10)
    async with ends.agent(reconcile=FAST) as shop:
        orders = await placed(shop)
        done = await reconcile(shop)
        assert "orders: 25 in the store" in done.stdout, done.stdout + done.stderr
        await shop.gateway.until(lambda: orders <= {*shop.told()})
        done = await reconcile(shop)
        assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "both ends agree")


async def test_a_list_that_repeats_itself_agrees_with_nothing(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ends.agent(reconcile=FAST) as shop:
        orders = await placed(shop)
        hosts.cached(monkeypatch, "orders")
        await reconcile(shop)
        first = set(sorted(orders, key=lambda one: int(one.partition("/")[2]))[:10])
        await shop.gateway.until(lambda: first <= {*shop.told()})
        done = await reconcile(shop)
        assert done.exit_code == 1
        assert done.stdout.splitlines()[-1] == "both ends do not agree: not all was compared"
        assert "orders: not compared, the store answers orders" in done.stdout
        monkeypatch.undo()
        monkeypatch.setattr(followups, "IDLE_S", 0.05)
        assert "orders: 25 in the store" in (await reconcile(shop)).stdout


async def test_webhooks_are_made_once_whatever_a_host_shows_of_them(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        ends.store.add_webhook("order.created", f"http://x.example/{number}", "s")
    hosts.capped(monkeypatch, 10)
    watched = {"webhooks_every": "100ms", **FAST}
    url = {"delivery_url": f"http://shop.localtest:{ends.store.site.port}/hook"}
    async with ends.agent(reconcile=watched, webhooks=url) as shop:
        listed = "GET /wp-json/wc/v3/webhooks"
        while len(ours := _ours(ends)) < len(TOPICS):
            await shop.polled()
        asked = shop.store.site.asked[listed]
        while shop.store.site.asked[listed] < asked + 8:  # some looks more
            await shop.polled()
        assert sorted(_ours(ends)) == sorted(ours) == sorted(TOPICS)


def _ours(ends: Ends) -> list[str]:
    hooks = ends.store.shop.webhooks.by_id.values()
    return [hook.topic for hook in hooks if hook.name.startswith("woo-agent")]
