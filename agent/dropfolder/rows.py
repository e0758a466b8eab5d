"""One row of a file, whatever its format: the updates that it asks for, or what is wrong with it.

A row names a quantity, prices, or both; both are two updates. A row with a ``kind`` is an update as
it stands in the gateway's feed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent import clock
from agent.model import update as updates
from agent.model.update import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

PRICES = ("regular_price", "sale_price")
_EITHER = (
    *("id", "sku", "version", "effective_at", "expires_at"),
    *("approved", "correlation_id"),
)
_WATERMARKS = ("seen_position", "as_of")
_OWN = {
    "stock": ("quantity", *_WATERMARKS, "seen", "unseen"),
    "price": (*PRICES, "sale_from", "sale_to", "currency", "tax"),
}
FIELDS = (*_EITHER, *_OWN["stock"], *_OWN["price"])
SETS = ("quantity", *PRICES, "sale_from", "sale_to")
"""Of these a row names at least one."""


@dataclass(frozen=True, slots=True)
class Source:
    """The file, by a name that no other file has or had, and the time its figures are of."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """A good line, and the items it brings, as they could stand in the feed."""

    number: int
    items: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Bad:
    """A line that brings nothing. ``column`` is the name of a field, or a position from 1; nothing
    of what the line holds is told."""

    line: int
    column: str | int | None
    reason: str


def read(row: object, source: Source, number: int, nth: int) -> Line | Bad:
    """The line ``number``, which has the ``nth`` row of the file. Never raises."""
    if not isinstance(row, Mapping):
        return Bad(number, None, "not an object")
    kinds = _kinds(row)
    if not kinds:
        return Bad(number, None, f"sets none of {', '.join(SETS)}")
    items = []
    for kind in kinds:
        item = _item(row, kind, together=len(kinds) > 1)
        refused = updates.read({"id": "-", **item})
        if isinstance(refused, Refusal):
            return _bad(number, refused)
        item = {"id": _identity(item, source, nth), **item}
        if kind == "stock" and all(item.get(name) is None for name in _WATERMARKS):
            item["as_of"] = clock.iso(source.at)
        items.append(item)
    return Line(number, tuple(items))


def _kinds(row: Mapping[str, Any]) -> Sequence[Any]:
    if "kind" in row:
        return [row["kind"]]
    stock = ["stock"] if "quantity" in row else []
    return stock + (["price"] if any(name in row for name in SETS[1:]) else [])


def _item(row: Mapping[str, Any], kind: Any, *, together: bool) -> dict[str, Any]:
    own = _OWN.get(kind, ()) if isinstance(kind, str) else ()
    item = {"kind": kind} | {name: row[name] for name in (*_EITHER, *own) if name in row}
    if together and isinstance(item.get("id"), str):
        item["id"] = f"{item['id']}/{kind}"  # two updates, two ids
    return item


def _identity(item: Mapping[str, Any], source: Source, nth: int) -> str:
    """The same for the same row of the same file, so that reading it again does nothing twice."""
    text = json.dumps([source.name, nth, item], sort_keys=True)
    return "file-" + hashlib.sha256(text.encode()).hexdigest()[:32]


def _bad(number: int, refusal: Refusal) -> Bad:
    place, _, reason = refusal.message.partition(": ")
    column = place.partition(".")[0]
    if column not in FIELDS:
        return Bad(number, None, refusal.message.removeprefix("Value error, "))
    if column in PRICES:
        reason = 'must be a decimal text with a point, such as "15.75"'
    return Bad(number, column, reason.removeprefix("Value error, "))
