"""A customer who is deleted in the store is found nowhere in the state any more."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from typer.testing import CliRunner, Result

from agent.cli import main
from agent.demo.shop import customers
from agent.model.registration import TOPICS
from agent.ops import ageing
from tests import agents, recordings

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.flows.shop import Ends, Shop

EMAIL, NAME = "ada.private@example.com", "Lovelace-Byron"


# A body that came after the deletion, and was erased as well.
LATE = (
    "SELECT 1 FROM outbox WHERE subject LIKE 'order/%' AND erased AND sequence >"
    " (SELECT sequence FROM outbox WHERE type = 'retail.customer.deleted.v1')"
)

# Orders of a deleted customer who is not erased yet.
OPEN = "SELECT subject FROM erasure_orders JOIN erasures USING (customer_id) WHERE orders = 'open'"


def rows(folder: Path, query: str) -> list[Any]:
    [path] = folder.rglob("agent.db")
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        return db.execute(query).fetchall()


def said(folder: Path) -> str:
    """Everything in every table."""
    names = rows(folder, "SELECT name FROM sqlite_schema WHERE type = 'table'")
    return repr([rows(folder, f"SELECT * FROM {name}") for (name,) in names])


async def woo_agent(shop: Shop, *line: str) -> Result:
    arguments = [*line, "--config", str(shop.config)]
    return await asyncio.to_thread(lambda: CliRunner().invoke(main.app, arguments))


async def test_of_a_deleted_customer_nothing_is_left_but_what_was_sold(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ageing, "IDLE_S", ageing.BETWEEN_STEPS_S)
    store = ends.store
    async with ends.agent() as shop:
        for topic in TOPICS:
            store.add_webhook(topic, agents.url(shop.agent), recordings.SECRET)
        store.add_product("MUG-1", stock=40)
        ada = customers.create(store.shop, {"email": EMAIL, "last_name": NAME}).id
        address = {"email": EMAIL, "last_name": NAME}
        about: dict[str, Any] = {"billing": address, "customer_id": ada}
        number = store.place_order([("MUG-1", 2)], "processing", **about)
        other = store.place_order([("MUG-1", 1)], billing={"email": "bob@example.com"})
        await shop.deliver()
        refund = store.refund(number, {"MUG-1": 1}, reason=f"for {NAME}")
        await shop.deliver()
        await ends.gateway.until(lambda: f"refund/{refund}" in shop.told())
        store.set_status(number, "completed")
        await shop.deliver()
        assert EMAIL in said(ends.folder)
        assert NAME in said(ends.folder)
        del store.shop.customers[ada]
        store.shop.emit("customer.deleted", ada)
        await shop.deliver()
    async with ends.agent() as shop:
        await shop.until(lambda _: bool(rows(ends.folder, LATE)))  # read at the start
        await shop.until(lambda _: NAME not in said(ends.folder))
        left = said(ends.folder)
        assert EMAIL not in left
        assert "bob@example.com" in left
        events: list[dict[str, Any]] = ends.gateway.events(agents.STORE)
        account, sold = (
            next(event for event in events if event["subject"] == subject)
            for subject in (f"customer/{ada}", f"order/{number}")
        )
        for event in (account, sold):
            refused = await woo_agent(shop, "outbox", "replay", event["id"])
            assert "its body was erased with its customer" in str(refused.exception)
        printed = await woo_agent(shop, "outbox", "show", account["id"], "--json")
        shown = json.loads(printed.stdout)
        assert (shown["erased"], shown["envelope"]) == (True, None)
        assert shown["body"] == {"id": ada, "erased": True}
        exported = (await woo_agent(shop, "outbox", "export")).stdout
        assert EMAIL not in exported
        told = {line["id"]: line for line in map(json.loads, exported.splitlines())}
        assert account["id"] not in told
        assert told[sold["id"]]["data"]["totals"] == sold["data"]["totals"]
        kept = {f"order/{number}", f"order/{other}", f"refund/{refund}", f"customer/{ada}"}
        assert kept <= {line["subject"] for line in told.values()}


def orders(ends: Ends, subject: str) -> list[dict[str, Any]]:
    return [event for event in ends.gateway.events(agents.STORE) if event["subject"] == subject]


async def test_goods_that_are_still_to_be_sent_keep_their_address_until_they_are(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ageing, "IDLE_S", ageing.BETWEEN_STEPS_S)
    store = ends.store
    async with ends.agent() as shop:
        for topic in TOPICS:
            store.add_webhook(topic, agents.url(shop.agent), recordings.SECRET)
        store.add_product("MUG-1", stock=40)
        ada = customers.create(store.shop, {"email": EMAIL, "last_name": NAME}).id
        to = {"last_name": NAME, "address_1": "12 St James's Square"}
        number = store.place_order(
            [("MUG-1", 2)], "processing", customer_id=ada, billing={"email": EMAIL}, shipping=to
        )
        await shop.deliver()
        del store.shop.customers[ada]
        store.shop.orders[number].fields["customer_id"] = 0  # as WooCommerce does, and tells nobody
        store.shop.emit("customer.deleted", ada)
        await shop.deliver()
        await shop.until(lambda _: rows(ends.folder, OPEN) == [(f"order/{number}",)])
    async with ends.agent() as shop:
        ends.gateway.rewind(agents.STORE, 0)
        await ends.gateway.until(lambda: bool(orders(ends, f"order/{number}")))
        again = orders(ends, f"order/{number}")[-1]
        assert again["data"]["shipping_address"]["line_1"] == to["address_1"]
        assert "erased" not in again
        store.set_status(number, "completed")
        await shop.deliver()
        await shop.until(lambda _: NAME not in said(ends.folder))
        assert EMAIL not in said(ends.folder)
        ends.gateway.rewind(agents.STORE, 0)
        await ends.gateway.until(lambda: bool(orders(ends, f"order/{number}")))
        left = orders(ends, f"order/{number}")[-1]
        assert left["data"]["shipping_address"] is None
        assert left["erased"] is True
