"""Whether an answer shows the store as it is: caches and replicas show what was."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agent.clock import Clock
from agent.woo.translate import fields

WRITTEN_FOR_S = 600.0
"""A store that was restored shows older dates for good; a cache does not for that long."""
SEEN_FOR_S = 3600.0
_MOST = 10_000
_MARKERS = (
    *("X-Cache", "X-Cache-Status", "CF-Cache-Status", "X-Proxy-Cache"),
    *("X-LiteSpeed-Cache", "X-Varnish-Cache"),
)
_HIT = re.compile(r"(?<![a-z])hit(?![a-z])", re.IGNORECASE)


def age(headers: Mapping[str, str]) -> str:
    """``Age: 300`` of an answer out of a cache (RFC 9111, 5.1); empty for a fresh one."""
    told = headers.get("Age", "").strip()
    seconds = int(told) if told.isdecimal() and told.isascii() and len(told) < 10 else 0
    return f"Age: {seconds}" if seconds else ""


def marker(headers: Mapping[str, str]) -> str:
    """What says that an answer came out of a cache; empty where nothing does."""
    hits = (f"{name}: HIT" for name in _MARKERS if _HIT.search(headers.get(name, "")))
    return age(headers) or next(hits, "")


class CacheSeen:
    """Whether a cache answered lately, and what said so."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._marker = ""
        self._at = 0.0

    def answered(self, headers: Mapping[str, str]) -> None:
        """An answer has come."""
        if found := marker(headers):
            self._marker, self._at = found, self._clock.monotonic()

    def told(self) -> str:
        """Empty where none did."""
        return self._marker if self._clock.monotonic() - self._at < SEEN_FOR_S else ""


class OwnWrites:
    """What we wrote last outranks a read that is older: by the dates of change that the store
    itself gave. Bounded: the latest ten thousand products."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._written: OrderedDict[int, tuple[datetime, float]] = OrderedDict()

    def wrote(self, product_id: int, changed_at: datetime | None) -> None:
        """The store answered a write, and its product changed then."""
        if changed_at is None:
            return
        self._written[product_id] = changed_at, self._clock.monotonic()
        self._written.move_to_end(product_id)
        if len(self._written) > _MOST:
            self._written.popitem(last=False)

    def is_older(self, row: Mapping[str, Any]) -> bool:
        """Whether it shows its product as it was before."""
        number, shown_at = row.get("id"), fields.moment(row.get("date_modified_gmt"))
        written = self._written.get(number) if type(number) is int else None
        if written is None or shown_at is None:
            return False
        changed_at, at = written
        return shown_at < changed_at and self._clock.monotonic() - at < WRITTEN_FOR_S
