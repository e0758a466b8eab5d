"""What is asked of the store, and what is made of its answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from agent import errors
from agent.demo.site import Fault
from agent.model.product import ItemWrite, StoreProfile
from tests.agents import closed_port
from tests.woo import shops

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agent.demo.store import Store
    from agent.woo.client import Client


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    store = shops.stand_in(shops.HurriedClock(), home_url="http://shop.localtest:8080")
    async with store.serving(deliver=False):
        yield store


@pytest.fixture
async def calls(store: Store) -> AsyncIterator[Client]:
    """Signs for the home URL, and goes to where the stand-in listens: past DNS and CDN."""
    here = store.url.removeprefix("http://")
    async with shops.calling(store.home_url, connect_to=here) as calls:
        yield calls


@pytest.mark.parametrize(("currency", "included"), [("EUR", False), ("JPY", True)])
async def test_the_profile_is_currency_and_tax_mode(currency: str, included: bool) -> None:
    store = shops.stand_in(shops.HurriedClock(), currency=currency, prices_include_tax=included)
    async with store.serving(deliver=False), shops.calling(store.url) as calls:
        assert await calls.profile() == StoreProfile(currency, included)


async def test_products_and_variations_are_found_with_what_prices_and_stock_touch(
    store: Store, calls: Client
) -> None:
    mug = store.add_product("MUG-1", price="12.50", stock=40)
    shirt = store.add_variable("SHIRT", {"SHIRT-S": ("20.00", 3), "SHIRT-M": ("21.00", None)})
    found = await calls.find(["MUG-1", "SHIRT-S", "SHIRT-M", "SHIRT", "NONE"])
    assert found["NONE"] == []
    [[a_mug], [small], [medium], [parent]] = [found[s] for s in found if s != "NONE"]
    assert (a_mug.id, a_mug.parent_id, a_mug.type, a_mug.status) == (mug, 0, "simple", "publish")
    assert a_mug.values == {
        "quantity": 40,
        "regular_price": "12.50",
        "sale_price": None,
        "sale_from": None,
        "sale_to": None,
        "manage_stock": True,
    }
    assert (small.is_variation, small.parent_id, small.values["quantity"]) == (True, shirt, 3)
    assert (medium.manages_stock, medium.values["quantity"]) == (False, None)
    assert (parent.type, parent.values["regular_price"]) == ("variable", None)


async def test_a_sku_is_found_only_as_it_is_written(store: Store, calls: Client) -> None:
    store.add_product("MUG-1")
    found = await calls.find(["mug-1"])
    assert found["mug-1"] == []
    assert {sku: [one.sku for one in rows] for sku, rows in found.items() if rows} == {
        "MUG-1": ["MUG-1"]  # it looks like it
    }
    found = await calls.find(["mug-1", "MUG-1"])
    assert [len(found[sku]) for sku in ("mug-1", "MUG-1")] == [0, 1]


@pytest.mark.parametrize("sku", ["", " MUG-1", "MUG-1 ", "A,B", "<b>", "%41", "A  B"])
async def test_a_sku_that_the_store_can_not_be_asked_for_is_not_asked_for(
    sku: str, store: Store, calls: Client
) -> None:
    store.add_product("MUG-1")
    assert await calls.find([sku]) == {sku: []}
    assert store.site.requests == 0


async def test_any_number_of_skus_is_asked_for_in_queries_of_bearable_length() -> None:
    skus = [f"SKU-{n:04}" for n in range(230)] + [f"{n}-" + "ü" * 180 for n in range(9)]

    def asked_for(request: web.Request) -> web.Response:
        rows = [{"id": skus.index(sku) + 1, "sku": sku} for sku in request.query["sku"].split(",")]
        return web.json_response(rows, headers={"X-WP-Total": str(len(rows))})

    async with shops.scripted(asked_for) as store, shops.calling(store.site.url) as calls:
        found = await calls.find(skus)
    assert [[product.id for product in found[sku]] for sku in skus] == [[n] for n in range(1, 240)]
    assert max(len(request.raw_path) for request in store.asked) < 5000
    assert all(request.query["sku"].count(",") < 100 for request in store.asked)


async def test_a_sku_that_differs_in_case_in_another_query_is_not_found_twice(
    store: Store, calls: Client
) -> None:
    store.add_product("MUG-1")
    asked = ["MUG-1", *(f"SKU-{n}" for n in range(100)), "mug-1"]
    found = await calls.find(asked)
    assert [len(found[sku]) for sku in ("MUG-1", "mug-1")] == [1, 0]


async def test_all_pages_of_an_answer_are_read_in_order_of_id() -> None:
    rows = [{"id": n, "sku": "SHARED", "type": "simple"} for n in range(1, 251)]

    def page(request: web.Request) -> web.Response:
        start = int(request.query.get("offset", 0))
        return web.json_response(rows[start : start + 100], headers={"X-WP-Total": "250"})

    async with shops.scripted(page) as store, shops.calling(store.site.url) as calls:
        found = await calls.find(["SHARED"])
    assert [product.id for product in found["SHARED"]] == [*range(1, 251)]
    assert [request.query.get("offset") for request in store.asked] == [None, "95", "190"]
    for request in store.asked:
        asked = {name: request.query[name] for name in ("orderby", "order", "_skip_cache")}
        assert asked == {"orderby": "id", "order": "asc", "_skip_cache": "1"}
        assert "stock_quantity" in request.query["_fields"]


async def test_all_skus_are_found_where_ten_products_are_shown_at_once() -> None:
    skus = [f"SKU-{n:03}" for n in range(1, 26)]

    def answer(request: web.Request) -> web.Response:
        offset = int(request.query.get("offset", 0))
        rows = [{"id": n, "sku": sku} for n, sku in enumerate(skus, start=1)]
        return web.json_response(rows[offset : offset + 10], headers={"X-WP-Total": "25"})

    async with shops.scripted(answer) as store, shops.calling(store.site.url) as calls:
        found = await calls.find(skus)
    assert [[product.id for product in found[sku]] for sku in skus] == [[n] for n in range(1, 26)]


@pytest.mark.parametrize("repeats", [True, False])
async def test_that_a_sku_has_no_product_is_believed_only_of_a_whole_list(repeats: bool) -> None:
    """A cache drops the query: the newest products, whatever is asked for."""

    def answer(request: web.Request) -> web.Response:
        rows = [{"id": n, "sku": f"NEW-{n}"} for n in range(91, 101)]
        shown = rows if repeats or not request.query.get("offset") else []
        return web.json_response(shown, headers={"X-WP-Total": "25"})

    async with shops.scripted(answer) as store, shops.calling(store.site.url) as calls:
        with pytest.raises(errors.StoreIncompleteError):
            await calls.find(["SKU-001"])


async def test_a_batch_sends_the_fields_we_own_and_gets_its_answers_by_id(
    store: Store, calls: Client
) -> None:
    mug, cup = store.add_product("MUG-1"), store.add_product("CUP-1", stock=None)
    found = await calls.find(["MUG-1", "CUP-1"])
    to = datetime(2026, 11, 30, 23, 59, 59, 999_999, tzinfo=UTC)
    sale = {"regular_price": "9.90", "sale_price": "7", "sale_to": to}
    writes = [ItemWrite(found["MUG-1"][0], sale), ItemWrite(found["CUP-1"][0], {"quantity": 3})]
    answers = await calls.write(0, writes)
    first, second = answers[mug], answers[cup]
    assert first.product is not None
    assert second.product is not None
    assert [first.product.id, second.product.id] == [mug, cup]
    assert first.product.values["sale_to"] == to.replace(microsecond=0)
    assert second.product.values["quantity"] is None
    assert store.product(mug)["sale_price"] == "7"
    ended = {"sale_price": None, "sale_to": None}
    answer = (await calls.write(0, [ItemWrite(first.product, ended)]))[mug]
    assert answer.product is not None
    assert {name: answer.product.values[name] for name in ended} == ended


async def test_variations_are_written_through_their_parent_and_nowhere_else(
    store: Store, calls: Client
) -> None:
    parent = store.add_variable("SHIRT", {"SHIRT-S": ("20.00", 3)})
    [small] = (await calls.find(["SHIRT-S"]))["SHIRT-S"]
    refused = (await calls.write(0, [ItemWrite(small, {"quantity": 8})]))[small.id]
    assert refused.product is None
    assert refused.code == "woocommerce_rest_invalid_product_id"
    written = (await calls.write(parent, [ItemWrite(small, {"quantity": 8})]))[small.id]
    assert written.product is not None
    assert (written.product.parent_id, store.stock("SHIRT-S")) == (parent, 8)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"update": []},
        {"update": [{"id": 1}, {"id": 2}]},
        {"update": {"id": 1}},
        "text",
    ],
)
async def test_an_answer_that_does_not_fit_the_batch_is_no_answer(body: Any) -> None:
    async with (
        shops.scripted(lambda _: web.json_response(body)) as store,
        shops.calling(store.site.url) as calls,
    ):
        with pytest.raises(errors.StoreUnavailableError):
            await calls.write(0, [ItemWrite(await one_product(), {"quantity": 1})])
    assert len(store.asked) == 1


async def one_product() -> Any:
    store = shops.stand_in(shops.HurriedClock())
    store.add_product("MUG-1", id=1)
    async with store.serving(deliver=False), shops.calling(store.url) as calls:
        return (await calls.find(["MUG-1"]))["MUG-1"][0]


async def test_a_write_is_never_repeated_by_the_client(store: Store, calls: Client) -> None:
    store.add_product("MUG-1")
    [mug] = (await calls.find(["MUG-1"]))["MUG-1"]
    store.site.misbehave(Fault.SERVER_ERROR, times=1)
    before = store.site.requests
    with pytest.raises(errors.StoreUnavailableError):
        await calls.write(0, [ItemWrite(mug, {"quantity": 1})])
    assert store.site.requests == before + 1


async def test_a_moments_trouble_while_reading_is_nobodys_business(
    store: Store, calls: Client
) -> None:
    store.add_product("MUG-1")
    for fault in (Fault.SERVER_ERROR, Fault.BROKEN_JSON, Fault.DROP):
        for times in (1, 2):
            store.site.misbehave(fault, times=times)
            before = store.site.requests
            assert (await calls.find(["MUG-1"]))["MUG-1"], fault
            assert store.site.requests == before + times + 1


async def test_redirects_are_not_followed() -> None:
    def moved(request: web.Request) -> web.Response:
        return web.Response(status=301, headers={"Location": f"http://{request.host}/new"})

    async with shops.scripted(moved) as store, shops.calling(store.site.url) as calls:
        with pytest.raises(errors.StoreRefusedError) as caught:
            await calls.profile()
    assert len(store.asked) == 1
    assert "store.url" in caught.value.hint


async def test_the_request_says_who_asks_and_for_which_host() -> None:
    async with shops.scripted(lambda _: web.json_response({"value": "EUR"})) as store:
        here = store.site.url.removeprefix("http://")
        async with shops.calling("http://shop.localtest:8080", connect_to=here) as calls:
            await calls.profile()
    [first, _] = store.asked
    assert first.host == "shop.localtest:8080"
    assert first.headers["User-Agent"].startswith("woo-agent/")


async def test_the_status_of_what_is_there_trashed_or_not_there(
    store: Store, calls: Client
) -> None:
    mug = store.add_product("MUG-1")
    assert await calls.status_of("product", mug) == "publish"
    store.trash_product(mug)
    assert await calls.status_of("product", mug) == "trash"
    assert await calls.status_of("product", 999) is None


async def test_a_store_that_is_not_there_is_unavailable_after_three_tries() -> None:
    clock = shops.HurriedClock()
    async with shops.calling(f"http://127.0.0.1:{closed_port()}", clock=clock) as calls:
        with pytest.raises(errors.StoreUnavailableError):
            await calls.profile()
    assert len(clock.slept) == 2
