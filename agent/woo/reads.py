"""Whole resources read over REST, in the form in which webhooks carry them (recordings order_get
and 14): one by its id, or all that changed; and refunds, of which no webhook tells."""

from __future__ import annotations

import json
import logging
from datetime import UTC
from typing import TYPE_CHECKING, Any

from agent import errors
from agent.woo import answers, lists, older, pages, statuses
from agent.woo.pages import PER_PAGE
from agent.woo.translate import refund, store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence
    from datetime import datetime

    from agent.model.listed import Listed
    from agent.woo.reader import Reader

log = logging.getLogger(__name__)

_UNCACHED = {"_skip_cache": "1"}


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
        found: dict[int, bytes] = {}
        for some in await self._filters(resource):
            found |= await self._included(f"{resource}s", numbers, some)
        return {number: found[number] for number in numbers if number in found}

    async def _included(
        self, path: str, numbers: Collection[int], query: Mapping[str, str]
    ) -> dict[int, bytes]:
        """Bodies by id; where fewer are shown than there are, the others are asked for."""
        missing, found = set(numbers), dict[int, bytes]()
        while missing:
            include = ",".join(map(str, sorted(missing)))
            asked = {"include": include, "per_page": str(PER_PAGE), **_UNCACHED, **query}
            body, total = await self._client.listed(path, asked)
            rows = _list(body, path)
            new = {row["id"]: _encoded(row) for row in rows if _id(row) in missing}
            if rows and not new:
                raise errors.StoreIncompleteError(
                    f"the store answers {path} with rows that were not asked for",
                    hint="does a cache answer in its place? woo-agent config show",
                )
            found |= new
            missing -= new.keys()
            if not new or total is None or total <= len(rows):
                break
        return found

    async def refunds(self, order: int, past: Sequence[bytes | None]) -> list[bytes]:
        """All refunds of an order, none if it is gone, with what they do not say themselves: the
        order's id as ``parent_id``, its ``currency``, and what of each line was restocked.

        ``past`` are those it had before, as this gave them; None where that is lost.
        """
        path, extent = f"orders/{order}/refunds", pages.Extent()
        rows: list[dict[str, Any]] = []
        try:
            async for page in pages.by_id(self._client, path, {}, extent):
                rows += page
        except errors.StoreRejectedError as error:
            if answers.is_gone(error):
                return []
            raise
        if extent.is_short:  # what is not shown would be told to be gone
            raise errors.StoreIncompleteError(
                extent.why_not(path), hint="may our key read all of them? woo-agent config show"
            )
        of = await self._named(f"orders/{order}", _UNCACHED) if rows else None
        if not isinstance(of, dict):
            return []
        before = [None if body is None else json.loads(body) for body in past]
        found = refund.of_order({**of, "id": order}, rows, before)
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
        """None only where WooCommerce itself says that there is no such id."""
        try:
            return await self._client.read(path, query)
        except errors.StoreRejectedError as error:
            if answers.is_gone(error):
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
            newest = {"orderby": "registered_date", "order": "desc", "per_page": str(PER_PAGE)}
            newest |= _UNCACHED
            rows = _list(await self._client.read("customers", newest), "customers")
            yield [_encoded(row) for row in rows]
            return
        path, asked = f"{resource}s", changed_after(since)
        for is_last in (False, True):
            extents: list[pages.Extent] = []
            async for page in self._pages(resource, path, asked, extents):
                yield [_encoded(row) for row in page if row.get("status") != statuses.DRAFT]
            short = [extent.why_not(path) for extent in extents if extent.is_short]
            if not short:
                return
            if is_last:  # what the store never shows must not hold up what it shows
                log.warning("some of what changed is not seen: %s", short[0])

    async def listed(
        self, listing: str, since: datetime | None = None
    ) -> AsyncIterator[list[Listed]]:
        """Pages of one of ``listing.KINDS``, by id: all of it, or what changed after ``since``.

        A whole list that the store lacks is put together from its parents.

        Raises StoreIncompleteError at the end of a whole one that is not proven to be all, and of
        one of changes that surely is not.
        """
        kind = lists.KINDS[listing]
        asked = {**(changed_after(since) if since else {}), **kind.query, "_fields": kind.fields}
        extents: list[pages.Extent] = []

        def read(resource: str, path: str, query: Mapping[str, str]) -> AsyncIterator[list[Any]]:
            return self._pages(resource, path, query, extents)

        try:
            async for page in read(kind.resource, kind.path, asked):
                yield lists.read(kind, page)
        except errors.StoreRefusedError as error:
            if error.status != 404 or since is not None or kind.path not in older.LACKED:
                raise
            extents.clear()
            async for page in older.rows(read, kind.path, asked):
                yield lists.read(kind, page)
        for extent in extents:
            if extent.is_short or (since is None and not extent.is_whole):
                raise errors.StoreIncompleteError(
                    extent.why_not(kind.path),
                    hint="may our key read all of them? woo-agent config show",
                )

    async def _pages(
        self,
        resource: str,
        path: str,
        asked: Mapping[str, str],
        extents: list[pages.Extent],
    ) -> AsyncIterator[list[Any]]:
        """``extents`` gets one for each list that this takes."""
        for some in await self._filters(resource):
            extents.append(pages.Extent())
            try:
                query = {**asked, **some}
                async for page in pages.by_id(self._client, path, query, extents[-1]):
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


def _list(answer: Any, path: str) -> list[Any]:
    if not isinstance(answer, list):
        raise pages.no_list(path)
    return answer


def _id(row: Any) -> int:
    """0 where it has none."""
    number = row.get("id") if isinstance(row, dict) else None
    return number if type(number) is int else 0


def _encoded(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
