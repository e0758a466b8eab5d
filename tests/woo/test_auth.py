"""Requests carry the key in a way that WooCommerce takes, and the secret shows up nowhere else."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import TYPE_CHECKING, Any

import pytest

from agent import errors
from agent.model.product import StoreProfile
from agent.woo import auth
from tests.clock import FakeClock
from tests.gateway import certificates
from tests.woo import shops

if TYPE_CHECKING:
    from agent.demo.store import Store

STRANGE_SKUS = [
    "A B",
    "A+B",
    "50%",
    "5%x",
    "Blåbær é",
    "A/B",
    "A~B",
    "a&b=c",
    "it's",
    "#1?",
    "日本",
]


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificates:
    return certificates.made(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize(("way", "over_tls"), [("basic", True), ("query", True), ("oauth1", False)])
async def test_the_store_takes_each_way_where_it_belongs(way: str, over_tls: bool) -> None:
    store = shops.stand_in(shops.HurriedClock(), ssl=over_tls)
    async with store.serving(deliver=False), shops.calling(store.url, auth=way) as calls:
        assert await calls.profile() == StoreProfile("EUR", prices_include_tax=False)


@pytest.mark.parametrize(("way", "over_tls"), [("basic", False), ("query", False)])
async def test_a_way_that_was_chosen_is_the_only_one_that_is_tried(
    way: str, over_tls: bool
) -> None:
    store = shops.stand_in(shops.HurriedClock(), ssl=over_tls)
    async with store.serving(deliver=False), shops.calling(store.url, auth=way) as calls:
        with pytest.raises(errors.StoreRefusedError):
            await calls.profile()
        assert store.site.requests == 1


@pytest.mark.parametrize("way", ["basic", "query", "oauth1"])
async def test_skus_with_any_characters_are_found_whatever_carries_the_key(way: str) -> None:
    store = shops.stand_in(shops.HurriedClock(), ssl=way != "oauth1")
    ids = {sku: store.add_product(sku) for sku in STRANGE_SKUS}
    async with store.serving(deliver=False), shops.calling(store.url, auth=way) as calls:
        found = await calls.find(STRANGE_SKUS)
    assert {sku: [product.id for product in found[sku]] for sku in STRANGE_SKUS} == {
        sku: [number] for sku, number in ids.items()
    }


@pytest.mark.parametrize(
    ("strips", "php_sees_tls", "ways"),
    [
        (False, True, ["basic", "basic", "basic"]),
        (True, True, ["basic", "query", "query", "query"]),
        (False, False, ["basic", "query", "oauth1", "oauth1", "oauth1"]),
    ],
)
async def test_auto_goes_down_the_ladder_once_and_stays_where_it_is_let_in(
    tls: certificates.Certificates, strips: bool, php_sees_tls: bool, ways: list[str]
) -> None:
    store = behind_tls(php_sees_tls)
    front = shops.Front(store, strips_authorization=strips)
    async with front.serving(tls.for_server()), entering(front, tls) as calls:
        await calls.profile()
        await calls.find(["MUG-1"])
    assert front.ways == ways


async def test_calls_side_by_side_find_the_way_together(tls: certificates.Certificates) -> None:
    front = shops.Front(behind_tls(True), strips_authorization=True)
    async with front.serving(tls.for_server()), entering(front, tls) as calls:
        await asyncio.gather(*(calls.find(["MUG-1"]) for _ in range(3)))


async def test_a_refusal_does_not_spoil_the_way_that_works_afterwards(
    tls: certificates.Certificates,
) -> None:
    store = behind_tls(True)
    front = shops.Front(store)
    store.keys.add(shops.KEY, "another secret")
    async with front.serving(tls.for_server()), entering(front, tls) as calls:
        with pytest.raises(errors.StoreRefusedError):
            await calls.profile()
        store.keys.add(shops.KEY, shops.SECRET)  # somebody has put it right
        assert (await calls.profile()).currency == "EUR"


async def test_without_tls_the_secret_is_never_put_on_the_wire() -> None:
    store = shops.stand_in(shops.HurriedClock())
    seen: list[str] = []
    store.site._app.on_response_prepare.append(
        lambda request, _: kept(seen, f"{request.raw_path} {request.headers!r}")
    )
    store.keys.add(shops.KEY, "another secret")
    async with store.serving(deliver=False), shops.calling(store.url) as calls:
        with pytest.raises(errors.StoreRefusedError):
            await calls.profile()
    assert seen
    assert all("oauth_signature" in request for request in seen)
    assert not any(shops.SECRET in request for request in seen)


@pytest.mark.parametrize("way", ["basic", "query", "oauth1"])
@pytest.mark.parametrize("refused", ["connection", "key", "maintenance"])
async def test_the_secret_is_in_no_error_and_no_log(
    way: str, refused: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    store = shops.stand_in(shops.HurriedClock(), ssl=way != "oauth1")
    if refused == "key":
        store.keys.add(shops.KEY, "another secret")
    async with store.serving(deliver=False), shops.calling(store.url, auth=way) as calls:
        if refused == "connection":
            await store.site.refuse()
        if refused == "maintenance":
            store.maintenance = True
        with pytest.raises(errors.StoreError) as caught:
            await calls.find(["MUG-1"])
    chain: list[BaseException | None] = [caught.value, caught.value.__cause__]
    said = " ".join([*map(repr, chain), caught.value.hint])
    assert shops.KEY not in said
    assert shops.SECRET not in " ".join([said, *caplog.messages])


def test_a_signature_is_of_this_second_and_no_two_share_a_nonce() -> None:
    clock = FakeClock()
    way = auth.OAuth1(shops.KEY, shops.SECRET, clock=clock, rng=random.Random(3))
    signed = [way.carried("GET", "https://shop.example/x", {"sku": "A B"})[0] for _ in range(100)]
    assert len({parameters["oauth_nonce"] for parameters in signed}) == 100
    assert {parameters["oauth_timestamp"] for parameters in signed} == {"1795507200"}
    assert {parameters["sku"] for parameters in signed} == {"A B"}
    clock.advance(60)
    later, headers = way.carried("POST", "https://shop.example/x", {})
    assert later["oauth_timestamp"] == "1795507260"
    assert headers == {}


async def test_a_clock_that_is_wrong_is_refused_by_the_store() -> None:
    store = shops.stand_in(shops.HurriedClock())
    behind = shops.HurriedClock()
    behind.advance(-3600)
    async with store.serving(deliver=False), shops.calling(store.url, clock=behind) as calls:
        with pytest.raises(errors.StoreRefusedError, match="timestamp") as caught:
            await calls.profile()
    assert "clock" in caught.value.hint


def test_a_blank_is_percent_encoded_and_a_tilde_is_not() -> None:
    assert auth.encoded({"sku": "a b+c/~é"}) == "sku=a%20b%2Bc%2F~%C3%A9"


def behind_tls(php_sees_tls: bool) -> Store:
    store = shops.stand_in(
        shops.HurriedClock(), ssl=php_sees_tls, home_url="https://shop.localtest"
    )
    store.add_product("MUG-1")
    return store


def entering(front: shops.Front, tls: certificates.Certificates) -> Any:
    """Our client, past the DNS to the front."""
    return shops.calling(
        "https://shop.localtest", connect_to=f"127.0.0.1:{front.port}", ca_file=str(tls.ca)
    )


async def kept(seen: list[str], request: str) -> None:
    seen.append(request)
