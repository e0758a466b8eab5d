"""Deliveries of webhooks: one after the other, built when they run, never repeated."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Literal

import aiohttp

from agent.demo.shop import coupons, customers, orders, php, products
from agent.demo.shop.refusal import Refusal, invalid_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agent.demo.shop.bodies import JSON
    from agent.demo.shop.state import Shop
    from agent.demo.shop.webhooks import Job, Webhook

_SUCCESS = range(200, 303)  # a redirect counts as delivered, and is not followed
_PING_TIMEOUT_S = 5.0
_EXPECT_100_FROM = 2**20  # bytes; what WordPress' HTTP library asks leave for


class Delivery:
    """Runs the jobs of the shop's webhooks, as Action Scheduler does but without its delays."""

    def __init__(self, shop: Shop, timeout_s: float) -> None:
        self._shop = shop
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._wake = asyncio.Event()
        self._sleeps = False

    @asynccontextmanager
    async def running(self, *, deliver: bool | Literal["cron"]) -> AsyncIterator[None]:
        """Delivers in the background from entry to exit, or whenever the cron runs, or only when
        told."""
        connector = aiohttp.TCPConnector(force_close=True)
        async with aiohttp.ClientSession(connector=connector) as self._session:
            self._sleeps = deliver == "cron"
            self._shop.webhooks.on_emit = self._queued
            self._shop.webhooks.on_cron = self._wake.set
            self._queued()
            background = asyncio.create_task(self._deliver_all()) if deliver else None
            try:
                yield
            finally:
                if background is not None:
                    background.cancel()
                    with suppress(asyncio.CancelledError):
                        await background
                self._session = None

    async def idle(self) -> None:
        """Returns when nothing is pending and nothing is on its way."""
        await self._idle.wait()

    async def deliver_pending(self) -> None:
        """Delivers until nothing is pending, also what comes in meanwhile."""
        while (job := self._shop.webhooks.take()) is not None:
            await self.deliver(job)
        self._idle.set()

    async def deliver(self, job: Job) -> bool:
        """Builds the body and sends it; whether it was taken."""
        webhook = self._shop.webhooks.by_id.get(job.webhook_id)
        if webhook is None:
            return False
        if job.resource_id in self._shop.quirks.poison:
            return False  # Action Scheduler's job fails, which is no failure of the webhook's
        raw = php.json_bytes(_seen_by(webhook, payload(self._shop, webhook.topic, job.resource_id)))
        headers = _signed_headers(self._shop, webhook, raw)
        ok = await self._post(webhook.delivery_url, raw, headers, self._timeout_s) in _SUCCESS
        webhook.delivered(ok=ok)
        webhook.modified = self._shop.now()
        if webhook.pending_ping and webhook.status == "active":
            await self.ping(webhook)
        return ok

    async def ping(self, webhook: Webhook) -> None:
        """The unsigned form; anything but a 200 leaves the webhook waiting for another ping."""
        form = "application/x-www-form-urlencoded"
        headers = {**_headers(self._shop), "Content-Type": form}
        raw = f"webhook_id={webhook.id}".encode()
        status = await self._post(webhook.delivery_url, raw, headers, _PING_TIMEOUT_S)
        if status == 200:
            webhook.pending_ping = False
            webhook.modified = self._shop.now()

    def _queued(self) -> None:
        if self._shop.webhooks.pending:
            self._idle.clear()
            if not self._sleeps:
                self._wake.set()

    async def _deliver_all(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.deliver_pending()

    async def _post(self, url: str, raw: bytes, headers: dict[str, str], timeout_s: float) -> int:
        """The status, or 0 when there was no answer."""
        if self._session is None:
            return 0
        try:
            async with self._session.post(
                url,
                data=raw,
                headers=headers,
                allow_redirects=False,
                expect100=len(raw) >= _EXPECT_100_FROM,
                timeout=aiohttp.ClientTimeout(total=timeout_s),
            ) as response:
                return response.status
        except (aiohttp.ClientError, TimeoutError):
            return 0


def payload(shop: Shop, topic: str, resource_id: int) -> JSON:
    """The body: the resource as it is now, its id when it was deleted, or an error object."""
    resource, event = topic.split(".", 1)
    if event == "deleted":
        return {"id": resource_id}
    try:
        return _resource(shop, resource, resource_id)
    except Refusal as refusal:
        return refusal.body()


def _seen_by(webhook: Webhook, said: JSON) -> JSON:
    """Bodies are built in the name of the webhook's user, who may be gone (#37806)."""
    if webhook.event == "deleted":
        return said
    if webhook.user_gone:
        message = "Sorry, you cannot view this resource."
        return Refusal("woocommerce_rest_cannot_view", message, 401).body()
    return {webhook.resource: said} if webhook.legacy else said


def _resource(shop: Shop, resource: str, resource_id: int) -> JSON:
    if resource == "product":
        if product := shop.catalog.get(resource_id):
            return products.body(shop, product)
        raise invalid_id("product", 404)
    if resource == "order":
        if order := shop.orders.get(resource_id):
            return orders.body(shop, order)
        raise invalid_id("shop_order", 404)
    if resource == "coupon":
        if coupon := shop.coupons.get(resource_id):
            return coupons.body(shop, coupon)
        raise invalid_id("shop_coupon", 404)
    if customer := shop.customers.get(resource_id):
        return customers.body(shop, customer)
    raise Refusal("woocommerce_rest_invalid_id", "Invalid resource ID.", 404)


def _headers(shop: Shop) -> dict[str, str]:
    release = shop.profile
    return {
        "User-Agent": f"WooCommerce/{release.version} Hookshot (WordPress/{release.wordpress})",
        "Accept": "*/*",
        "Accept-Encoding": "deflate, gzip, br, zstd",
        "Connection": "close",
    }


def _signed_headers(shop: Shop, webhook: Webhook, raw: bytes) -> dict[str, str]:
    mac = hmac.new(webhook.secret.encode(), raw, hashlib.sha256).digest()
    second = int(shop.now().timestamp())
    # wp_hash(webhook id . time()): the same for all deliveries of one webhook in one second.
    delivery_id = hashlib.md5(f"{webhook.id}{second}".encode(), usedforsecurity=False)
    return {
        **_headers(shop),
        "Content-Type": "application/json",
        "X-WC-Webhook-Source": f"{shop.home()}/",
        "X-WC-Webhook-Topic": webhook.topic,
        "X-WC-Webhook-Resource": webhook.resource,
        "X-WC-Webhook-Event": webhook.event,
        "X-WC-Webhook-Signature": base64.b64encode(mac).decode(),
        "X-WC-Webhook-ID": str(webhook.id),
        "X-WC-Webhook-Delivery-ID": delivery_id.hexdigest(),
    }
