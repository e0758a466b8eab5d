"""Somebody compares both ends while the daemon runs: what was lost comes by itself."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent.clock import SystemClock
from agent.events import followups
from agent.reconcile import catch_up
from tests import agents, processes, recordings

if TYPE_CHECKING:
    from tests.flows.shop import Ends, Shop

FAST = {"requests_per_minute": 6000}


@pytest.fixture(autouse=True)
def _only_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon looks for nothing by itself, and soon notices what it is asked."""

    async def rest(_: catch_up.CatchUp) -> float:
        return 3600.0

    monkeypatch.setattr(catch_up.CatchUp, "run_once", rest)
    monkeypatch.setattr(followups, "IDLE_S", 0.05)


async def begun(shop: Shop) -> None:
    """A daemon that was told of an order."""
    shop.store.add_product("MUG-1", stock=40)
    await agents.begun(shop.agent, shop.gateway)
    shop.store.add_webhook("order.created", agents.url(shop.agent), recordings.SECRET)
    heard = f"order/{shop.store.place_order([('MUG-1', 1)])}"
    await shop.deliver()
    assert heard in shop.told()


async def reconcile(shop: Shop, *arguments: str) -> processes.Finished:
    return await processes.run("reconcile", "orders", *arguments, "--config", str(shop.config))


async def accepted(shop: Shop, subject: str) -> dict[str, Any]:
    await shop.gateway.until(lambda: subject in shop.told())
    [event] = [one for one in shop.gateway.events(agents.STORE) if one["subject"] == subject]
    return dict(event)


async def test_a_lost_order_reaches_the_gateway(ends: Ends) -> None:
    async with ends.agent(reconcile=FAST) as shop:
        await begun(shop)
        lost = f"order/{shop.store.place_order([('MUG-1', 1)])}"
        shop.lose()

        done = await reconcile(shop)
        assert "orders: 2 in the store" in done.stdout  # accepted meanwhile or not yet
        assert "asked for: 1 to be read" in done.stderr.splitlines()
        event = await accepted(shop, lost)
        assert event.get("backfill") in (None, False)

        done = await reconcile(shop)
        assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "both ends agree")


async def test_history_reaches_it_as_history(ends: Ends) -> None:
    async with ends.agent(reconcile=FAST) as shop:
        await begun(shop)
        number = shop.store.place_order([("MUG-1", 1)])
        shop.lose()
        old = shop.store.shop.orders[number]
        old.created = old.modified = SystemClock().now() - timedelta(days=400)

        assert (await reconcile(shop)).exit_code == 0
        done = await reconcile(shop, "--since", "2020-01-01T00:00:00+01:00")
        assert done.exit_code == 0
        assert done.stdout.splitlines()[-1] == "asked for: 1 to be read (1 as history)"
        event = await accepted(shop, f"order/{number}")
        assert event["backfill"] is True


async def test_what_an_earlier_program_kept_of_a_rejected_item_is_no_obstacle(ends: Ends) -> None:
    ends.store.add_product("MUG-1", stock=40)
    bad = {"kind": "stock", "sku": "MUG-1", "version": 2, "quantity": "many"}
    async with ends.agent(reconcile=FAST) as shop:
        await agents.begun(shop.agent, shop.gateway)
        await shop.update({**bad, "id": "u-1", "version": 1, "quantity": 12})
        ends.gateway.publish(agents.STORE, {**bad, "id": "u-2", "note": "x" * 9000})
        await ends.gateway.until(lambda: ends.gateway.result(agents.STORE, "u-2") is not None)
    cut = json.dumps({**bad, "id": "u-2", "note": "x" * 9000})[:4096]
    with closing(sqlite3.connect(ends.folder / "state" / "agent.db")) as db, db:
        assert db.execute("UPDATE inbox SET body = ? WHERE id = 'u-2'", (cut,)).rowcount == 1
    async with ends.agent(reconcile=FAST) as shop:
        done = await processes.run("reconcile", "stock", "--config", str(shop.config))
        told = "stock: 1 of 1 SKUs show the intended figure (100.00 %)"
        assert told in done.stdout, done.stdout + done.stderr
