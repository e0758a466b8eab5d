"""After bad days, one cycle of each kind: the gateway's copy is what the store has."""

from __future__ import annotations

import json
import os
import random
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from agent.demo.shop import coupons, customers, products, refunds
from agent.demo.shop.profile import Profile
from agent.events import followups
from agent.model import content
from agent.model.registration import TOPICS
from agent.woo.translate import canonical
from agent.woo.translate.rules import PLAIN
from tests import agents
from tests.clock import SteppedClock
from tests.flows.days import Days
from tests.flows.shop import Ends

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from agent.demo.gateway import Gateway
    from agent.demo.store import Store
    from tests.flows.shop import Shop

SEED = os.environ.get("WOO_AGENT_TEST_SEED")
SEEDS = [int(SEED or 1)]
THINGS = int(os.environ.get("WOO_AGENT_TEST_THINGS", "150"))
_OF_ITSELF = ("modified_at",)
_OF_CHILDREN = ("variation_ids", *_OF_ITSELF)  # no date of the parent tells of those


def has(store: Store) -> dict[str, dict[str, Any]]:
    """What the gateway should have, by subject; nothing of what lies in the trash."""
    shop = store.shop
    bodies: dict[str, Any] = {f"order/{n}": store.order(n) for n in shop.orders}
    for one in shop.refunds.values():
        bodies[f"refund/{one.id}"] = refunds.body(shop, one, of_all_orders=True)
    bodies |= {f"product/{p.id}": products.body(shop, p) for p in shop.catalog.all()}
    bodies |= {f"customer/{c.id}": customers.body(shop, c) for c in shop.customers.values()}
    bodies |= {f"coupon/{c.id}": coupons.body(shop, c) for c in shop.coupons.values()}
    return {
        subject: json.loads(
            content.encoded(canonical.snapshot(subject.partition("/")[0], body, PLAIN))
        )
        for subject, body in bodies.items()
        if body.get("status") != "trash"
    }


def told(gateway: Gateway) -> dict[str, dict[str, Any]]:
    """What it has, by subject; nothing of what was deleted or lies in the trash."""
    return {
        subject: event["data"]
        for subject, event in gateway.subjects(agents.STORE).items()
        if subject.partition("/")[0] in ("order", "refund", "product", "customer", "coupon")
        and ".deleted." not in event["type"]
        and "trash" not in (event["data"].get("store_status"), event["data"].get("status"))
    }


def figures(gateway: Gateway) -> dict[str, Any]:
    """The newest stock it was told of each SKU, by a product or by its stock alone."""
    newest: dict[str, tuple[str, Any]] = {}
    for event in gateway.subjects(agents.STORE).values():
        sku = event["data"].get("sku")
        if sku and event["type"] in (
            "retail.product.snapshot.v1",
            "retail.inventory.snapshot.v1",
        ):
            found = (event["sequence"], event["data"]["quantity"])
            newest[sku] = max(newest.get(sku, ("", None)), found, key=lambda one: one[0])
    return {sku: quantity for sku, (_, quantity) in newest.items()}


def differences(store: Store, gateway: Gateway) -> list[str]:
    """What does not agree, a line each."""
    ours, theirs = has(store), told(gateway)
    found = [f"{one} is not there" for one in ours.keys() - theirs.keys()]
    found += [f"{one} is still there" for one in theirs.keys() - ours.keys()]
    for subject in ours.keys() & theirs.keys():
        found += _different(subject, ours[subject], theirs[subject])
    shown = figures(gateway)
    for product in store.shop.catalog.all():
        if product.sku and product.status != "trash":
            stands = store.stock(product.sku)
            if shown.get(product.sku) != stands:
                found.append(f"{product.sku}: {shown.get(product.sku)} told, {stands} in the store")
    return sorted(found)


def _different(subject: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    if subject.startswith("refund/"):  # what the order adds to it is shown elsewhere
        names: tuple[str, ...] = ("order", "amount", "reason", "created_at")
    else:
        apart = _OF_CHILDREN if ours.get("type") == "variable" else _OF_ITSELF
        names = tuple(name for name in ours if name not in apart)
    return [
        f"{subject}.{name}: {theirs.get(name)!r} told, {ours[name]!r} in the store"
        for name in names
        if ours[name] != theirs.get(name)
    ]


def active(store: Store) -> set[str]:
    """The topics of webhooks that would be sent."""
    return {one.topic for one in store.shop.webhooks.by_id.values() if one.status == "active"}


def reports(gateway: Gateway) -> list[dict[str, Any]]:
    kind = "retail.reconciliation.report.v1"
    return [one["data"] for one in gateway.events(agents.STORE) if one["type"] == kind]


async def cycle(shop: Shop) -> dict[str, Any]:
    """Waits for the report of the next comparison; it."""
    before = len(reports(shop.gateway))
    await shop.gateway.until(lambda: len(reports(shop.gateway)) > before, timeout=60)
    return reports(shop.gateway)[-1]


async def settled(shop: Shop, folder: Path) -> None:
    """Nothing waits, be it for the gateway or for a look that was asked for at once: a deletion
    that came after a restore is told, and made good by the look that follows it."""
    looks, last = 1, ""
    while looks or last != (await quiet(shop))["last_sequence"]:
        last = (await quiet(shop))["last_sequence"]
        looks = looks_to_come(folder)
        await shop.polled()


def looks_to_come(folder: Path) -> int:
    """Without the second looks, which are some time later."""
    [path] = folder.rglob("agent.db")
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        [(count,)] = db.execute("SELECT count(*) FROM followups WHERE kind != 'again'")
    return int(count)


async def quiet(shop: Shop) -> dict[str, Any]:
    return await shop.until(lambda outbox: not outbox["pending"] and not outbox["unjudged"])


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", SEEDS)
async def test_after_one_cycle_of_each_kind_both_ends_are_the_same(
    seed: int, tmp_path: Path, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followups, "CONFIRMED_AFTER_S", 0.1)
    rng, clock = random.Random(seed), SteppedClock()
    async with Ends.serving(tmp_path, clock, rng=rng, profile=profile) as both:
        settings = {"requests_per_minute": 6000, "sweep_every": "12h", "webhooks_every": "12h"}
        here = f"127.0.0.1:{agents.closed_port()}"
        webhooks = {"listen": here, "delivery_url": f"http://{here}/webhooks"}
        async with both.agent(clock=clock, reconcile=settings, webhooks=webhooks) as shop:
            await agents.begun(shop.agent, both.gateway)
            await both.store.site.until(lambda: active(both.store) == {*TOPICS})
            days = Days(both.store, rng)
            for number in range(THINGS):
                days.something()
                if number % 3 == 0:
                    await days.post()
                if number == THINGS * 2 // 3:
                    days.disable_some()
                clock.put_forward(rng.choice((0, 1, 7)))
            await days.post()
        clock.put_forward(3600)
        assert days.lost
        assert differences(both.store, both.gateway)
        settings["sweep_every"] = "1s"
        assert active(both.store) != {*TOPICS}
        async with both.agent(clock=clock, reconcile=settings, webhooks=webhooks) as shop:
            await days.post_late(0.5)
            report = await cycle(shop)
            await settled(shop, tmp_path)
            assert differences(both.store, both.gateway) == [], "\n".join(days.happened)
            assert report["agreed"], report
            assert active(both.store) == {*TOPICS}
            await days.post_late(1.0)
            await settled(shop, tmp_path)
            assert differences(both.store, both.gateway) == []
