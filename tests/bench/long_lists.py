"""A store with a long history: rows are made when they are asked for, and none changes any more.

It answers what comparing asks for, to anybody, and remembers what that was.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from aiohttp import web

from agent.clock import SystemClock
from agent.demo.shop import bodies, dates, orders
from agent.demo.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.demo.shop.bodies import JSON

HISTORY = timedelta(days=1000)
"""What is oldest was made so long ago; what is newest, a day ago."""
PER_PARENT = 10
_API = "/wp-json/wc/v3"
_UTC = timedelta()
_FIRST_PRODUCT, _FIRST_VARIATION, _FIRST_ORDER, _FIRST_REFUND = 1000, 100_000, 10**6, 10**7
_NOT_HERE = frozenset({"include", "exclude", "sku", "search", "after", "before", "type"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: where, with what query, and when, in seconds."""

    path: str
    query: Mapping[str, str]
    at: float

    @property
    def listing(self) -> str:
        """Its name among ``agent.woo.lists.KINDS``, where it is one of those lists."""
        return f"trashed {self.path}" if self.query.get("status") == "trash" else self.path

    @property
    def since(self) -> str | None:
        """Only what changed after then."""
        return self.query.get("modified_after")

    @property
    def is_whole(self) -> bool:
        """A page of all there is, whenever it changed."""
        return self.since is None and self.query.get("orderby") == "id"


@dataclass(frozen=True, slots=True)
class Rows:
    """A list by id, which also is in the order of dates."""

    count: int
    row: Callable[[int], JSON]

    def page(self, start: int, end: int) -> list[JSON]:
        """Those from one place up to another."""
        return [self.row(place) for place in range(start, min(end, self.count))]


class Shop:
    """Of the orders, one in so many has a refund; of the products, ``parents`` have variations."""

    def __init__(
        self, *, orders: int, refunds: int, simple: int, parents: int, now: datetime
    ) -> None:
        self._simple = simple
        self._began = now.replace(microsecond=0) - HISTORY - timedelta(days=1)
        self.rows = {
            "orders": Rows(orders, self._order),
            "refunds": Rows(refunds, self._refund),
            "products": Rows(simple + parents, self._product),
            "variations": Rows(parents * PER_PARENT, self._variation),
            "customers": Rows(0, _none),
            "coupons": Rows(0, _none),
        }
        self.asked: list[Asked] = []
        self.site = Site(
            [web.get("/wp-json/", self._index), web.get(f"{_API}/{{path:.+}}", self._get)]
        )

    def bought(self, order: int) -> tuple[int, str]:
        """The product, and its SKU, that an order is about."""
        place = order % self._simple
        return _FIRST_PRODUCT + place, _sku(place)

    def _order(self, place: int) -> JSON:
        return {
            **bodies.template("order"),
            "id": _FIRST_ORDER + place,
            "number": str(_FIRST_ORDER + place),
            "status": "completed",
            **self._dates("orders", place),
        }

    def _refund(self, place: int) -> JSON:
        order = place * self.rows["orders"].count // self.rows["refunds"].count
        return {
            **bodies.template("refund"),
            "id": _FIRST_REFUND + place,
            "parent_id": _FIRST_ORDER + order,
            "amount": f"{1 + place % 90}.50",
            **dates.pair("date_created", self._at("refunds", place), _UTC),
        }

    def _product(self, place: int) -> JSON:
        is_simple = place < self._simple
        return {
            **bodies.template("product"),
            **(_sold(place) if is_simple else {"type": "variable", "price": "10.00"}),
            "id": _FIRST_PRODUCT + place,
            "sku": _sku(place),
            **self._dates("products", place),
        }

    def _variation(self, place: int) -> JSON:
        parent, size = divmod(place, PER_PARENT)
        return {
            **bodies.template("variation"),
            **_sold(place),
            "id": _FIRST_VARIATION + place,
            "parent_id": _FIRST_PRODUCT + self._simple + parent,
            "sku": f"{_sku(self._simple + parent)}-{size}",
            **self._dates("variations", place),
        }

    def _dates(self, listing: str, place: int) -> JSON:
        created = self._at(listing, place)
        changed = created + timedelta(hours=1)
        return dates.pair("date_created", created, _UTC) | dates.pair(
            "date_modified", changed, _UTC
        )

    def _at(self, listing: str, place: int) -> datetime:
        seconds = HISTORY.total_seconds() * place / self.rows[listing].count
        return self._began + timedelta(seconds=int(seconds))

    async def _index(self, request: web.Request) -> web.StreamResponse:
        return self._answered("/", request, {"name": "Shop", "home": self.site.url})

    async def _get(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        if path in self.rows:
            return self._list(path, request)
        if path in _OTHERS:
            return self._answered(path, request, _OTHERS[path]())
        error = {"code": "rest_no_route", "message": "No route.", "data": {"status": 404}}
        return self._answered(path, request, error, status=404)

    def _list(self, path: str, request: web.Request) -> web.StreamResponse:
        query, rows = request.query, self.rows[path]
        if unfit := _NOT_HERE & query.keys():
            raise web.HTTPNotImplemented(text=f"{path} by {unfit}")
        skipped = 0
        if since := query.get("modified_after"):
            skipped = bisect.bisect_right(
                range(rows.count), since, key=lambda place: rows.row(place)["date_modified_gmt"]
            )
        total = (rows.count - skipped) * _shows(query.get("status", "any"))
        start = skipped + int(query.get("offset", 0))
        page = rows.page(start, min(start + int(query["per_page"]), skipped + total))
        if names := query.get("_fields"):
            page = [{name: row[name] for name in names.split(",") if name in row} for row in page]
        return self._answered(path, request, page, headers={"X-WP-Total": str(total)})

    def _answered(
        self, path: str, request: web.Request, body: Any, **more: Any
    ) -> web.StreamResponse:
        self.asked.append(Asked(path, dict(request.query), SystemClock().monotonic()))
        return web.json_response(body, **more)


def _none(place: int) -> JSON:
    raise IndexError(place)


def _sku(place: int) -> str:
    return f"SKU-{place:06}"


def _sold(place: int) -> JSON:
    """Price and stock of what is sold."""
    return {
        "price": "10.00",
        "regular_price": "10.00",
        "purchasable": True,
        "manage_stock": True,
        "stock_quantity": 5 + place % 90,
    }


def _shows(statuses: str) -> bool:
    """Whether a list of those statuses shows our rows: none lies in the trash."""
    return bool({"any", "completed", "publish"} & set(statuses.split(",")))


def _totals() -> Sequence[JSON]:
    return [{"slug": status, "name": status, "total": 0} for status in orders.STATUSES]


def _setting(name: str, value: str) -> JSON:
    return {**bodies.template(f"setting_{name}"), "value": value}


_OTHERS: Mapping[str, Callable[[], Any]] = {
    "reports/orders/totals": _totals,
    "system_status": lambda: bodies.template("system_status"),
    "settings/general": lambda: [_setting("currency", "EUR")],
    "settings/general/woocommerce_currency": lambda: _setting("currency", "EUR"),
    "settings/tax": lambda: [_setting("prices_include_tax", "yes")],
    "settings/tax/woocommerce_prices_include_tax": lambda: _setting("prices_include_tax", "yes"),
    "settings/products": list,
}
