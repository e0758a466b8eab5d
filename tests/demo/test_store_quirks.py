"""What hosts and plugins do to the stand-in, one switch at a time, on either release."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from aiohttp import ClientSession
from yarl import URL

from agent.demo.shop.profile import WC_8_4, WC_10_5, Profile
from agent.demo.shop.quirks import KeyedBy, PageCache
from tests import recordings
from tests.demo.client import HOME, Client, connected, recorded_store
from tests.demo.listener import Listener

MUG, SHIRT, SHIRT_S = 10, 11, 12


@pytest.fixture(params=[WC_10_5, WC_8_4], ids=lambda profile: str(profile.short))
async def client(request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    release: Profile = request.param
    store, clock = recorded_store(profile=release, home_url=HOME)
    async with connected(store, clock) as client:
        yield client


async def test_a_capped_page_tells_the_total_of_all(client: Client) -> None:
    whole = await client("GET", "products?per_page=100&orderby=id&order=asc")
    client.store.quirks.per_page_cap = 3
    first = await client("GET", "products?per_page=100&orderby=id&order=asc")
    second = await client("GET", "products?per_page=100&orderby=id&order=asc&page=2")
    assert ids(first) + ids(second) == ids(whole)[:6]
    assert first.headers["X-WP-Total"] == whole.headers["X-WP-Total"] == str(len(whole.body))
    assert len((await client("GET", "products?per_page=2")).body) == 2


async def test_totals_may_be_missing(client: Client) -> None:
    assert "X-WP-Total" in (await client("GET", "orders")).headers
    client.store.quirks.totals = False
    answer = await client("GET", "orders")
    assert "X-WP-Total" not in answer.headers
    assert "X-WP-TotalPages" not in answer.headers


async def test_a_page_cache_answers_with_what_was(client: Client) -> None:
    client.store.quirks.cache = PageCache(KeyedBy.PATH, timedelta(minutes=5))
    assert (await client("GET", f"products/{MUG}")).body["stock_quantity"] == 40
    await client("PUT", f"products/{MUG}", {"stock_quantity": 5})
    client.clock.advance(200)
    kept = await client("GET", f"products/{MUG}?a=b")
    assert (kept.body["stock_quantity"], kept.headers["Age"]) == (40, "200")
    assert kept.headers["Content-Type"] == "application/json; charset=UTF-8"
    client.clock.advance(101)
    fresh = await client("GET", f"products/{MUG}")
    assert fresh.body["stock_quantity"] == 5
    assert "Age" not in fresh.headers


async def test_a_page_cache_may_know_queries_apart(client: Client) -> None:
    client.store.quirks.cache = PageCache(KeyedBy.URL)
    await client("GET", f"products/{MUG}", None, nonce="a")
    again = await client("GET", f"products/{MUG}", None, nonce="a")
    assert again.headers["Age"] == "0"
    other = await client("GET", f"products/{MUG}", None, nonce="b")
    assert "Age" not in other.headers


async def test_a_page_cache_keeps_no_refusals(client: Client) -> None:
    client.store.quirks.cache = PageCache(KeyedBy.PATH)
    assert (await client("GET", "products/999")).status == 404
    assert "Age" not in (await client("GET", "products/999")).headers


@pytest.mark.parametrize(("path", "status"), [("products", 200), ("products/999", 404)])
async def test_php_may_write_a_notice_before_any_json(
    client: Client, path: str, status: int
) -> None:
    client.store.quirks.notices = True
    url = f"{client.store.url}/wp-json/wc/v3/{path}"
    with pytest.raises(json.JSONDecodeError):
        await client("GET", path)
    async with ClientSession() as session, session.get(URL(url)) as answer:
        text = await answer.text()
    assert text.startswith("<br />\n<b>Notice</b>")
    assert "{" in text


async def test_the_clock_of_php_may_be_behind(client: Client) -> None:
    client.store.quirks.php_behind = timedelta(minutes=7)
    answer = await client("PUT", f"products/{MUG}", {"stock_quantity": 5})
    served = parsedate_to_datetime(answer.headers["Date"])
    assert served.replace(microsecond=0) == client.clock.now().replace(microsecond=0)
    written = answer.body["date_modified_gmt"]
    assert written == (served - timedelta(minutes=7)).strftime("%Y-%m-%dT%H:%M:%S")
    client.store.quirks.php_behind = timedelta(minutes=16)
    refused = await client("GET", "products")
    assert refused.body["message"] == "Invalid timestamp."


@pytest.mark.parametrize(("figures", "shown"), [(str, '"40"'), (float, "40.0")])
async def test_numbers_of_stock_may_be_text_or_floats(
    client: Client, figures: Any, shown: str
) -> None:
    client.store.quirks.figures = figures
    row = (await client("GET", f"products/{MUG}")).body
    assert json.dumps(row["stock_quantity"]) == shown
    assert row["low_stock_amount"] is None
    [variation, *_] = (await client("GET", f"products/{SHIRT}/variations")).body
    assert type(variation["stock_quantity"]) is figures
    batch = await client("POST", "products/batch", {"update": [{"id": MUG, "stock_quantity": 7}]})
    assert batch.body["update"][0]["stock_quantity"] == figures(7)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "products", None),
        ("GET", "products?sku=MUG-1", None),
        ("GET", f"products?include={MUG}&_fields=id", None),
        ("GET", f"products?include={MUG}&_fields=sku", None),
        ("GET", f"products/{MUG}", None),
        ("PUT", f"products/{MUG}", {"stock_quantity": 1}),
    ],
)
async def test_what_touches_a_poison_id_is_a_500(
    client: Client, method: str, path: str, body: Any
) -> None:
    assert (await client(method, path, body)).status == 200
    client.store.quirks.poison.add(MUG)
    answer = await client(method, path, body)
    assert (answer.status, answer.body["code"]) == (500, "internal_server_error")
    assert (await client("GET", f"products/{SHIRT}")).status == 200


async def test_a_batch_ends_at_a_poison_id(client: Client) -> None:
    client.store.quirks.poison.add(MUG)
    sent = [{"id": number, "stock_quantity": 3, "manage_stock": True} for number in (17, MUG, 18)]
    answer = await client("POST", "products/batch", {"update": sent})
    assert answer.status == 500
    assert [client.store.product(n)["stock_quantity"] for n in (17, MUG, 18)] == [3, 40, 10]


async def test_an_order_may_be_poison_too_and_its_webhook_never_comes(client: Client) -> None:
    listener = Listener()
    async with listener.serving():
        client.store.add_webhook("order.created", listener.url, recordings.SECRET)
        bad, good = (client.store.place_order([("MUG-1", 1)]) for _ in range(2))
        client.store.quirks.poison.add(bad)
        await client.store.deliver_pending()
    assert [got.json()["id"] for got in listener.got] == [good]
    assert (await client("GET", "orders")).status == 500
    assert (await client("GET", f"orders/{bad}/refunds")).status == 500
    assert (await client("GET", f"orders/{good}")).status == 200


def ids(answer: Any) -> list[int]:
    return [row["id"] for row in answer.body]
