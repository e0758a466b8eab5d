"""Lists that older versions of WooCommerce lack, put together from their parents: of all refunds
(since 9.0) and of all variations (since 10.3; recordings of 8.4 route_missing_*)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from agent import errors
from agent.woo import answers

Pages = Callable[[str, str, Mapping[str, str]], AsyncIterator[list[Any]]]
"""(resource, path, query) to pages of rows."""
LACKED = frozenset({"refunds", "variations"})


async def rows(read: Pages, path: str, query: Mapping[str, str]) -> AsyncIterator[list[Any]]:
    """What ``path``, one of ``LACKED``, would show, parent by parent. Raises StoreError."""
    asked: list[Mapping[str, str]] = [{"_fields": "id,type,refunds,variations"}]
    resource = "order" if path == "refunds" else "product"
    if resource == "product" and "status" in query:  # with its parent a variation goes there too
        asked.append({**asked[0], "status": query["status"]})
    for one in asked:
        async for page in read(resource, f"{resource}s", one):
            for number in [row["id"] for row in page if _is_parent(row)]:
                async for found in _of(read, f"{resource}s/{number}/{path}", query):
                    yield [{**row, "parent_id": number} for row in found]


async def _of(read: Pages, path: str, query: Mapping[str, str]) -> AsyncIterator[list[Any]]:
    """Nothing where the parent has gone meanwhile."""
    try:
        async for page in read("", path, query):
            yield page
    except errors.StoreRejectedError as error:
        if not answers.is_gone(error):
            raise


def _is_parent(row: Mapping[str, Any]) -> bool:
    """Also of variations that all lie in the trash; plugins have types of their own."""
    is_variable = "variable" in str(row.get("type"))
    return bool(row.get("refunds") or row.get("variations")) or is_variable
