"""Whole resources read over REST, in the form in which webhooks carry them (recordings order_get
and 14): one by its id, or all that changed."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

from agent import errors
from agent.woo.client import PER_PAGE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime

    from agent.woo.client import Client

_HINT = "does a plugin change what the store's REST API answers? woo-agent config show"
_UNCACHED = {"_skip_cache": "1"}
# "any" leaves the trash out, and so does "any,trash"; naming all statuses would leave out those
# that plugins add.
_PASSES: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "order": ({"status": "any"}, {"status": "trash"}),
}
_DRAFT = "checkout-draft"


class Reads:
    """The reads. Each raises StoreError."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def one(self, resource: str, number: int) -> bytes | None:
        """Its body, in the trash too; None if there is none of that kind with that id."""
        try:
            body = await self._client.read(f"{resource}s/{number}", _UNCACHED)
        except errors.StoreRejectedError as error:
            if error.status == 404:
                return None
            raise
        return _encoded(body)

    async def changed(self, resource: str, since: datetime) -> AsyncIterator[list[bytes]]:
        """Pages of orders, products, customers or coupons changed after ``since``, by id; checkouts
        that are no orders yet are left out.

        Customers can't be asked for by date: of them it is the page registered last. Variations are
        not among the products, and deleted resources are nowhere.
        """
        if resource == "customer":
            newest = {"orderby": "registered_date", "order": "desc"}
            yield _bodies(await self._page("customers", newest, 1))
            return
        # Naive UTC: a zone in the text would be dropped and the rest read as UTC (recordings tz_*).
        after = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        asked = {"modified_after": after, "dates_are_gmt": "true", "orderby": "id", "order": "asc"}
        for some in _PASSES.get(resource, ({},)):
            number, rows = 0, [None] * PER_PAGE
            while len(rows) == PER_PAGE:
                number += 1
                rows = await self._page(f"{resource}s", {**asked, **some}, number)
                yield _bodies(rows)

    async def _page(self, path: str, query: Mapping[str, str], number: int) -> list[Any]:
        page = {"per_page": str(PER_PAGE), "page": str(number)}
        rows = await self._client.read(path, {**query, **page, **_UNCACHED})
        if not isinstance(rows, list):
            raise errors.StoreUnavailableError(
                f"the store's answer to {path} is not a list", hint=_HINT
            )
        return rows


def _bodies(rows: list[Any]) -> list[bytes]:
    return [
        _encoded(row) for row in rows if not (isinstance(row, dict) and row.get("status") == _DRAFT)
    ]


def _encoded(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
