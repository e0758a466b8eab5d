"""Long lists, read by id from end to end although rows vanish and appear meanwhile.

WooCommerce's pages count rows from the beginning: a row that is deleted moves all behind it by one,
and one of them is on no page (woocommerce#33386). So each page begins a few rows before the end of
the last one, and where it does not, one is gone back.

Hosts show fewer rows than were asked for (woocommerce#54035), and caches show the same ones
whatever is asked for (woocommerce#18030): a list is stepped through by what came, and whole only
where its end was seen and as many rows were shown as it is said to have.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent import errors
from agent.woo.reader import Reader

PER_PAGE = 100
OVERLAP = 5
_MOST_STEPS_BACK = 50
_MOST_EMPTY = 200  # in a row: what the user of our key must not read
_LARGEST_ID = 2**63
_HINT = "does a cache or a plugin change what the store's REST API answers? woo-agent config show"


@dataclass(slots=True)
class Extent:
    """How far a list was read: the rows that were ``shown``, each counted once; how many there are
    by the last page that told (``total``, None where none did); whether its end was seen."""

    shown: int = 0
    total: int | None = None
    ended: bool = False

    @property
    def is_whole(self) -> bool:
        """Proven to be all."""
        return self.total is not None and not self.is_short

    @property
    def is_short(self) -> bool:
        """Surely not all."""
        return not self.ended or (self.total is not None and self.shown < self.total)

    def why_not(self, path: str) -> str:
        """Why it is not whole."""
        if self.total is None and not self.ended:
            return f"the store answers {path} with the same rows, whatever is asked for"
        if self.total is None:
            return f"the store does not say how many rows {path} has"
        return f"the store says that {path} has {self.total} rows, and shows {self.shown}"


async def by_id(
    client: Reader, path: str, query: Mapping[str, str], extent: Extent | None = None
) -> AsyncIterator[list[Any]]:
    """Pages of rows whose ids rise from page to page; rows without an id are left out. ``extent``
    tells at the end whether they are all.

    Raises StoreError; StoreIncompleteError where the rows are not those that were asked for.
    """
    extent = Extent() if extent is None else extent
    offset = last = steps_back = empty = overlap = size = 0
    before: list[int] = []  # the ids of the page before, where it lies before this one
    while True:
        rows, came, told = await _page(client, path, query, offset)
        ids = [row["id"] for row in rows]
        extent.total = told if told is not None else extent.total
        size = max(size, came)
        if before and ids and (ids == before or ids[0] < before[0]):
            if ids == before and (extent.total is None or extent.shown >= extent.total):
                extent.ended = extent.total is not None
                return
            raise errors.StoreIncompleteError(
                f"the store answers {path} not in the order of ids, or from its beginning, whatever"
                " is asked for",
                hint=_HINT,
            )
        empty = 0 if ids else empty + 1
        if empty > _MOST_EMPTY:
            raise errors.StoreIncompleteError(
                f"the store says that {path} has {extent.total} rows, and shows none of them",
                hint=_HINT,
            )
        is_apart = overlap > 0 and (not ids or ids[0] > last)
        if is_apart and last and steps_back < _MOST_STEPS_BACK and offset != extent.total:
            steps_back += 1
            offset = max(0, offset - size)
            before = []
            continue
        before = ids
        new = [row for row in rows if row["id"] > last]
        extent.shown += len(new)
        is_end = _is_end(offset, came, told, is_new=bool(new), overlap=overlap)
        if new or not offset:
            yield new
        if is_end:
            extent.ended = True
            return
        last = max((last, *ids))
        overlap = _overlap(came)
        offset += (came or size or PER_PAGE) - overlap


def _is_end(offset: int, came: int, told: int | None, *, is_new: bool, overlap: int) -> bool:
    """A page that is not full is the last one only where it reaches as far as the list is said to;
    where that is not said, one that has nothing behind the rows of the page before."""
    if told is None:
        return not is_new and came <= overlap
    return came < PER_PAGE and offset + came >= told


def _overlap(came: int) -> int:
    return min(OVERLAP, max(came // 10, 1)) if came > 1 else 0


async def _page(
    client: Reader, path: str, query: Mapping[str, str], offset: int
) -> tuple[list[Any], int, int | None]:
    """The rows from ``offset`` on, how many came, and how many there are in all as far as that is
    told. Some may lack: the key's user must not read them."""
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
    if not _is_answer(rows, query):
        raise errors.StoreIncompleteError(
            f"the store answers {path} with rows of another status than was asked for", hint=_HINT
        )
    return sorted(rows, key=lambda row: int(row["id"])), len(body), total


def _is_answer(rows: list[Any], query: Mapping[str, str]) -> bool:
    """Whether none is in the trash, or out of it, where the other was asked for."""
    asked = query.get("status")
    if asked not in ("any", "trash"):
        return True
    found = {row["status"] == "trash" for row in rows if isinstance(row.get("status"), str)}
    return found <= {asked == "trash"}


def _is_id(value: object) -> bool:
    return type(value) is int and 0 < value < _LARGEST_ID


def no_list(path: str) -> errors.StoreUnavailableError:
    """What was answered is none."""
    return errors.StoreUnavailableError(f"the store's answer to {path} is not a list", hint=_HINT)


def no_resource(resource: str) -> errors.StoreUnavailableError:
    """What was answered is not the one that was asked for."""
    return errors.StoreUnavailableError(f"the store's answer is not that {resource}", hint=_HINT)
