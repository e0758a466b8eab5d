"""A WooCommerce to talk to: a real HTTP server that does what the recordings show.

    store = Store(clock, consumer_key="ck_…", consumer_secret="cs_…", rng=random.Random(1))
    store.add_product("MUG-1", stock=40)
    async with store.serving():
        store.add_webhook("order.created", "http://127.0.0.1:8787/hook", "s3cret")
        store.place_order([("MUG-1", 2)])
        await store.delivered()

What it holds lives in memory. Orders placed and products added by these methods are a shop's own
doing (checkout, administrator): they fire the same webhooks as the REST calls.
"""

from __future__ import annotations

import copy
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from aiohttp import web

from agent.demo.shop import (
    auth,
    coupons,
    customers,
    order_routes,
    orders,
    product_routes,
    products,
    refunds,
    rest,
    settings,
    variation_routes,
    webhook_routes,
)
from agent.demo.shop.delivery import Delivery
from agent.demo.shop.profile import WC_10_5, Profile
from agent.demo.shop.quirks import Quirks
from agent.demo.shop.state import Shop
from agent.demo.shop.work import Mishap, Plan
from agent.demo.site import Site

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from agent.clock import Clock
    from agent.demo.shop.bodies import JSON
    from agent.demo.shop.catalog import Product
    from agent.demo.shop.webhooks import Job
    from agent.demo.shop.work import Host


