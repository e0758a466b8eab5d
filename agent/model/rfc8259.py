"""JSON of others, as RFC 8259 has it and as we can write it again: the only parser of it. Pure.

Python's own takes more: ``NaN``, half of a surrogate pair, UTF-16, and numbers and nesting that
break what is done with the value later. Here all of that is malformed, and a ``ValueError``; the
store alone is forgiven a character that is none.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

DEEPEST = 100
"""How many lists and objects may stand in one another."""

_HALVES = re.compile("[\ud800-\udfff]")
_NESTING = (dict, list)
_LONGEST_NUMBER = 308  # digits: what a double can hold
_HALF = "half of a surrogate pair"
_TOO_DEEP = "nested too deeply"
_TOO_LONG = "a number is too long"


class NotJsonError(ValueError):
    """No JSON, though its syntax is right; the message contains nothing of the text."""


def parse(text: str | bytes) -> Any:
    """The value; raises ValueError: ``json.JSONDecodeError`` where the syntax is at fault."""
    if isinstance(text, bytes):
        text = _decoded(text)
    value = _read(text)
    if _has_halves(value, text):
        raise NotJsonError(_HALF)
    return value


def parse_of_store(raw: bytes) -> Any:
    """The value of what the store sent: what is no character becomes U+FFFD, for no order may be
    lost for one of them. Raises as ``parse`` for anything else."""
    text = raw.decode("utf-8-sig", "replace")
    value = _read(text)
    if not _has_halves(value, text):
        return value
    return _DECODER.decode(_HALVES.sub("\N{REPLACEMENT CHARACTER}", _written(value)))


def parse_at(text: str, start: int) -> tuple[Any, int]:
    """The value that begins there, and where it ends; raises as ``parse``."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except RecursionError:
        raise NotJsonError(_TOO_DEEP) from None
    read = text[start:end]
    _check_depth(value, read)
    if _has_halves(value, read):
        raise NotJsonError(_HALF)
    return value, end


def why_not(error: ValueError) -> str:
    """What ``parse`` found, without any of the text; empty where the syntax is at fault, as in a
    page of HTML: there the beginning of the text says more."""
    return str(error) if isinstance(error, NotJsonError) else ""


def _read(text: str) -> Any:
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise NotJsonError(_TOO_DEEP) from None
    _check_depth(value, text)
    return value


def _check_depth(value: Any, text: str) -> None:
    """Few texts have what it takes to be too deep."""
    if text.count("[") + text.count("{") > DEEPEST and _is_too_deep(value):
        raise NotJsonError(_TOO_DEEP)


def _has_halves(value: Any, text: str) -> bool:
    """Whether the parser let half of a surrogate pair pass; few texts have what it takes."""
    may = "\\ud" in text or "\\uD" in text
    return may and _HALVES.search(_written(value)) is not None


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotJsonError("not UTF-8") from None


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST + 1):
        if not (level := [one for one in level if isinstance(one, _NESTING)]):
            return False
        inside = (one.values() if isinstance(one, dict) else one for one in level)
        level = [one for some in inside for one in some]
    return True


def _constant(name: str) -> NoReturn:
    raise NotJsonError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise NotJsonError(_TOO_LONG)
    return number


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise NotJsonError(_TOO_LONG)
    return int(digits)


_DECODER = json.JSONDecoder(parse_constant=_constant, parse_float=_finite, parse_int=_integer)
