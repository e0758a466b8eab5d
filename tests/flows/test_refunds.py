"""Refunds, from the store to the gateway: no webhook tells of them, their order names them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from typer.testing import CliRunner

from agent.cli import main
from tests import agents
from tests.flows.shop import signed

if TYPE_CHECKING:
    from tests.flows.shop import Ends, Shop


def events(shop: Shop, number: int) -> list[dict[str, Any]]:
    """What the gateway was told of that order and its refunds, in order."""
    found = shop.gateway.events(agents.STORE)
    return [event for event in found if event["correlationid"] == f"order/{number}"]


def shown(refund: dict[str, Any]) -> tuple[Any, ...]:
    """What it is about: order, currency, amount, reason, lines."""
    data = refund["data"]
    lines = [(x["sku"], x["quantity"], x["restocked_quantity"]) for x in data["lines"]]
    return (data["order"], data["currency"], data["amount"], data["reason"], lines)


async def until(shop: Shop, number: int, *subjects: str) -> list[dict[str, Any]]:
    """Waits until those events of that order were told, and no others."""
    await shop.gateway.until(lambda: len(events(shop, number)) >= len(subjects))
    await shop.until(lambda outbox: not outbox["pending"])
    found = events(shop, number)
    assert [event["subject"] for event in found] == list(subjects)
    return found


async def sold(shop: Shop) -> int:
    shop.store.add_product("MUG-1", price="10.00", stock=40)
    number = shop.store.place_order([("MUG-1", 3)])
    await shop.deliver()
    return number


async def test_a_refund_follows_its_order_with_lines_units_and_reason(shop: Shop) -> None:
    number = await sold(shop)
    back = shop.store.refund(number, {"MUG-1": 1}, reason="damaged")
    await shop.deliver()
    order, refund = (await until(shop, number, *[f"order/{number}"] * 2, f"refund/{back}"))[1:]
    assert refund["type"] == "retail.refund.snapshot.v1"
    assert refund["causationid"] == order["id"]
    assert refund["sequence"] > order["sequence"]
    assert shown(refund) == (f"order/{number}", "EUR", "10.00", "damaged", [("MUG-1", 1, 1)])
    kept = shop.store.refund(number, {"MUG-1": 1}, amount="4.00", restock=False)
    await shop.deliver()
    subjects = [*[f"order/{number}"] * 2, f"refund/{back}", f"order/{number}", f"refund/{kept}"]
    told = await until(shop, number, *subjects)
    assert told[-1]["causationid"] == told[-2]["id"] != order["id"]
    assert shown(told[-1]) == (f"order/{number}", "EUR", "4.00", None, [("MUG-1", 1, 0)])
    assert "causationid" not in order
    line = ["outbox", "show", refund["id"], "--json", "--config", str(shop.config)]
    row = json.loads((await asyncio.to_thread(CliRunner().invoke, main.app, line)).stdout)
    assert row["causationid"] == row["envelope"]["causationid"] == order["id"]
    line = ["outbox", "export", "--config", str(shop.config)]
    exported = (await asyncio.to_thread(CliRunner().invoke, main.app, line)).stdout
    causes = {one["id"]: one.get("causationid") for one in map(json.loads, exported.splitlines())}
    assert causes == {
        event["id"]: event.get("causationid") for event in shop.gateway.events(agents.STORE)
    }


async def test_lost_and_repeated_webhooks_tell_each_refund_once(shop: Shop) -> None:
    number = await sold(shop)
    first = shop.store.refund(number, {"MUG-1": 1})
    shop.lose()
    second = shop.store.refund(number, {"MUG-1": 1})
    await shop.deliver()
    subjects = [*[f"order/{number}"] * 2, f"refund/{first}", f"refund/{second}"]
    await until(shop, number, *subjects)
    reads = shop.store.site.requests
    shop.store.shop.emit("order.updated", number)
    await shop.deliver()
    await until(shop, number, *subjects)
    assert shop.store.site.requests == reads  # nothing was asked for again


async def test_a_restart_between_order_and_refund(ends: Ends) -> None:
    ends.store.add_product("MUG-1", stock=40)
    number = ends.store.place_order([("MUG-1", 3)])
    back = ends.store.refund(number, {"MUG-1": 1})
    body = ends.store.order(number)
    ends.store.maintenance = True
    async with ends.agent() as shop:
        asked = ends.store.site.requests
        await shop.post(signed("order.updated", body))
        await ends.gateway.until(lambda: shop.told() == [f"order/{number}"])
        await ends.store.site.until(lambda: ends.store.site.requests > asked)
    ends.store.maintenance = False
    async with ends.agent() as shop:
        order, refund = await until(shop, number, f"order/{number}", f"refund/{back}")
        assert refund["causationid"] == order["id"]


async def test_a_refund_that_vanished_is_told(shop: Shop) -> None:
    number = await sold(shop)
    back, kept = (shop.store.refund(number, {"MUG-1": 1}) for _ in range(2))
    await shop.deliver()
    subjects = [*[f"order/{number}"] * 2, f"refund/{back}", f"refund/{kept}"]
    await until(shop, number, *subjects)
    deleted = shop.store.shop.refunds.pop(back)  # as the store does it: without a webhook
    shop.store.shop.orders[number].refunds.remove(deleted)
    shop.store.set_status(number, "completed")
    await shop.deliver()
    told = await until(shop, number, *subjects, f"order/{number}", f"refund/{back}")
    assert told[-1]["type"] == "retail.refund.deleted.v1"
    assert told[-1]["causationid"] == told[-2]["id"]
    assert told[-1]["data"] == {
        "id": f"refund/{back}",
        "resource": "refund",
        "resource_id": back,
    }


async def test_the_refunds_of_an_order_that_is_gone_for_good_are_told_to_be_gone(
    shop: Shop,
) -> None:
    first, second = await sold(shop), shop.store.place_order([("MUG-1", 3)])
    await shop.deliver()
    refunds = {number: shop.store.refund(number, {"MUG-1": 1}) for number in (first, second)}
    await shop.deliver()
    for number, back in refunds.items():
        await until(shop, number, *[f"order/{number}"] * 2, f"refund/{back}")
    for number in refunds:
        shop.store.trash_order(number)
    del shop.store.shop.orders[second]
    del shop.store.shop.refunds[refunds[second]]
    await shop.deliver()
    gone = [*[f"order/{second}"] * 2, f"refund/{refunds[second]}"]
    told = await until(shop, second, *gone, f"order/{second}", f"refund/{refunds[second]}")
    assert [event["type"] for event in told[-2:]] == [
        "retail.order.deleted.v1",
        "retail.refund.deleted.v1",
    ]
    kept = [*[f"order/{first}"] * 2, f"refund/{refunds[first]}", f"order/{first}"]
    await until(shop, first, *kept)  # in the trash
