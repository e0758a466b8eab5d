"""Edits in the store of what the ERP owns have a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent import metrics
from agent.demo.shop import catalog, product_changes
from agent.model.registration import TOPICS
from tests import agents, recordings

if TYPE_CHECKING:
    from agent.demo.store import Store
    from tests.flows.shop import Ends, Shop

PRICE = {"kind": "price", "sku": "MUG-1"}


def product_events(shop: Shop) -> list[dict[str, Any]]:
    return [
        event
        for event in shop.gateway.events(agents.STORE)
        if event["type"] == "retail.product.snapshot.v1"
    ]


def edit(store: Store, **sent: str) -> None:
    """What somebody does on the product's page."""
    shop, product = store.shop, store._product("MUG-1")
    loaded, draft = catalog.loaded(product)
    product_changes.apply(shop, draft, sent)
    shop.catalog.save(loaded, draft)
    shop.emit("product.updated", product.id)


async def test_a_price_changed_in_the_store_is_a_conflict_until_the_erp_speaks_again(
    shop: Shop,
) -> None:
    shop.store.add_product("MUG-1", price="10.00", stock=5)
    await shop.deliver()
    await shop.update({**PRICE, "id": "u-1", "version": 1, "regular_price": "12.00"})
    await shop.deliver()
    counted = metrics.CONFLICTS._value.get()
    assert not any("conflict" in event for event in product_events(shop))
    assert (await shop.check("store:drift"))["status"] == "pass"

    edit(shop.store, regular_price="11.00")
    await shop.deliver()
    *_, edited = product_events(shop)
    assert edited["conflict"] is True
    assert metrics.CONFLICTS._value.get() == counted + 1
    check = await shop.check("store:drift")
    assert (check["status"], check["observedValue"]) == ("warn", 1)
    assert "MUG-1 (regular_price)" in check["output"]

    edit(shop.store, name="A better mug")
    await shop.deliver()
    *_, renamed = product_events(shop)
    assert renamed["conflict"] is True

    await shop.update({**PRICE, "id": "u-2", "version": 2, "regular_price": "12.50"})
    assert (await shop.check("store:drift"))["status"] == "pass"
    await shop.deliver()
    edit(shop.store, name="The best mug")
    await shop.deliver()
    *_, last = product_events(shop)
    assert "conflict" not in last


@pytest.mark.parametrize("owner", ["erp", "store"])
async def test_what_the_store_owns_is_refused_and_its_edits_are_none(
    ends: Ends, owner: str
) -> None:
    ends.store.add_product("MUG-1", price="10.00", stock=5)
    async with ends.agent(ownership={"price": owner}) as shop:
        for topic in TOPICS:
            ends.store.add_webhook(topic, agents.url(shop.agent), recordings.SECRET)
        ends.gateway.publish(
            agents.STORE, {**PRICE, "id": "u-1", "version": 1, "regular_price": "12.00"}
        )
        await ends.gateway.until(lambda: len(ends.gateway.results(agents.STORE)) == 1)
        [result] = ends.gateway.results(agents.STORE)
        assert result.get("code") == ("not_owned" if owner == "store" else None)
        edit(ends.store, regular_price="11.00")
        await shop.deliver()
        *_, edited = product_events(shop)
        assert edited.get("conflict", False) is (owner == "erp")
