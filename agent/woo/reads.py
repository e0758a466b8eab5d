"""Whole resources read over REST, in the form in which webhooks carry them (recordings order_get
and 14): one by its id, or all that changed; and refunds, of which no webhook tells."""

from __future__ import annotations

import json
import re
from datetime import UTC
from typing import TYPE_CHECKING, Any

from agent import errors
from agent.woo import lists, pages, statuses
from agent.woo.client import PER_PAGE
from agent.woo.translate import refund, store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence
    from datetime import datetime

    from agent.model.listed import Listed
    from agent.woo.reader import Reader

_UNCACHED = {"_skip_cache": "1"}
_NO_SUCH_ID = re.compile(r"woocommerce_rest_(\w+_)?invalid_(\w+_)?id")
_BY_ID = {"orderby": "id", "order": "asc"}


class Reads:
    """The reads. Each raises StoreError."""

    def __init__(self, client: Reader) -> None:
        self._client = client
        self._statuses = statuses.Statuses(client)

    async def one(self, resource: str, number: int) -> bytes | None:
        """Its body, in the trash too; None if there is none of that kind with that id."""
        body = await self._named(f"{resource}s/{number}", _UNCACHED)
        if body is None:
            return None
        if not isinstance(body, dict) or body.get("id") != number:
            raise pages.no_resource(resource)
        return _encoded(body)

    async def several(self, resource: str, numbers: Collection[int]) -> dict[int, bytes]:
        """Bodies by id, up to a hundred; without those that no list shows, which may be there all
        the same: variations, and products and coupons in the trash."""
        wanted = {"include": ",".join(map(str, numbers)), "per_page": str(PER_PAGE), **_UNCACHED}
        found: dict[int, bytes] = {}
        for some in await self._filters(resource):
            for row in _list(await self._client.read(f"{resource}s", {**wanted, **some}), resource):
                if isinstance(row, dict) and type(row.get("id")) is int:
                    found[row["id"]] = _encoded(row)
        return {number: found[number] for number in numbers if number in found}

    async def refunds(self, order: int, past: Sequence[bytes | None]) -> list[bytes]:
        """All refunds of an order, none if it is gone, with what they do not say themselves: the
        order's id as ``parent_id``, its ``currency``, and what of each line was restocked.

        ``past`` are those it had before, as this gave them; None where that is lost.
        """
        rows: dict[int, dict[str, Any]] = {}
        number, more = 0, PER_PAGE
        while more == PER_PAGE:
            number += 1
            page = await self._named(f"orders/{order}/refunds", _page(number) | _BY_ID)
            if page is None:
                return []
            new = [row for row in _list(page, "refunds") if _is_new(row, rows)]
            rows |= {row["id"]: row for row in new}
            more = len(new)
        of = await self._named(f"orders/{order}", _UNCACHED) if rows else None
        if not isinstance(of, dict):
            return []
        before = [None if body is None else json.loads(body) for body in past]
        found = refund.of_order({**of, "id": order}, list(rows.values()), before)
        return [_encoded(row) for row in found]

    async def about(self, store_id: str) -> bytes:
        """What the store says about itself, as much of it as is told; under the name that it has
        here, for it has none of its own."""
        status = await self._client.read("system_status", {"_fields": "environment,settings"})
        rows: list[Any] = []
        for group in ("general", "tax", "products"):
            rows += _list(await self._found(f"settings/{group}", {}) or [], group)
        return _encoded(store.gathered(store_id, status, rows, await self._client.index()))

    async def answers(self) -> bool:
        """Whether the store answers at all, and takes our key."""
        try:
            await self._client.read("products", {"per_page": "1", "_fields": "id", **_UNCACHED})
        except errors.StoreError:
            return False
        return True

    async def _named(self, path: str, query: Mapping[str, str]) -> Any:
        """None only where WooCommerce itself says that there is no such id: whatever else is
        answered with 404, by a proxy or a plugin, says nothing of that."""
        try:
            return await self._client.read(path, query)
        except errors.StoreRejectedError as error:
            if error.status == 404 and _NO_SUCH_ID.fullmatch(error.code):
                return None
            raise

    async def _found(self, path: str, query: Mapping[str, str]) -> Any:
        """None where there is nothing; a route that is missing says nothing of that."""
        try:
            return await self._client.read(path, query)
        except errors.StoreRejectedError as error:
            if error.status == 404 and error.code != "rest_no_route":
                return None
            raise

    async def changed(self, resource: str, since: datetime) -> AsyncIterator[list[bytes]]:
        """Pages of orders, products, customers or coupons changed after ``since``, by id; checkouts
        that are no orders yet are left out.

        Customers can't be asked for by date: of them it is the page registered last. Variations are
        not among the products, and deleted resources are nowhere.
        """
        if resource == "customer":
            newest = {"orderby": "registered_date", "order": "desc", **_page(1)}
            rows = _list(await self._client.read("customers", newest), "customers")
            yield [_encoded(row) for row in rows]
            return
        async for page in self._pages(resource, f"{resource}s", changed_after(since)):
            yield [_encoded(row) for row in page if row.get("status") != statuses.DRAFT]

    async def listed(
        self, listing: str, since: datetime | None = None
    ) -> AsyncIterator[list[Listed]]:
        """Pages of one of ``listing.KINDS``, by id: all of it, or what changed after ``since``."""
        kind = lists.KINDS[listing]
        asked = {**(changed_after(since) if since else {}), **kind.query, "_fields": kind.fields}
        async for page in self._pages(kind.resource, kind.path, asked):
            yield lists.read(kind, page)

    async def _pages(
        self, resource: str, path: str, asked: Mapping[str, str]
    ) -> AsyncIterator[list[Any]]:
        for some in await self._filters(resource):
            try:
                async for page in pages.by_id(self._client, path, {**asked, **some}):
                    yield page
            except errors.StoreRejectedError:
                self._statuses.forget()
                raise

    async def _filters(self, resource: str) -> Sequence[Mapping[str, str]]:
        if resource != "order":
            return ({},)
        return [{"status": some} for some in await self._statuses.filters()]


def changed_after(since: datetime) -> Mapping[str, str]:
    """Naive UTC: a zone in the text would be dropped and the rest read as UTC (recordings tz_*)."""
    after = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return {"modified_after": after, "dates_are_gmt": "true"}


def _page(number: int) -> dict[str, str]:
    return {"per_page": str(PER_PAGE), "page": str(number), **_UNCACHED}


def _list(answer: Any, path: str) -> list[Any]:
    if not isinstance(answer, list):
        raise pages.no_list(path)
    return answer


def _is_new(row: Any, rows: Mapping[int, Any]) -> bool:
    return isinstance(row, dict) and type(row.get("id")) is int and row["id"] not in rows


def _encoded(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
