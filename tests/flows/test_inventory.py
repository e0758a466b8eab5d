"""Stock that changed in the store, from there to the gateway, under the SKU that it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests import agents

if TYPE_CHECKING:
    from tests.flows.shop import Shop


def levels(shop: Shop) -> list[dict[str, Any]]:
    found = shop.gateway.events(agents.STORE)
    return [event for event in found if event["type"] == "retail.inventory.snapshot.v1"]


def shown(shop: Shop) -> list[tuple[str, int | None]]:
    """Subject and quantity of what was told, in order."""
    return [(event["subject"], event["data"]["quantity"]) for event in levels(shop)]


async def settled(shop: Shop) -> None:
    await shop.deliver()
    await shop.until(lambda outbox: not outbox["pending"] and not outbox["unjudged"])


async def test_a_sale_tells_the_stock_that_is_left_and_which_event_it_follows_from(
    shop: Shop,
) -> None:
    mug = shop.store.add_product("MUG-1", stock=40)
    shirt = shop.store.add_variable("SHIRT", {"SHIRT-S": ("20.00", 3)})
    await settled(shop)
    assert shown(shop) == []  # products that are new tell it themselves
    shop.store.place_order([("MUG-1", 1), ("SHIRT-S", 2)])
    await settled(shop)
    assert sorted(shown(shop)) == [("inventory/MUG-1", 39), ("inventory/SHIRT-S", 1)]
    [of_mug] = [event for event in levels(shop) if event["subject"] == "inventory/MUG-1"]
    [*_, of_product] = [
        e for e in shop.gateway.events(agents.STORE) if e["subject"] == f"product/{mug}"
    ]
    assert of_mug["causationid"] == of_product["id"]
    assert of_mug["correlationid"] == "inventory/MUG-1"
    assert of_mug["sequence"] > of_product["sequence"]
    assert of_mug["time"] == of_product["time"]
    [of_shirt] = [event["data"] for event in levels(shop) if event["id"] != of_mug["id"]]
    assert (of_shirt["product_id"], of_shirt["variation_id"]) == (shirt, shirt + 1)


async def test_what_is_no_change_of_stock_is_not_told(shop: Shop) -> None:
    mug = shop.store.add_product("MUG-1", stock=40)
    nameless = shop.store.add_product("", stock=40)
    await settled(shop)
    before = len(shop.told())
    shop.store._product(mug).name = "Mug, hand made"
    shop.store._product(nameless).stock = 39
    for number in (mug, mug, nameless):
        shop.store.shop.emit("product.updated", number)
        await settled(shop)
    assert shop.told()[before:] == [f"product/{mug}", f"product/{nameless}"]


async def test_our_own_stock_is_not_told_but_what_comes_after_it(shop: Shop) -> None:
    mug = shop.store.add_product("MUG-1", stock=40)
    await settled(shop)
    update = {"kind": "stock", "sku": "MUG-1", "version": 1, "quantity": 7}
    await shop.update({"id": "u-1", **update})
    shop.store._product(mug).name = "Mug, hand made"  # an event, but of no stock
    await settled(shop)
    assert shown(shop) == []
    shop.store.place_order([("MUG-1", 1)])
    await settled(shop)
    assert shown(shop) == [("inventory/MUG-1", 6)]
    await shop.update({**update, "id": "u-2", "version": 2, "quantity": 8})  # less 1
    await settled(shop)
    shop.store._product(mug).stock = 6  # by hand: what was told last, but not what stands
    shop.store.shop.emit("product.updated", mug)
    await settled(shop)
    assert shown(shop) == [("inventory/MUG-1", 6)] * 2


async def test_lost_and_repeated_webhooks_tell_where_the_stock_ended_once(shop: Shop) -> None:
    shop.store.add_product("MUG-1", stock=40)
    await settled(shop)
    shop.store.place_order([("MUG-1", 1)])
    shop.lose()
    shop.store.place_order([("MUG-1", 1)])
    await settled(shop)
    shop.store.shop.emit("product.updated", shop.store._product("MUG-1").id)
    await settled(shop)
    assert shown(shop) == [("inventory/MUG-1", 38)]
