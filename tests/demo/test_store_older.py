"""The stand-in as WooCommerce 8.4: what it answers and sends has the shape of what was recorded."""

from __future__ import annotations

import itertools
import random
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from agent.demo.shop import coupons
from agent.demo.shop.profile import PROFILES, WC_8_4
from agent.demo.store import Store
from tests import recordings
from tests.clock import FakeClock
from tests.demo.client import HOME, KEY, SECRET, connected
from tests.demo.listener import Listener

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.demo.client import Client, Response

MUG, TEE, SHIRT_M, ORDER = 17, 20, 22, 326
TOPICS = ("product.updated", "order.created", "order.updated", "order.deleted")
# The mug had become a child of the tee before the first was recorded.
STEPS = [
    *("variations_batch", "products_batch_with_variation", "products_by_skus", "variations_list"),
    *("order_create", "order_edit_moves_no_date", "refund_create", "refunds_of_order"),
    *("order_get", "orders_modified_after", "orders_totals"),
    *("route_missing_refunds", "route_missing_variations", "fulfillments_unknown_route"),
    *("setting_prices_include_tax", "system_status_fields", "webhook_create"),
    *("order_trash", "order_delete_force"),
]
# Shown by system_status beyond what the stand-in knows.
UNKNOWN = {"database"}
# Lists of which the length is chance: what else the recorded shop had.
LISTS = {"taxes", "tax_lines", "meta_data", "related_ids", "upsell_ids", "images"}


def test_both_profiles_are_known_by_their_version() -> None:
    assert [(name, p.orders_as_posts) for name, p in PROFILES.items()] == [
        ("10.5", False),
        ("8.4", True),
    ]


async def test_recorded_requests_get_answers_of_the_recorded_shape() -> None:
    assert sorted(STEPS) == recordings.rest_names("8.4")
    async with older() as client:
        for step in STEPS:
            client.clock.advance(1)
            recorded = recordings.rest(step, "8.4")["response"]
            answer = await ask(client, step)
            assert answer.status == recorded["status"], step
            assert shape(answer.body) == shape(recorded["body"]), step
            assert codes(answer.body) == codes(recorded["body"]), step
            for name in ("allow", "x-wp-total", "x-wp-totalpages"):
                assert answer.headers.get(name) == recorded["headers"].get(name), (step, name)


@pytest.mark.parametrize(
    "step", ["variations_batch", "products_batch_with_variation", "products_by_skus"]
)
async def test_rows_of_products_say_what_was_recorded(step: str) -> None:
    async with older() as client:
        await ask(client, "products_batch_with_variation")
        await ask(client, "variations_batch")
        client.store.shop.catalog._by_id[MUG].stock = 50
        answer = rows((await ask(client, step)).body)
        expected = rows(recordings.rest(step, "8.4")["response"]["body"])
        names = ("id", "sku", "type", "parent_id", "stock_quantity", "regular_price", "error")
        assert [chosen(row, names) for row in answer] == [chosen(row, names) for row in expected]


async def test_sums_of_lines_are_the_recorded_ones() -> None:
    """Those at the full rate: the stand-in has no other."""
    async with older() as client:
        created = (await ask(client, "order_create")).body
    expected = recordings.rest("order_create", "8.4")["response"]["body"]
    names = ("quantity", "subtotal", "subtotal_tax", "total", "total_tax", "taxes")
    for got, line in zip(created["line_items"][:2], expected["line_items"], strict=False):
        assert chosen(got, names) == chosen(line, names)
    assert created["prices_include_tax"] is True
    assert created["version"] == "8.4.0"


@pytest.mark.parametrize("price", ["9.99", "0.01", "19.95", "3.33"])
async def test_a_customer_pays_the_price_on_the_tag(price: str) -> None:
    async with older() as client:
        client.store.add_product("TAG", price=price)
        for quantity in range(1, 30):
            order = client.store.order(
                client.store.place_order([("TAG", quantity)], billing={"country": "DE"})
            )
            assert Decimal(order["total"]) == Decimal(price) * quantity


@pytest.mark.parametrize(
    "sent",
    [
        {"line_items": [{"id": 7, "quantity": 1}]},
        {"fee_lines": [{"name": "Voucher", "total": "-1.00"}]},
        {"billing": {"city": "Bonn"}},
        {"meta_data": [{"key": "a", "value": "b"}]},
        {"status": "processing"},
        {"set_paid": False, "customer_note": ""},
        {},
    ],
)
async def test_what_is_kept_beside_the_post_leaves_its_date(sent: dict[str, Any]) -> None:
    assert await moved(sent) == (False, ["order.updated"])


@pytest.mark.parametrize("sent", [{"status": "completed"}, {"customer_note": "Ring twice"}])
async def test_status_and_note_move_the_date(sent: dict[str, Any]) -> None:
    assert await moved(sent) == (True, ["order.updated"])


async def test_a_trashed_order_shows_its_refunds_no_more() -> None:
    async with older() as client:
        for step in ("order_create", "refund_create"):
            await ask(client, step)
        assert client.store.order(ORDER)["refunds"]
        client.store.trash_order(ORDER)
        assert client.store.order(ORDER)["refunds"] == []
        assert (await ask(client, "refunds_of_order")).body == []
        client.store.restore_order(ORDER)
        assert client.store.order(ORDER)["refunds"]


