"""What hosts and plugins do to a store that works; each is a switch of its own, off at first.

    store.quirks.per_page_cap = 10
    store.quirks.poison.add(17)

None depends on the release that the store is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from aiohttp import web

NOTICE = (
    b"<br />\n<b>Notice</b>:  Undefined variable: x in <b>plugin.php</b> on line <b>7</b><br />\n"
)
_TOTALS = ("X-WP-Total", "X-WP-TotalPages")
_FIGURES = ("stock_quantity", "low_stock_amount")


class KeyedBy(StrEnum):
    """What a page cache takes for the same page."""

    PATH = "path"  # whatever the query
    URL = "url"


@dataclass
class PageCache:
    """It answers GET for ``max_age`` with what it was answered first, and tells its ``Age``."""

    keyed_by: KeyedBy
    max_age: timedelta = timedelta(minutes=5)
    _kept: dict[str, tuple[datetime, web.Response]] = field(default_factory=dict)

    def answer(self, request: web.Request, now: datetime) -> web.Response | None:
        """A copy of what is kept, if that is young enough."""
        kept = self._kept.get(self._key(request)) if request.method == "GET" else None
        if kept is None or now - kept[0] > self.max_age:
            return None
        age = {"Age": str(int((now - kept[0]).total_seconds()))}
        return _copy(kept[1], age)

    def keep(self, request: web.Request, response: web.Response, now: datetime) -> None:
        """Only what a GET was answered with 200."""
        if request.method == "GET" and response.status == 200:
            self._kept[self._key(request)] = (now, _copy(response, {}))

    def _key(self, request: web.Request) -> str:
        return request.path if self.keyed_by is KeyedBy.PATH else str(request.rel_url)


@dataclass
class Quirks:
    """``per_page_cap``: no page has more rows, whatever was asked for, and the totals tell of all.

    ``totals`` off: no list tells them. ``notices``: PHP writes one before each JSON. ``php_behind``
    is how far PHP's clock is behind the web server's ``Date``. ``figures`` is what becomes of the
    whole numbers of stock in rows of products: ``str`` for ``"7"``, ``float`` for ``7.0``.
    ``poison``: whatever touches one of these ids ends in a 500, in a list, alone or in a batch.
    """

    per_page_cap: int | None = None
    totals: bool = True
    cache: PageCache | None = None
    notices: bool = False
    php_behind: timedelta = timedelta(0)
    figures: Callable[[int], Any] | None = None
    poison: set[int] = field(default_factory=set)

    def capped(self, per_page: int) -> int:
        return per_page if self.per_page_cap is None else min(per_page, self.per_page_cap)

    def told(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers of an answer."""
        return {k: v for k, v in headers.items() if self.totals or k not in _TOTALS}

    def figured(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row of a product."""
        if self.figures is None:
            return row
        figures = {name: self.figures(row[name]) for name in _FIGURES if _is_whole(row.get(name))}
        return {**row, **figures}

    def touch(self, *ids: Any) -> None:
        """``FatalError`` if one of them is poison."""
        if self.poison.intersection(id for id in ids if isinstance(id, int)):
            raise FatalError

    def touch_all(self, body: Any) -> None:
        """The same of each row of an answer, and of each list of a batch's."""
        lists = body.values() if isinstance(body, dict) and "id" not in body else [body]
        for rows in lists:
            for row in rows if isinstance(rows, list) else [rows]:
                if isinstance(row, dict):
                    self.touch(row.get("id"))


class FatalError(Exception):
    """PHP's last word; what was saved before it stays saved."""

    status = 500

    @staticmethod
    def body() -> dict[str, Any]:
        """As WordPress answers REST."""
        message = "<p>There has been a critical error on this website.</p>"
        return {
            "code": "internal_server_error",
            "message": message,
            "data": {"status": 500},
            "additional_errors": [],
        }


def _copy(response: web.Response, more: Mapping[str, str]) -> web.Response:
    headers = {k: v for k, v in response.headers.items() if k != "Content-Length"}
    return web.Response(body=response.body, status=response.status, headers={**headers, **more})


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
