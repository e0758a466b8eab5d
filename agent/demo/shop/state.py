"""Everything the store holds, and the few things that all its rooms need."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from agent.demo.shop.catalog import Catalog
from agent.demo.shop.late import Late
from agent.demo.shop.profile import Profile
from agent.demo.shop.quirks import Quirks
from agent.demo.shop.webhooks import Webhooks
from agent.demo.shop.work import Host

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable
    from datetime import datetime, timedelta

    from agent.clock import Clock
    from agent.demo.shop.coupons import Coupon
    from agent.demo.shop.customers import Customer
    from agent.demo.shop.orders import Order, Refund


class Shop:
    """One site. ``home`` tells its URL, without a slash at the end."""

    def __init__(
        self,
        clock: Clock,
        rng: random.Random,
        home: Callable[[], str],
        *,
        profile: Profile,
        currency: str,
        prices_include_tax: bool,
        utc_offset: timedelta,
    ) -> None:
        self.clock = clock
        self.front_clock = clock  # the web server's, which answers tell
        self.rng = rng
        self.home = home
        self.profile = profile
        self.quirks = Quirks()
        self.currency = currency
        self.prices_include_tax = prices_include_tax
        self.utc_offset = utc_offset
        self.catalog = Catalog()
        self.orders: dict[int, Order] = {}
        self.refunds: dict[int, Refund] = {}
        self.customers: dict[int, Customer] = {}
        self.coupons: dict[int, Coupon] = {}
        self.webhooks = Webhooks()
        self.host = Host(clock, rng)
        self.late = Late(self.host)
        # Runs between the load and the save of a product that REST writes to.
        self.between_load_and_save: Callable[[int], Awaitable[None]] | None = None
        self._next_post = 10
        self._customers = itertools.count(2)  # 1 is the administrator
        self._items = itertools.count(1)
        self._meta = itertools.count(1)

    def now(self) -> datetime:
        """UTC by PHP's clock, cut to the second as the database keeps it."""
        return (self.clock.now() - self.quirks.php_behind).replace(microsecond=0)

    def url(self, path: str) -> str:
        """``orders/5`` under the site's wc/v3."""
        return f"{self.home()}/wp-json/wc/v3/{path}"

    def emit(self, topic: str, resource_id: int) -> None:
        """Something happened: every active webhook of that topic gets a job."""
        self.webhooks.emit(topic, resource_id)

    def post_id(self, wanted: int | None = None) -> int:
        """Products, orders, refunds and coupons share one row of ids, as in ``wp_posts``."""
        post_id = self._next_post if wanted is None else wanted
        self._next_post = max(self._next_post, post_id + 1)
        return post_id

    def customer_id(self) -> int:
        return next(self._customers)

    def item_id(self) -> int:
        """The next id of a line of an order or a refund."""
        return next(self._items)

    def meta(self, key: str, value: Any) -> dict[str, Any]:
        """One entry of a ``meta_data`` list."""
        return {"id": next(self._meta), "key": key, "value": value}

    def item_meta(self, key: str, value: Any, shown: str | None = None) -> dict[str, Any]:
        """One entry of the ``meta_data`` of a line, which also tells how to show it."""
        return {**self.meta(key, value), "display_key": shown or key, "display_value": value}

    def merged_meta(
        self, stored: list[dict[str, Any]], sent: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Entries with the same id or key get the new value, a null removes, others are added."""
        merged = {entry["key"]: entry for entry in stored}
        keys = {entry["id"]: entry["key"] for entry in stored}
        for entry in sent:
            key = keys.get(entry.get("id", 0), str(entry.get("key", "")))
            if entry.get("value") is None:
                merged.pop(key, None)
            elif key in merged:
                merged[key] = {**merged[key], "value": entry["value"]}
            elif key:
                merged[key] = self.meta(key, entry["value"])
        return list(merged.values())
