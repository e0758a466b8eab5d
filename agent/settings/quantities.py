"""How durations and sizes are written: a number and its unit, ``"90s"``, ``"16MiB"``.

What a parser here refuses, it explains in words that follow the name of a setting
("store.timeout needs a unit, such as ...").
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
)

_DURATION_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_LONGEST = timedelta(days=3650)  # far beyond any use, and still safe to add to a date
_SIZE_UNITS = {
    "TiB": 2**40,
    "GiB": 2**30,
    "MiB": 2**20,
    "KiB": 2**10,
    "TB": 10**12,
    "GB": 10**9,
    "MB": 10**6,
    "kB": 10**3,
    "B": 1,
}
_Quantity = TypeVar("_Quantity", timedelta, int)
_LARGEST = 2**50


def duration(written: object) -> timedelta:
    """``"90s"``, ``"5m"``, ``"24h"``, ``"30d"``, ``"500ms"`` → timedelta. Raises ValueError."""
    if isinstance(written, timedelta):
        return written
    number, unit = _number_and_unit(written, example="90s")
    if unit not in _DURATION_UNITS:
        raise ValueError('must be a number and one of ms, s, m, h, d, such as "90s"')
    if number > _LONGEST // _DURATION_UNITS[unit]:
        raise ValueError("must be at most 3650d")
    return number * _DURATION_UNITS[unit]


def format_duration(span: timedelta) -> str:
    """The shortest way to write it: 90 seconds are ``"90s"``, 24 hours are ``"24h"``."""
    for unit, length in _DURATION_UNITS.items():
        if span and span % length == timedelta() and (unit != "d" or span > length):
            return f"{span // length}{unit}"
    return f"{span // _DURATION_UNITS['ms']}ms" if span else "0s"


def size(written: object) -> int:
    """``"16MiB"``, ``"200MB"`` → bytes. Raises ValueError."""
    number, unit = _number_and_unit(written, example="16MiB")
    if unit not in _SIZE_UNITS:
        raise ValueError('must be a number and one of B, KiB, MiB, GiB, TiB, such as "16MiB"')
    if number > _LARGEST // _SIZE_UNITS[unit]:
        raise ValueError("must be at most 1024TiB")
    return number * _SIZE_UNITS[unit]


def format_size(count: int) -> str:
    """Bytes in the largest unit that divides them: 16777216 is ``"16MiB"``."""
    for unit, length in _SIZE_UNITS.items():
        if count and count % length == 0:
            return f"{count // length}{unit}"
    return "0B"


def _number_and_unit(written: object, *, example: str) -> tuple[int, str]:
    match = re.fullmatch(r"([0-9]{1,18}) ?([A-Za-z]*)", str(written))
    if match is None:
        raise ValueError(f'must be a number with its unit, such as "{example}"')
    if not match[2]:
        raise ValueError(f'needs a unit, such as "{example}"')
    return int(match[1]), match[2]


def _positive(quantity: _Quantity) -> _Quantity:
    if not quantity:
        raise ValueError("must be more than zero")
    return quantity


def _written_size(value: object, info: ValidationInfo) -> int:
    """A program may say 1024; a person has to say 1024 of what (context ``"written"``)."""
    return value if type(value) is int and not info.context else size(value)


Duration = Annotated[
    timedelta,
    PlainValidator(duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]+ ?(ms|s|m|h|d)$"}),
]
Interval = Annotated[Duration, AfterValidator(_positive)]
Size = Annotated[
    int,
    PlainValidator(_written_size),
    PlainSerializer(format_size, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]+ ?(B|[KMGT]iB|[kMGT]B)$"}),
]
PositiveSize = Annotated[Size, AfterValidator(_positive)]
Percent = Annotated[int, Field(ge=0, le=100)]
