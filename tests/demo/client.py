"""A wc/v3 client that signs with oauthlib, and a stand-in store as the recorded one was."""

from __future__ import annotations

import itertools
import json
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import urlencode

import aiohttp
import oauthlib.oauth1
from yarl import URL

from agent.demo.shop import coupons, customers
from agent.demo.store import Store
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

KEY, SECRET = "ck_" + "a1" * 20, "cs_" + "b2" * 20
HOME = "http://shop.localtest:8080"
_Method = Literal["GET", "POST", "PUT", "DELETE"]
PRICES = ("20.50", "20.00", "20.00")


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: Any


class Client:
    """Signs for ``home`` and sends to where the store listens, as a client beside it does."""

    def __init__(self, store: Store, session: aiohttp.ClientSession, clock: FakeClock) -> None:
        self.store = store
        self.clock = clock
        self._session = session
        self._nonces = itertools.count()

    async def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        *,
        key: str = KEY,
        secret: str = SECRET,
        **oauth: Any,
    ) -> Response:
        """``path`` under wc/v3; ``oauth`` replaces what the signer would choose."""
        url = f"{self.store.home_url}/wp-json/wc/v3/{path}"
        if query:
            url += ("&" if "?" in url else "?") + urlencode(query)
        chosen = {
            "signature_method": "HMAC-SHA256",
            "signature_type": "QUERY",
            "timestamp": str(int(self.clock.now().timestamp())),
            "nonce": f"nonce{next(self._nonces)}",
        }
        signer = oauthlib.oauth1.Client(key, client_secret=secret, **{**chosen, **oauth})
        signed, headers, _ = signer.sign(url, http_method=cast("_Method", method))
        signed = signed.replace(self.store.home_url, self.store.url)
        return await self.send(method, signed, body, headers)

    async def send(
        self, method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        """As it is: no signature."""
        if not url.startswith("http"):
            url = f"{self.store.url}/wp-json/wc/v3/{url}"
        async with self._session.request(
            method, URL(url, encoded=True), json=body, headers=headers
        ) as answer:
            text = await answer.text()
            is_json = answer.content_type == "application/json"
            return Response(answer.status, answer.headers, json.loads(text) if is_json else text)


@asynccontextmanager
async def connected(
    store: Store, clock: FakeClock, *, deliver: bool | Literal["cron"] = False
) -> AsyncIterator[Client]:
    """The store, serving, and a client of it."""
    async with aiohttp.ClientSession() as session, store.serving(deliver=deliver):
        yield Client(store, session, clock)


def recorded_store(clock: FakeClock | None = None, **options: Any) -> tuple[Store, FakeClock]:
    """A store that stands where the recorded one stood when the recordings began."""
    clock = clock or FakeClock(datetime(2026, 11, 23, 20, 22, 50, tzinfo=UTC))
    options = {"home_url": HOME, **options}
    store = Store(clock, consumer_key=KEY, consumer_secret=SECRET, rng=random.Random(7), **options)
    store.add_product("MUG-1", price="12.50", stock=40, name="Mug", id=10)
    sizes = {f"SHIRT-{size}": (price, 30) for size, price in zip("SML", PRICES, strict=True)}
    store.add_variable("SHIRT", sizes, name="Shirt", id=11)
    for product_id, sold in ((10, 4), (11, 2)):
        store.shop.catalog._by_id[product_id].total_sales = sold
    for number in range(6):
        store.add_product(f"SKU-{number:05}", price="9.80", name=f"P{number}", id=17 + number)
    store.shop.post_id(1015)
    coupons.create(store.shop, {"code": "welcome10", "discount_type": "percent", "amount": "10.00"})
    customers.create(store.shop, {"email": "ann.lee@example.com", "username": "annlee"})
    store.add_product("CAP-1", name="Cap", id=1021)
    store.trash_product("CAP-1")
    store.shop._items = itertools.count(12)  # the ids that recorded requests speak of
    return store, clock
