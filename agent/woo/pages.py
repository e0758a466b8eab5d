"""Long lists, read by id from end to end although rows vanish and appear meanwhile.

WooCommerce's pages count rows from the beginning: a row that is deleted moves all behind it by one,
and one of them is on no page (woocommerce#33386). So each page begins a few rows before the end of
the last one, and where it does not, one is gone back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent import errors
from agent.woo.client import PER_PAGE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from agent.woo.reader import Reader

OVERLAP = 5
_MOST_STEPS_BACK = 50
_MOST_EMPTY = 200  # in a row: what the user of our key must not read
_LARGEST_ID = 2**63
_HINT = "does a plugin change what the store's REST API answers? woo-agent config show"


async def by_id(client: Reader, path: str, query: Mapping[str, str]) -> AsyncIterator[list[Any]]:
    """Pages of rows whose ids rise from page to page; rows without an id are left out. Raises
    StoreError."""
    offset = last = steps_back = empty = 0
    lowest: int | None = None  # of the page before, where it lies before this one
    while True:
        rows, total = await _page(client, path, query, offset)
        ids = [row["id"] for row in rows]
        if lowest is not None and ids and ids[0] <= lowest:
            raise errors.StoreUnavailableError(
                f"the store answers {path} not in the order of ids, or from its beginning, whatever"
                " is asked for",
                hint=_HINT,
            )
        empty = 0 if ids else empty + 1
        if empty > _MOST_EMPTY:
            raise errors.StoreUnavailableError(
                f"the store says that {path} has {total} rows, and shows none of them", hint=_HINT
            )
        if offset and (not ids or ids[0] > last) and steps_back < _MOST_STEPS_BACK:
            steps_back += 1
            offset = max(0, offset - PER_PAGE)
            lowest = None
            continue
        lowest = ids[0] if ids else None
        yield [row for row in rows if row["id"] > last]
        last = max((last, *ids))
        if offset + PER_PAGE >= total:
            return
        offset += PER_PAGE - OVERLAP


async def _page(
    client: Reader, path: str, query: Mapping[str, str], offset: int
) -> tuple[list[Any], int]:
    """The rows from ``offset`` on, and how many there are in all. A page may lack rows that the
    key's user must not read: it is no sign of the end that one is short."""
    asked = {
        **query,
        "per_page": str(PER_PAGE),
        **({"offset": str(offset)} if offset else {}),
        "orderby": "id",
        "order": "asc",
        "_skip_cache": "1",
    }
    body, total = await client.listed(path, asked)
    if not isinstance(body, list):
        raise no_list(path)
    rows = [row for row in body if isinstance(row, dict) and _is_id(row.get("id"))]
    if total is None:
        total = offset + len(body) + (len(body) == PER_PAGE)
    return sorted(rows, key=lambda row: int(row["id"])), total


def _is_id(value: object) -> bool:
    return type(value) is int and 0 < value < _LARGEST_ID


def no_list(path: str) -> errors.StoreUnavailableError:
    """What was answered is none."""
    return errors.StoreUnavailableError(f"the store's answer to {path} is not a list", hint=_HINT)


def no_resource(resource: str) -> errors.StoreUnavailableError:
    """What was answered is not the one that was asked for."""
    return errors.StoreUnavailableError(f"the store's answer is not that {resource}", hint=_HINT)
