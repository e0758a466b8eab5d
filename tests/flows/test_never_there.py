"""What was deleted before its webhook was built is not waited for, and says why."""

from __future__ import annotations

import itertools
import json
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from agent.clock import SystemClock
from agent.demo.shop import orders
from agent.demo.shop.profile import Profile
from agent.events import followups
from agent.model.registration import TOPICS
from agent.reconcile import lateness, waking
from agent.settings import loading
from agent.woo import client
from tests import agents, processes, recordings
from tests.clock import SteppedClock
from tests.flows.shop import Ends, signed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.flows.shop import Shop

_SEEDS = itertools.count(10_000)
MADE: dict[str, dict[str, Any]] = {
    "order": {},
    "product": {"sku": "MUG-9", "regular_price": "10.00"},
    "coupon": {"code": "ten", "amount": "10"},
    "customer": {"email": "a@example.org", "username": "a"},
}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SteppedClock:
    """Looks are soon taken, but for what is told to people."""
    monkeypatch.setattr(waking, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(lateness, "ASKED_AFTER_S", 0.05)
    monkeypatch.setattr(lateness, "ASKED_EVERY_S", 0.05)
    monkeypatch.setattr(followups, "IDLE_S", 0.02)
    monkeypatch.setattr(followups, "CONFIRMED_AFTER_S", 0.05)
    return SteppedClock()


@pytest.fixture
async def ends(tmp_path: Path, profile: Profile, clock: SteppedClock) -> AsyncIterator[Ends]:
    async with Ends.serving(tmp_path, clock, profile=profile) as ends:
        yield ends


@pytest.fixture
async def shop(ends: Ends, clock: SteppedClock) -> AsyncIterator[Shop]:
    fast = {"orders_every": "100ms", "requests_per_minute": 6000}
    async with ends.agent(clock=clock, reconcile=fast, store={"wake_cron": False}) as shop:
        await agents.begun(shop.agent, shop.gateway)
        for topic in TOPICS:
            ends.store.add_webhook(topic, agents.url(shop.agent), recordings.SECRET)
        clock.put_forward(5)  # changes of the second in which the agent started do not count
        yield shop


@asynccontextmanager
async def somebody(shop: Shop) -> AsyncIterator[client.Client]:
    """Who works in the store by its REST API."""
    settings = loading.load(config=shop.config, environ={}).settings.store
    rng = random.Random(next(_SEEDS))  # the store takes no nonce again
    async with client.opened(settings, clock=SystemClock(), rng=rng) as calls:
        yield calls


async def make(shop: Shop, kind: str) -> int:
    async with somebody(shop) as calls:
        return int((await calls.send("POST", f"{kind}s", MADE[kind]))["id"])


async def delete(shop: Shop, kind: str, number: int) -> None:
    """By force, of which no webhook of orders, products and coupons tells."""
    async with somebody(shop) as calls:
        await calls.send("DELETE", f"{kind}s/{number}", None, {"force": "true"})


async def unwell(shop: Shop) -> list[str]:
    checks = (await shop.agent.health())["checks"]
    return [name for name, [check] in checks.items() if check["status"] != "pass"]


async def looked(shop: Shop) -> None:
    """Waits until nothing is to be judged, looked up or sent."""
    while True:
        outbox = await shop.agent.outbox()
        due = await shop.agent._db.read(followups_left)
        if not (due or outbox["pending"] or outbox["unjudged"]):
            return
        await shop.polled()


async def followups_left(db: Any) -> int:
    [(count,)] = await db.execute_fetchall("SELECT count(*) FROM followups WHERE kind <> 'again'")
    return int(count)


async def rows(shop: Shop, *arguments: str) -> list[dict[str, Any]]:
    given = ("outbox", "list", "--json", "--config", str(shop.config), *arguments)
    found: list[dict[str, Any]] = json.loads((await processes.run(*given)).stdout)
    return found


def about(shop: Shop, subject: str) -> list[str]:
    """The types of the events about it, in order."""
    return [e["type"] for e in shop.gateway.events(agents.STORE) if e["subject"] == subject]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", [*MADE])
async def test_what_nobody_ever_saw_is_closed_with_its_reason(
    shop: Shop, clock: SteppedClock, kind: str
) -> None:
    number = await make(shop, kind)
    await delete(shop, kind, number)
    clock.put_forward(1)
    await shop.deliver()
    await looked(shop)
    clock.put_forward(3600)
    assert await unwell(shop) == []
    broken = [row for row in await rows(shop) if row["verdict"] == "error_body"]
    why = f"error_body: the store has no such {kind} any more (404): there is nothing left to tell"
    assert broken
    assert {(row["state"], row["last_error"]) for row in broken} == {("skipped", why)}
    shown = await processes.run("outbox", "show", broken[0]["id"], "--config", str(shop.config))
    assert why in shown.stdout


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["product", "coupon"])
async def test_so_is_a_deletion_of_what_nobody_ever_saw(shop: Shop, kind: str) -> None:
    await shop.post(signed(f"{kind}.deleted", {"id": 4711}))
    await shop.until(lambda outbox: bool(outbox["skipped"]["other_kind"]))
    [row] = await rows(shop, "--subject", f"{kind}/4711")
    why = f"other_kind: the store has no {kind} with that id, and none was known"
    assert (row["verdict"], row["last_error"]) == ("other_kind", why)
    assert await unwell(shop) == []


@pytest.mark.timeout(60)
@pytest.mark.parametrize("told", ["before", "after", "never"])
async def test_what_was_read_while_it_was_there_is_not_waited_for_when_it_is_gone(
    shop: Shop, clock: SteppedClock, told: str
) -> None:
    """``told``: when its webhooks, which say no more than that it is not there, are delivered."""
    number = await make(shop, "order")
    subject = f"order/{number}"
    await shop.gateway.until(lambda: subject in shop.told())
    assert shop.agent._comparing.lateness.unheard == 1
    await delete(shop, "order", number)
    if told == "before":
        await shop.deliver()
    await shop.gateway.until(lambda: about(shop, subject)[-1] == "retail.order.deleted.v1")
    if told == "after":
        await shop.deliver()
    shop.lose()
    await looked(shop)
    clock.put_forward(3000)
    assert (shop.agent._comparing.lateness.unheard, await unwell(shop)) == (0, [])


@pytest.mark.timeout(60)
@pytest.mark.parametrize("first", ["deletion", "error"])
async def test_one_that_comes_into_being_with_that_id_is_told(
    shop: Shop, clock: SteppedClock, first: str
) -> None:
    number = await make(shop, "order")
    body = shop.store.order(number)
    kept = shop.store.shop.orders[number]
    subject, deletion = f"order/{number}", signed("order.deleted", {"id": number})
    await delete(shop, "order", number)
    shop.lose()
    for webhook in (deletion, recordings.webhook(42))[:: 1 if first == "deletion" else -1]:
        await shop.post(webhook)
    await looked(shop)
    assert about(shop, subject) == ["retail.order.deleted.v1"]
    assert await unwell(shop) == []

    clock.put_forward(60)
    shop.store.shop.orders[number] = kept
    kept.created = kept.modified = shop.store.shop.now()
    orders.change(shop.store.shop, kept, {"status": "processing"})
    assert shop.store.order(number) != body
    await shop.deliver()
    await shop.gateway.until(lambda: about(shop, subject)[-1] == "retail.order.snapshot.v1")
    await looked(shop)
    assert await unwell(shop) == []