class Store:
    """The stand-in. ``ssl`` makes every request count as come over TLS (Basic is then allowed).

    ``profile`` is the release that it is, whose way with taxes counts unless ``prices_include_tax``
    says otherwise. ``utc_offset`` is the site's own time zone; ``webhook_timeout_s`` how long one
    delivery may hang, 60 in a real store.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        consumer_key: str,
        consumer_secret: str,
        rng: random.Random,
        profile: Profile = WC_10_5,
        home_url: str | None = None,
        ssl: bool = False,
        currency: str = "EUR",
        prices_include_tax: bool | None = None,
        utc_offset: timedelta = timedelta(0),
        webhook_timeout_s: float = 60.0,
    ) -> None:
        self._home_url = home_url and home_url.rstrip("/")
        if prices_include_tax is None:
            prices_include_tax = profile.prices_include_tax
        self.shop = Shop(
            clock,
            rng,
            lambda: self.home_url,
            profile=profile,
            currency=currency,
            prices_include_tax=prices_include_tax,
            utc_offset=utc_offset,
        )
        self.keys = auth.Keys()
        self.keys.add(consumer_key, consumer_secret)
        self._delivery = Delivery(self.shop, webhook_timeout_s)
        self._rest = rest.Rest(self.shop, self.keys, self._routes(), ssl=ssl)
        self.site = Site([web.route("*", "/{path:.*}", self._rest.handle)])

    @property
    def url(self) -> str:
        """Where it listens: ``http://127.0.0.1:PORT``."""
        return self.site.url

    @property
    def home_url(self) -> str:
        """The URL it believes to have, which signatures are over."""
        return self._home_url or self.url

    @property
    def maintenance(self) -> bool:
        """While set, every request is answered with 503, ``Retry-After: 600`` and HTML."""
        return self._rest.maintenance

    @maintenance.setter
    def maintenance(self, on: bool) -> None:
        self._rest.maintenance = on

    @asynccontextmanager
    async def serving(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        deliver: bool | Literal["cron"] = True,
    ) -> AsyncIterator[Store]:
        """Listens, and delivers webhooks in the background unless told otherwise; ``"cron"``: when
        somebody calls ``wp-cron.php``, as in a shop without visitors."""
        try:
            async with (
                self._delivery.running(deliver=deliver),
                self.site.serving(host, port),
            ):
                yield self
        finally:
            await self._rest.end()
            await self.shop.late.end()

    async def delivered(self) -> None:
        """Returns when no webhook is pending or on its way; needs ``serving(deliver=True)``."""
        await self._delivery.idle()

    async def deliver_pending(self) -> None:
        """Delivers now what is pending: the way of ``serving(deliver=False)``."""
        await self._delivery.deliver_pending()

    @property
    def quirks(self) -> Quirks:
        """What its host and its plugins do to it."""
        return self.shop.quirks

    @property
    def host(self) -> Host:
        """The pace of its work, and what that came to."""
        return self.shop.host

    def take_webhooks(self) -> list[Job]:
        """What is pending, for somebody else to ``deliver``; from now on it is running."""
        return list(iter(self.shop.webhooks.take, None))

    async def deliver(self, job: Job) -> bool:
        """Whether it was taken; its body is built now."""
        return await self._delivery.deliver(job)

    def mishap(self, mishap: Mishap, *, after: int | None = None, times: int = 1) -> None:
        """The next ``times`` writes to products end in doubt, once ``after`` items of the batch
        (None: all of the request) were dealt with."""
        self.host.plan(Plan(mishap, after, times))

    def pause_writes(self, pause: Callable[[int], Awaitable[None]] | None) -> None:
        """``pause(product id)`` runs between the load and the save of each product REST writes."""
        self.shop.between_load_and_save = pause

    def add_product(
        self,
        sku: str,
        *,
        price: str = "10.00",
        stock: int | None = 10,
        name: str | None = None,
        id: int | None = None,
    ) -> int:
        """A simple product; with stock None it manages none. Fires product.created."""
        sent = {"name": name or sku, "sku": sku, "regular_price": price, **_managed(stock)}
        return product_routes.create(self.shop, sent, wanted_id=id).id

    def add_variable(
        self,
        sku: str,
        variations: Mapping[str, tuple[str, int | None]],
        *,
        name: str | None = None,
        id: int | None = None,
    ) -> int:
        """A variable product of ``{sku: (price, stock)}``; each SKU's last part is its size."""
        sizes = [child.rpartition("-")[2] for child in variations]
        size = {"name": "Size", "visible": True, "variation": True, "options": sizes}
        sent = {"type": "variable", "name": name or sku, "sku": sku, "attributes": [size]}
        parent = product_routes.create(self.shop, sent, wanted_id=id)
        for option, (child, (price, stock)) in zip(sizes, variations.items(), strict=True):
            attributes = [{"name": "Size", "option": option}]
            sent = {"sku": child, "regular_price": price, "attributes": attributes}
            product_routes.create(self.shop, {**sent, **_managed(stock)}, parent_id=parent.id)
        return parent.id

    def add_webhook(self, topic: str, delivery_url: str, secret: str) -> int:
        """An active webhook, without the ping that REST would send."""
        sent = {"topic": topic, "delivery_url": delivery_url, "secret": secret}
        webhook = webhook_routes.create(self.shop, sent)
        webhook.pending_ping = False
        return webhook.id

    def place_order(
        self, items: Sequence[tuple[str, int]], status: str = "processing", **fields: Any
    ) -> int:
        """A checkout of ``(sku, quantity)``; ``fields`` as in a POST to ``/orders``."""
        lines = [self._reference(sku) | {"quantity": quantity} for sku, quantity in items]
        sent = {**fields, "status": status, "line_items": lines}
        return orders.place(self.shop, sent, created_via="checkout").id

    def set_status(self, order_id: int, status: str) -> None:
        """What an administrator or a payment does."""
        orders.change(self.shop, self.shop.orders[order_id], {"status": status})

    def edit_line(self, order_id: int, sku: str, quantity: int) -> None:
        """What an administrator does to the first line with that SKU."""
        order = self.shop.orders[order_id]
        line = next(line for line in order.fields["line_items"] if line["sku"] == sku)
        orders.change(self.shop, order, {"line_items": [{"id": line["id"], "quantity": quantity}]})

    def refund(
        self,
        order_id: int,
        items: Mapping[int | str, int],
        amount: str | None = None,
        *,
        restock: bool = True,
        reason: str = "",
    ) -> int:
        """Refunds ``{line id or SKU: quantity}``, at the price and tax paid unless told."""
        order = self.shop.orders[order_id]
        sent: JSON = {"api_restock": restock, "amount": amount, "reason": reason}
        sent["line_items"] = [
            refunds.share(line, quantity)
            for wanted, quantity in items.items()
            for line in order.fields["line_items"]
            if wanted in (line["id"], line["sku"])
        ]
        return refunds.create(self.shop, order, sent).id

    def trash_order(self, order_id: int) -> None:
        orders.trash(self.shop, self.shop.orders[order_id])

    def restore_order(self, order_id: int) -> None:
        """Out of the trash again."""
        orders.restore(self.shop, self.shop.orders[order_id])

    def trash_product(self, id_or_sku: int | str) -> None:
        product_routes.trash(self.shop, self._product(id_or_sku))

    def restore_product(self, product_id: int) -> None:
        """Out of the trash again."""
        product_routes.restore(self.shop, self._product(product_id))

    def product(self, id_or_sku: int | str) -> JSON:
        """Its body as ``GET /products/{id}`` answers it."""
        return copy.deepcopy(products.body(self.shop, self._product(id_or_sku)))

    def order(self, order_id: int) -> JSON:
        """Its body as ``GET /orders/{id}`` answers it."""
        return copy.deepcopy(orders.body(self.shop, self.shop.orders[order_id]))

    def stock(self, sku: str) -> int | None:
        """The figure that counts: for some variations, their parent's."""
        holder = self.shop.catalog.stock_holder(self._product(sku))
        return holder.stock if holder else None

    def _product(self, id_or_sku: int | str) -> Product:
        catalog = self.shop.catalog
        found = catalog.get(id_or_sku) if isinstance(id_or_sku, int) else None
        product = found or catalog.with_sku(str(id_or_sku))
        if product is None:
            raise KeyError(id_or_sku)
        return product

    def _reference(self, sku: str) -> JSON:
        return {"product_id": self._product(sku).id}

    def _routes(self) -> list[rest.Route]:
        routes = [
            *product_routes.ROUTES,
            *variation_routes.ROUTES,
            *order_routes.ROUTES,
            *refunds.ROUTES,
            *customers.ROUTES,
            *coupons.ROUTES,
            *webhook_routes.routes(self._delivery.ping),
            *settings.ROUTES,
        ]
        return [route for route in routes if route.path not in self.shop.profile.no_routes]


def _managed(stock: int | None) -> JSON:
    return {} if stock is None else {"manage_stock": True, "stock_quantity": stock}
