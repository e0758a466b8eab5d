"""The agent registers its webhooks, keeps them, and fetches what they did not tell."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from agent.model.registration import TOPICS
from tests import agents
from tests.flows.shop import signed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agent.demo.shop.webhooks import Webhook
    from tests.flows.shop import Ends, Shop

ELSEWHERE = "http://crm.example.com/hook"


@dataclass
class Watched:
    """A store, and an agent that listens where it says it does."""

    ends: Ends
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks"

    @asynccontextmanager
    async def agent(self) -> AsyncIterator[Shop]:
        """Once all of its webhooks are registered."""
        webhooks = {"listen": f"127.0.0.1:{self.port}", "delivery_url": self.url}
        reconcile = {"webhooks_every": "50ms"}
        async with self.ends.agent(webhooks=webhooks, reconcile=reconcile) as shop:
            await self.registered()
            yield shop

    def ours(self) -> dict[str, Webhook]:
        """By topic; fails where a topic has more than one."""
        found = self._ours()
        by_topic = {hook.topic: hook for hook in found}
        assert len(by_topic) == len(found)
        return by_topic

    async def registered(self) -> None:
        """Waits until there is exactly one good webhook for every topic."""
        await self.ends.store.site.until(self._is_well)

    def _is_well(self) -> bool:
        found = self._ours()
        good = [h.topic for h in found if h.status == "active" and not (h.user_gone or h.legacy)]
        return sorted(good) == sorted(TOPICS) and len(found) == len(TOPICS)

    def _ours(self) -> list[Webhook]:
        hooks = self.ends.store.shop.webhooks.by_id.values()
        return [hook for hook in hooks if hook.delivery_url == self.url and hook.topic in TOPICS]


@pytest.fixture
def watched(ends: Ends) -> Watched:
    return Watched(ends, agents.closed_port())


async def test_all_are_registered_at_the_first_start_and_deliver(watched: Watched) -> None:
    async with watched.agent() as shop:
        assert watched.ours().keys() == set(TOPICS)
        assert (await shop.check("webhooks:registered"))["status"] == "pass"
        shop.store.add_product("MUG-1")
        order = shop.store.place_order([("MUG-1", 1)])
        await shop.deliver()
        await shop.gateway.until(lambda: f"order/{order}" in shop.told())
    ids = {hook.id for hook in watched.ours().values()}
    async with watched.agent():
        assert {hook.id for hook in watched.ours().values()} == ids


async def test_after_seven_failures_there_is_a_fresh_one_and_the_gap_is_fetched(
    watched: Watched,
) -> None:
    store = watched.ends.store
    async with watched.agent() as shop:
        mug = store.add_product("MUG-1", stock=100)
        await shop.deliver()
        old = watched.ours()["order.created"].id
    lost = []
    for _ in range(7):  # nobody listens
        lost.append(store.place_order([("MUG-1", 1)]))
        await store.deliver_pending()
    assert watched.ours()["order.created"].status == "disabled"
    assert watched.ours()["product.updated"].status == "disabled"
    lost.append(store.place_order([("MUG-1", 1)]))  # no webhook is even tried
    await store.deliver_pending()
    async with watched.agent() as shop:
        fresh = watched.ours()["order.created"]
        assert (fresh.failures, fresh.id > old) == (0, True)
        await shop.gateway.until(lambda: {f"order/{n}" for n in lost} <= set(shop.told()))
        newest = shop.gateway.subjects
        await shop.gateway.until(
            lambda: newest(agents.STORE)[f"product/{mug}"]["data"]["quantity"] == 92
        )


@pytest.mark.parametrize("fault", ["user_gone", "legacy"])
async def test_webhooks_that_send_no_resources_are_made_anew(watched: Watched, fault: str) -> None:
    async with watched.agent() as shop:
        shop.store.add_product("MUG-1", stock=100)
        await shop.deliver()
        before = watched.ours()
        for topic in TOPICS:
            setattr(before[topic], fault, True)
        first = shop.store.place_order([("MUG-1", 1)])
        await shop.store.deliver_pending()
        replaced = {before[t].id for t in TOPICS if t.startswith(("order", "product"))}
        webhooks = shop.store.shop.webhooks.by_id
        await shop.store.site.until(lambda: not replaced & webhooks.keys())
        # Those of customers and coupons had nothing to say: nobody knows yet.
        kept = {hook.id for hook in before.values()} - replaced
        assert kept == {hook.id for hook in watched.ours().values() if getattr(hook, fault)}
        await shop.gateway.until(lambda: f"order/{first}" in shop.told())
        second = shop.store.place_order([("MUG-1", 1)])
        await shop.store.deliver_pending()
        await shop.gateway.until(lambda: f"order/{second}" in shop.told())
        await shop.until(lambda outbox: not outbox["unjudged"])
        assert (await shop.check("webhooks:errorObjects"))["status"] == "pass"


V1 = {"id": 1022, "status": "processing", "date_created": "2026-11-23T20:22:51", "line_items": []}


@pytest.mark.parametrize(
    "body",
    [
        {"errors": {"rest_api_unavailable": ["The Rest API is unavailable."]}, "error_data": []},
        {"code": "rest_forbidden", "message": "no", "data": None},
        None,
        [],
        "The Rest API is unavailable.",
        503,
        V1,
    ],
)
async def test_an_error_of_any_shape_has_the_webhooks_made_anew_and_the_gap_read(
    watched: Watched, body: object
) -> None:
    async with watched.agent() as shop:
        shop.store.add_product("MUG-1", stock=100)
        await shop.deliver()
        order = shop.store.place_order([("MUG-1", 1)])
        shop.lose()
        old = watched.ours()["order.created"]
        assert old.delivery_url == watched.url
        broken = signed("order.created", body)
        await shop.post(replace(broken, headers={**broken.headers, "X-WC-Webhook-ID": str(old.id)}))
        await shop.store.site.until(lambda: old.id not in shop.store.shop.webhooks.by_id)
        await shop.gateway.until(lambda: f"order/{order}" in shop.told())
        await watched.registered()
        outbox = await shop.until(lambda outbox: not outbox["unjudged"] and not outbox["pending"])
        assert outbox["dead"] == 0
        told = shop.told().count(f"order/{order}")
        assert (told, f"order/{V1['id']}" in shop.told()) == (1, False)


async def test_what_is_not_ours_is_not_touched(watched: Watched) -> None:
    store = watched.ends.store
    for topic in TOPICS:
        store.add_webhook(topic, ELSEWHERE, "s")
    webhooks = store.shop.webhooks.by_id
    webhooks[1].status, webhooks[2].status = "disabled", "paused"
    by_hand = store.add_webhook("action.woocommerce_x", watched.url, "s")
    before = {number: (hook, hook.status) for number, hook in webhooks.items()}
    async with watched.agent() as shop:
        webhooks[by_hand + 1].status = "disabled"
        await shop.store.site.until(lambda: by_hand + 1 not in webhooks)
        assert {number: (webhooks[number], webhooks[number].status) for number in before} == before
        assert all(webhooks[number].modified is None for number in before)


@pytest.mark.parametrize("change", [{"status": "paused"}, {"delivery_url": ELSEWHERE}, {}])
async def test_what_somebody_changes_is_put_right(watched: Watched, change: dict[str, str]) -> None:
    async with watched.agent() as shop:
        shop.store.add_product("MUG-1", price="10.00")
        await shop.deliver()
        hook = watched.ours()["product.updated"]
        for name, value in change.items():
            setattr(hook, name, value)
        webhooks = shop.store.shop.webhooks
        if not change:
            webhooks.remove(hook.id)
        await watched.registered()
        if "status" not in change:
            await shop.store.site.until(lambda: hook.id not in webhooks.by_id)
