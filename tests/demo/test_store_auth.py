"""Who gets in, and what the others hear."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import oauthlib.oauth1
import pytest

from tests import recordings
from tests.demo.client import KEY, SECRET, connected, recorded_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.demo.client import Client, Response

BASIC = {"Authorization": "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()}
IN_QUERY = f"consumer_key={KEY}&consumer_secret={SECRET}"
ERROR = "woocommerce_rest_authentication_error"


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    store, clock = recorded_store()
    async with connected(store, clock) as client:
        yield client


@pytest.fixture
async def tls_client() -> AsyncIterator[Client]:
    """Of a store where every request counts as come over TLS."""
    store, clock = recorded_store(ssl=True, home_url="https://shop.localtest")
    async with connected(store, clock) as client:
        yield client


def same(answer: Response, name: str) -> bool:
    recorded = recordings.rest(name)["response"]
    return (answer.status, answer.body) == (recorded["status"], recorded["body"])


async def test_refusals_are_the_recorded_ones(client: Client) -> None:
    assert same(await client.send("GET", "orders"), "auth_none")
    assert same(await client.send("GET", "orders", headers=BASIC), "auth_basic_over_http")
    assert same(await client.send("GET", f"orders?{IN_QUERY}"), "auth_query_string_over_http")
    assert same(await client("GET", "orders", key="ck_wrong"), "auth_bad_key")
    assert same(await client("GET", "orders", secret="cs_wrong"), "auth_bad_signature")
    assert same(await client("GET", "orders", timestamp="1795460000"), "auth_stale_timestamp")


@pytest.mark.parametrize("method", ["HMAC-SHA1", "HMAC-SHA256"])
@pytest.mark.parametrize("where", ["QUERY", "AUTH_HEADER"])
async def test_what_oauthlib_signs_is_accepted(client: Client, method: str, where: str) -> None:
    query = {"search": "a/b+c%d e'f~é,g", "include": "1,2,3"}
    answer = await client(
        "GET", "orders", None, query, signature_method=method, signature_type=where
    )
    assert answer.status == 200


async def test_a_signature_is_over_the_home_url_and_not_the_address(client: Client) -> None:
    signed_for_home = await client("GET", "orders", signature_type="AUTH_HEADER")
    assert signed_for_home.status == 200
    client.store._home_url = "http://www.shop.localtest:8080"
    url = f"{client.store.url}/wp-json/wc/v3/orders"
    _, headers, _ = oauthlib.oauth1.Client(KEY, client_secret=SECRET).sign(url)
    signed_for_address = await client.send("GET", "orders", None, headers)
    assert same(signed_for_address, "auth_bad_signature")


async def test_the_home_url_is_the_own_address_unless_told() -> None:
    store, clock = recorded_store(home_url=None)
    async with connected(store, clock) as client:
        assert store.home_url == store.url
        assert (await client("GET", "orders")).status == 200


async def test_a_doubled_list_parameter_can_not_be_signed(client: Client) -> None:
    answer = await client("GET", "orders?include%5B%5D=1&include%5B%5D=2")
    assert answer.body["message"] == "Invalid signature - provided signature does not match."


async def test_a_timestamp_may_be_fifteen_minutes_off(client: Client) -> None:
    for minutes, status in ((-15, 200), (15, 200), (-15.1, 401), (15.1, 401)):
        moment = client.clock.now() + timedelta(minutes=minutes)
        answer = await client("GET", "orders", timestamp=str(int(moment.timestamp())))
        assert answer.status == status, minutes


async def test_a_nonce_is_good_once(client: Client) -> None:
    assert (await client("GET", "orders", nonce="once")).status == 200
    again = await client("GET", "orders", nonce="once")
    assert again.body["message"] == "Invalid nonce - nonce has already been used."


async def test_half_of_the_oauth_parameters_are_named(client: Client) -> None:
    answer = await client.send("GET", "orders?oauth_consumer_key=x&oauth_nonce=y&oauth_signature=z")
    assert answer.body["code"] == "woocommerce_rest_authentication_missing_parameter"
    assert answer.body["message"].endswith("oauth_timestamp, oauth_signature_method")


async def test_over_tls_key_and_secret_are_enough(tls_client: Client) -> None:
    assert (await tls_client.send("GET", "orders", headers=BASIC)).status == 200
    assert (await tls_client.send("GET", f"orders?{IN_QUERY}")).status == 200
    assert (await tls_client("GET", "orders")).status == 200
    wrong = await tls_client.send("GET", f"orders?{IN_QUERY}x")
    assert (wrong.status, wrong.body["message"]) == (401, "Consumer secret is invalid.")


async def test_a_read_only_key_reads(client: Client) -> None:
    client.store.keys.add("ck_reader", "cs_reader", "read")
    as_reader: dict[str, Any] = {"key": "ck_reader", "secret": "cs_reader"}
    assert (await client("GET", "orders", **as_reader)).status == 200
    refused = await client("PUT", "products/10", {"name": "x"}, **as_reader)
    assert refused.body["code"] == ERROR
    assert refused.body["message"] == "The API key provided does not have write permissions."


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "orders/1", "cannot_view"),
        ("POST", "orders", "cannot_create"),
        ("PUT", "orders/1", "cannot_edit"),
        ("DELETE", "orders/1", "cannot_delete"),
        ("POST", "products/batch", "cannot_batch"),
    ],
)
async def test_nobody_may_nothing(client: Client, method: str, path: str, code: str) -> None:
    answer = await client.send(method, path)
    assert (answer.status, answer.body["code"]) == (401, f"woocommerce_rest_{code}")


async def test_maintenance_answers_everything_with_the_recorded_page(client: Client) -> None:
    client.store.maintenance = True
    answer = await client("GET", "orders")
    recorded = recordings.rest("maintenance")["response"]
    assert (answer.status, answer.headers["Retry-After"]) == (503, "600")
    assert answer.headers["Content-Type"].lower() == recorded["headers"]["Content-Type"].lower()
    assert answer.body == recorded["body"]
    client.store.maintenance = False
    assert (await client("GET", "orders")).status == 200


async def test_broken_json_is_refused(tls_client: Client) -> None:
    headers = {**BASIC, "Content-Type": "application/json"}
    url = f"{tls_client.store.url}/wp-json/wc/v3/orders"
    async with tls_client._session.post(url, data=b"{", headers=headers) as answer:
        assert answer.status == 400
        assert (await answer.json())["code"] == "rest_invalid_json"