async def test_a_simple_product_becomes_a_child_of_the_parent_whose_batch_it_came_in() -> None:
    async with older() as client:
        await ask(client, "variations_batch")
        mug = client.store.product(MUG)
        assert (mug["type"], mug["parent_id"]) == ("simple", TEE)
        listed = await client("GET", f"products/{TEE}/variations")
        assert MUG not in [row["id"] for row in listed.body]
        assert MUG not in client.store.product(TEE)["variations"]
        [line] = client.store.order(client.store.place_order([("MUG-1", 1)]))["line_items"]
        assert (line["product_id"], line["variation_id"]) == (MUG, 0)


async def test_a_variation_sent_to_another_parent_moves_there() -> None:
    async with older() as client:
        other = client.store.add_variable("HAT", {"HAT-L": ("5.00", 1)})
        update = {"update": [{"id": SHIRT_M, "stock_quantity": 3}]}
        await client("POST", f"products/{other}/variations/batch", update)
        assert SHIRT_M in client.store.product(other)["variations"]
        assert SHIRT_M not in client.store.product(TEE)["variations"]


async def test_webhooks_have_the_recorded_shape() -> None:
    listener = Listener()
    async with listener.serving(), older() as client:
        for topic in TOPICS:
            client.store.add_webhook(topic, listener.url, recordings.SECRET)
        for step in ("order_create", "order_edit_moves_no_date", "refund_create", "order_trash"):
            client.clock.advance(1)
            await ask(client, step)
            await client.store.deliver_pending()
    recorded = {w.topic: w for w in recordings.webhooks("8.4")}
    assert set(listener.topics) == set(TOPICS)
    for got in listener.got:
        expected = recorded[got.headers["X-WC-Webhook-Topic"]]
        assert got.headers["User-Agent"] == expected.headers["User-Agent"]
        assert got.json().keys() == expected.json().keys()
    dates = [got.json()["date_modified_gmt"] for got in listener.got if is_order(got.headers)]
    assert dates[0] == dates[1] == dates[2] < dates[3], "created, updated, edited, refunded"


def is_order(headers: Any) -> bool:
    return str(headers["X-WC-Webhook-Topic"]) in ("order.created", "order.updated")


@asynccontextmanager
async def older() -> AsyncIterator[Client]:
    """A store that stands where the recorded one stood, and a client of it."""
    clock = FakeClock(datetime(2026, 11, 30, 22, 40, 26, tzinfo=UTC))
    store = Store(
        clock,
        consumer_key=KEY,
        consumer_secret=SECRET,
        rng=random.Random(7),
        profile=WC_8_4,
        home_url=HOME,
        utc_offset=timedelta(hours=-5),
    )
    store.add_product("MUG-1", price="12.50", stock=50, name="Mug", id=MUG)
    sizes = {
        f"SHIRT-{size}": ("19.90", stock) for size, stock in zip("SML", (10, 70, 10), strict=True)
    }
    store.add_variable("SHIRT", sizes, name="Tee", id=TEE)
    for number in range(1, 4):
        store.add_product(f"SKU-{number:04}", price="5.35", stock=100, id=23 + number)
    coupons.create(store.shop, {"code": "lab10", "discount_type": "percent", "amount": "10.00"})
    store.shop.post_id(ORDER - 1)
    store.shop._items = itertools.count(7)  # the ids that recorded requests speak of
    async with connected(store, clock) as client:
        yield client


async def ask(client: Client, step: str) -> Response:
    """Sends what was recorded."""
    request = recordings.rest(step, "8.4")["request"]
    path = request["path"].removeprefix("/wp-json/wc/v3/")
    query = f"?{request['query']}" if request["query"] else ""
    return await client(request["method"], path + query, request["body"])


async def moved(sent: dict[str, Any]) -> tuple[bool, list[str]]:
    """Whether a write moved an order's date, and the webhooks about orders that it fired."""
    listener = Listener()
    async with listener.serving(), older() as client:
        await ask(client, "order_create")
        client.store.add_webhook("order.updated", listener.url, recordings.SECRET)
        before = client.store.order(ORDER)["date_modified"]
        client.clock.advance(10)
        answer = await client("PUT", f"orders/{ORDER}", sent)
        await client.store.deliver_pending()
        assert answer.status == 200
        return answer.body["date_modified"] != before, listener.topics


def shape(value: Any, name: str = "") -> Any:
    """Keys and types; a number is a number."""
    if isinstance(value, dict):
        return {k: shape(v, k) for k, v in value.items() if k not in UNKNOWN}
    if isinstance(value, list):
        return "list" if name in LISTS else [shape(item, name) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return type(value).__name__
    return "number"


def codes(body: Any) -> list[tuple[str, int]]:
    """Every refusal in it, with its status."""
    if isinstance(body, dict) and "code" in body and "data" in body:
        return [(body["code"], body["data"]["status"])]
    inner = body.values() if isinstance(body, dict) else body if isinstance(body, list) else ()
    return [code for value in inner for code in codes(value)]


def rows(body: Any) -> list[dict[str, Any]]:
    """By id: all were made in the same second, and a list is by date."""
    listed = body if isinstance(body, list) else list(body["update"])
    return sorted(listed, key=lambda row: int(row["id"]))


def chosen(row: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: row[name] for name in names if name in row}
