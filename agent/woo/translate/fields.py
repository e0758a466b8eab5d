"""Reads single fields of a WooCommerce body, whatever PHP or a plugin made of their type."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from agent.model import money
from agent.woo.translate.errors import UnreadableFigureError, Untranslatable

Row = Mapping[str, Any]

_T = TypeVar("_T")
_Word = TypeVar("_Word", bound=StrEnum)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_INT64 = 2**63


def essential(row: Row, key: str, read: Callable[[object], _T | None], *, within: str = "") -> _T:
    """What ``read`` makes of a field, or ``Untranslatable`` naming it after ``within``."""
    raw = row.get(key)
    value = read(raw)
    if value is None:
        raise Untranslatable(within + key, "missing" if raw is None else "not usable")
    return value


class Unreadable(set[str]):
    """Names what was there but could not be read: ``amount_unreadable``, ``time_unreadable``."""

    def amount(self, row: Row, key: str) -> money.Amount:
        """Zero if it is absent, empty or unreadable."""
        return self.amount_or_none(row, key) or money.ZERO

    def amount_or_none(self, row: Row, key: str) -> money.Amount | None:
        """None if it is absent, empty or unreadable."""
        value = row.get(key)
        if value is None or value == "":
            return None
        amount = money.canonical(value)
        if amount is None:
            self.add("amount_unreadable")
        return amount

    def figure(
        self,
        row: Row,
        key: str,
        read: Callable[[object], _T],
        *,
        anomaly: str = "amount_unreadable",
    ) -> _T | None:
        """What ``read`` makes of a field of stock or prices."""
        try:
            return read(row.get(key))
        except UnreadableFigureError:
            self.add(anomaly)
            return None

    def moment(self, row: Row, key: str) -> datetime | None:
        """A ``*_gmt`` field: UTC that does not say so. Those without ``_gmt`` are site time."""
        value = row.get(key)
        if value is None or value == "":
            return None
        try:
            parsed = datetime.fromisoformat(value)
            return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        except (TypeError, ValueError, OverflowError):
            self.add("time_unreadable")
            return None


def moment(gmt: object) -> datetime | None:
    """A ``*_gmt`` date of WooCommerce: naive in the body, UTC by name."""
    if not isinstance(gmt, str):
        return None
    try:
        parsed = datetime.fromisoformat(gmt)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def whole(value: object) -> int | None:
    """3, 3.0 and "3" are 3; None for anything else, and beyond 64 bits."""
    if type(value) is int:
        return value if -_INT64 <= value < _INT64 else None
    exact = money.decimal(value)
    return int(exact) if exact is not None and exact == exact.to_integral_value() else None


def number(value: object) -> int | float | None:
    """Stock, which plugins make fractional: an int where it is whole."""
    exact = whole(value)
    if exact is not None:
        return exact
    fraction = money.decimal(value)
    return None if fraction is None or fraction == fraction.to_integral_value() else float(fraction)


def email(value: object) -> str | None:
    """Trimmed and in lower case: one person, one text."""
    written = word(value)
    return written and written.lower()


def reference(value: object) -> int | None:
    """An id; 0 is WooCommerce's word for none."""
    number = whole(value)
    return number if number is not None and number > 0 else None


def word(value: object) -> str | None:
    """A string with something in it, without the blanks around it."""
    return text(value.strip()) if isinstance(value, str) else None


def one_of(value: object, words: type[_Word]) -> _Word | None:
    """The word of ours that is written the same."""
    written = text(value)
    return next((word for word in words if word == written), None)


def text(value: object) -> str | None:
    """None if there is nothing; what UTF-8 can't carry is replaced."""
    if isinstance(value, str):
        return (value if value.isascii() else _LONE_SURROGATE.sub("\ufffd", value)) or None
    number = whole(value)
    return None if number is None else str(number)


def mapping(value: object) -> Row:
    """An object; PHP writes an empty one as ``[]``."""
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[Any] | None:
    """A list; PHP writes one with gaps as an object."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else None


def references(value: object) -> list[int]:
    """The ids of a list, in its order."""
    return [found for one in listed(value) or () if (found := reference(one)) is not None]


def rows(value: object) -> list[Row]:
    """The objects of a list, none if it is no list."""
    return [row for row in listed(value) or () if isinstance(row, dict)]
