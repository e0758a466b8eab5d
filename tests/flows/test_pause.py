"""Somebody holds a line up while the daemon runs, and lets it go on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests import agents, processes

if TYPE_CHECKING:
    from tests.flows.shop import Shop

SOON_S = 2.5  # a second, and what starting a command and a slow machine take


async def say(shop: Shop, *command: str) -> None:
    """A command, beside the running daemon."""
    done = await processes.run(*command, "--config", str(shop.config))
    assert (done.exit_code, done.stderr) == (0, "")


async def a_while(shop: Shop) -> None:
    """Far longer than anything takes that is not held up."""
    before = shop.gateway.site.requests
    await shop.gateway.until(lambda: shop.gateway.site.requests >= before + 10)


async def test_events_are_taken_in_but_not_sent_until_somebody_resumes(shop: Shop) -> None:
    shop.store.add_product("MUG-1", stock=40)
    await shop.deliver()
    sent = shop.told()
    await say(shop, "pause", "events", "--reason", "the ERP moves house")
    order = f"order/{shop.store.place_order([('MUG-1', 1)])}"
    await shop.store.deliver_pending()
    await shop.until(lambda outbox: outbox["pending"] and not outbox["unjudged"])
    await a_while(shop)
    assert shop.told() == sent
    check = await shop.check("events:paused")
    assert (check["status"], check["observedValue"]) == ("warn", True)
    assert ": the ERP moves house: woo-agent resume events" in check["output"]
    assert (await shop.check("updates:paused"))["status"] == "pass"
    await say(shop, "resume", "events")
    resumed = time.monotonic()
    await shop.until(lambda outbox: not outbox["pending"])
    assert time.monotonic() - resumed < SOON_S
    assert order in shop.told()
    assert (await shop.check("events:paused"))["status"] == "pass"


async def test_updates_are_taken_in_but_not_written_until_the_time_is_over(shop: Shop) -> None:
    shop.store.add_product("MUG-1", stock=40)
    await say(shop, "pause", "updates", "--for", "2s", "--reason", "stocktaking")
    paused = time.monotonic()
    update = {"id": "u", "kind": "stock", "sku": "MUG-1", "version": 1, "quantity": 12}
    shop.gateway.publish(agents.STORE, update)
    while not (await shop.check("updates:open"))["observedValue"]:
        await a_while(shop)
    assert shop.store.stock("MUG-1") == 40
    await shop.gateway.until(lambda: shop.gateway.result(agents.STORE, "u") is not None)
    assert shop.store.stock("MUG-1") == 12
    assert 0.5 < time.monotonic() - paused < 2 + SOON_S
    assert (await shop.check("updates:paused"))["status"] == "pass"
