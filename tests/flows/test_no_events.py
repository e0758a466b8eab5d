"""What is not an event, from store to gateway: echoes, error objects, late bodies, write loops."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp
from typer.testing import CliRunner

from agent.cli import main
from agent.model.delivery import Verdict
from tests import agents, recordings
from tests.flows.shop import signed

if TYPE_CHECKING:
    from tests.flows.shop import Ends, Shop

ERROR = recordings.webhook(42)


def _stock(version: int, sku: str, quantity: int) -> dict[str, Any]:
    return {
        "id": f"{sku}-{version}",
        "kind": "stock",
        "sku": sku,
        "version": version,
        "quantity": quantity,
    }


async def test_our_own_writes_come_back_as_echoes_and_are_not_told_to_the_gateway(
    shop: Shop,
) -> None:
    mug = shop.store.add_product("MUG-1", price="12.50", stock=40)
    shirt = shop.store.add_variable("SHIRT", {"SHIRT-S": ("20.00", 3)})
    await shop.deliver()
    before = shop.told()
    assert Counter(before) == Counter(f"product/{n}" for n in (mug, shirt, shirt + 1))
    price = {"kind": "price", "version": 1, "regular_price": "21.50", "sale_price": "19.00"}
    await shop.update(
        _stock(1, "MUG-1", 7),
        _stock(1, "SHIRT-S", 5),
        price | {"id": "p-1", "sku": "SHIRT-S", "sale_to": "2099-11-30T23:59:59Z"},
    )
    await shop.deliver()
    outbox = await shop.until(lambda outbox: not outbox["unjudged"])
    assert (outbox["skipped"]["echo"], shop.told()) == (2, before)
    # And the next writes, over figures that were ours already.
    await shop.update(_stock(2, "MUG-1", 6), _stock(2, "SHIRT-S", 0))
    await shop.deliver()
    outbox = await shop.until(lambda outbox: not outbox["unjudged"])
    assert (outbox["skipped"]["echo"], shop.told()) == (4, before)


async def test_what_somebody_else_changed_beside_our_write_is_told(shop: Shop) -> None:
    mug, cap = (shop.store.add_product(sku, stock=40) for sku in ("MUG-1", "CAP-1"))
    await shop.deliver()
    before = shop.told()
    await shop.update(_stock(1, "MUG-1", 7), _stock(1, "CAP-1", 7))
    shop.store._product("MUG-1").name = "Mug, hand made"
    shop.store._product("CAP-1").stock = 6  # a sale right after it
    await shop.deliver()
    outbox = await shop.until(lambda outbox: not outbox["unjudged"])
    told = ["inventory/CAP-1", f"product/{mug}", f"product/{cap}"]
    assert sorted(shop.told()[len(before) :]) == told
    assert outbox["skipped"]["echo"] == 0
    newest = shop.gateway.subjects(agents.STORE)
    assert newest[f"product/{mug}"]["data"]["name"] == "Mug, hand made"
    assert newest[f"product/{cap}"]["data"]["quantity"] == 6


async def test_a_webhook_that_is_faster_than_our_books_is_told_once(shop: Shop) -> None:
    shop.store.add_product("MUG-1", stock=40)
    await shop.deliver()
    before = shop.told()

    async def deliver_first(_: int) -> None:
        """The figures change, and the webhook arrives, while our write is under way."""
        shop.store._product("MUG-1").stock = 7
        shop.store.shop.emit("product.updated", shop.store._product("MUG-1").id)
        await shop.deliver()

    shop.store.pause_writes(deliver_first)
    await shop.update(_stock(1, "MUG-1", 7))
    await shop.deliver()
    outbox = await shop.until(lambda outbox: not outbox["unjudged"])
    assert shop.told() == [*before, *before, "inventory/MUG-1"]
    assert outbox["skipped"]["duplicate"] + outbox["skipped"]["echo"] == 1


async def test_error_objects_raise_an_alarm_and_what_they_hid_is_read(shop: Shop) -> None:
    shop.store.add_product("MUG-1", stock=40)
    known = shop.store.place_order([("MUG-1", 1)])
    await shop.deliver()
    silent = [shop.store.place_order([("MUG-1", 1)]) for _ in range(2)]
    shop.store.trash_order(silent[1])
    shop.lose()
    await shop.post(ERROR)
    orders = [f"order/{number}" for number in (known, *silent)]
    await shop.gateway.until(lambda: set(orders) <= set(shop.told()))
    outbox = await shop.until(lambda outbox: not outbox["unjudged"])
    assert [subject for subject in shop.told() if subject.startswith("order")] == orders
    assert outbox["skipped"]["error_body"] == 1
    alarm = await shop.check("webhooks:errorObjects")
    assert alarm["status"] == "warn"
    assert "in place of orders" in alarm["output"]
    shop.store.set_status(known, "completed")
    await shop.deliver()
    assert (await shop.check("webhooks:errorObjects"))["status"] == "pass"


async def test_a_question_that_the_store_could_not_answer_outlives_the_agent(ends: Ends) -> None:
    ends.store.add_product("MUG-1", stock=40)
    silent = ends.store.place_order([("MUG-1", 1)])
    ends.store.maintenance = True
    async with ends.agent() as shop:
        asked = ends.store.site.requests
        await shop.post(ERROR)
        await ends.store.site.until(lambda: ends.store.site.requests > asked)
        assert shop.told() == []
    ends.store.maintenance = False
    async with ends.agent() as shop:
        await ends.gateway.until(lambda: shop.told() == [f"order/{silent}"])
        assert (await shop.check("webhooks:errorObjects"))["status"] == "warn"


async def test_a_late_body_is_set_aside_and_the_store_is_asked_how_it_is_now(shop: Shop) -> None:
    mug = shop.store.add_product("MUG-1", stock=40)
    await shop.deliver()
    now = shop.store.product(mug)
    late = now | {"name": "An older name", "date_modified_gmt": "2020-01-01T00:00:00"}
    shop.store._product("MUG-1").name = "A newer name"
    shop.lose()
    await shop.post(signed("product.updated", late))
    await shop.gateway.until(lambda: shop.told().count(f"product/{mug}") == 2)
    newest = shop.gateway.subjects(agents.STORE)[f"product/{mug}"]
    assert newest["data"]["name"] == "A newer name"
    assert (await shop.agent.outbox())["skipped"]["stale"] == 1


async def test_a_product_saved_in_a_loop_is_an_alarm(shop: Shop) -> None:
    mug = shop.store.add_product("MUG-1", stock=40)
    await shop.deliver()
    assert (await shop.check("webhooks:repeats"))["status"] == "pass"
    for _ in range(4):
        shop.store.shop.emit("product.updated", mug)
        await shop.deliver()
    alarm = await shop.check("webhooks:repeats")
    assert alarm["status"] == "warn"
    assert f"product/{mug} saved again and again" in alarm["output"]


async def test_every_verdict_is_kept_counted_listed_and_not_sent(shop: Shop) -> None:
    mug = shop.store.add_product("MUG-1", stock=40)
    await shop.deliver()
    await shop.update(_stock(1, "MUG-1", 7))
    await shop.deliver()
    accepted = len(shop.told())
    late = shop.store.product(mug) | {"name": "B", "date_modified_gmt": "2020-01-01T00:00:00"}
    draft = recordings.webhook(14).json() | {"id": 999_001, "status": "checkout-draft"}
    clone = signed("order.created", recordings.webhook(18).json())
    clone = replace(clone, headers={**clone.headers, "X-WC-Webhook-Source": "https://clone.test/"})
    async with aiohttp.ClientSession() as session:
        assert await agents.post(session, agents.url(shop.agent), clone) == 200
    await shop.post(
        signed("product.updated", late),
        signed("coupon.deleted", {"id": mug}),
        signed("order.updated", draft),
        signed("coupon.updated", {"code": "x", "message": "no", "data": {"status": 404}}),
    )
    cap = shop.store.add_product("CAP-1")
    await shop.deliver()
    shop.store.shop.emit("product.updated", cap)
    await shop.deliver()
    outbox = await shop.until(lambda outbox: not outbox["unjudged"])
    skipped = {verdict for verdict, n in outbox["skipped"].items() if n}
    assert skipped == set(Verdict) - {Verdict.EVENT}
    assert len(shop.told()) == accepted + 1  # CAP-1
    assert outbox["accepted"] == len(shop.gateway.events(agents.STORE))
    line = ["outbox", "list", "--state", "skipped", "--json", "--config", str(shop.config)]
    rows = json.loads((await asyncio.to_thread(CliRunner().invoke, main.app, line)).stdout)
    assert {row["verdict"] for row in rows} == skipped
    sent = {event["id"] for event in shop.gateway.events(agents.STORE)}
    assert not sent & {row["id"] for row in rows}
