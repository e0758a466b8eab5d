"""Lists of a WooCommerce that has no route for them: the same rows, from their parents."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from agent import errors
from agent.woo.reads import Reads
from tests.clock import FakeClock
from tests.woo import shops

if TYPE_CHECKING:
    from agent.demo.store import Store
    from agent.model.listed import Listed
    from agent.woo.client import Client

LISTS = ("refunds", "variations", "trashed variations")


def filled() -> Store:
    store = shops.stand_in(FakeClock())
    store.add_product("MUG-1", price="2.00", stock=400)
    store.add_variable("SHIRT", {"SHIRT-S": ("20.00", 3), "SHIRT-M": ("21.00", 5)})
    store.add_variable("HAT", {f"HAT-{n}": ("9.00", n) for n in range(120)})
    orders = [store.place_order([("MUG-1", 3)]) for _ in range(3)]
    for order in (orders[0], orders[2], orders[2]):
        store.refund(order, {"MUG-1": 1})
    return store


def without_routes(store: Store, *paths: str) -> None:
    kept = [(pattern, route) for pattern, route in store._rest._routes if route.path not in paths]
    store._rest._routes = kept


async def listed(client: Client, listing: str) -> list[Listed]:
    found = [one async for page in Reads(client).listed(listing) for one in page]
    return sorted(found, key=lambda one: one.number)


@pytest.mark.parametrize("listing", LISTS)
async def test_they_show_the_same(listing: str) -> None:
    store = filled()
    async with store.serving(deliver=False), shops.calling(store.url) as client:
        expected = await listed(client, listing)
        without_routes(store, "refunds", "variations")
        assert await listed(client, listing) == expected
    assert len(expected) == {"refunds": 3, "variations": 122, "trashed variations": 0}[listing]


async def test_changes_are_not_looked_for_parent_by_parent() -> None:
    store = filled()
    without_routes(store, "variations")
    async with store.serving(deliver=False), shops.calling(store.url) as client:
        with pytest.raises(errors.StoreRefusedError):
            await anext(Reads(client).listed("variations", datetime(2026, 11, 24, tzinfo=UTC)))
    assert store.site.requests == 1


async def test_a_store_without_the_parents_route_too_has_no_such_list() -> None:
    store = filled()
    without_routes(store, "refunds", "orders/{order}/refunds")
    async with store.serving(deliver=False), shops.calling(store.url) as client:
        with pytest.raises(errors.StoreRefusedError) as caught:
            await listed(client, "refunds")
    assert caught.value.status == 404
