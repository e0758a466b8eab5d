"""JSON of others, as RFC 8259 has it and as we can write it again: the only parser of it. Pure.

Python's own takes more: ``NaN``, half of a surrogate pair, UTF-16, and numbers and nesting that
break what is done with the value later. Here all of that is malformed, and a ``ValueError``.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

DEEPEST = 100
"""How many lists and objects may stand in one another."""

_NESTING = (dict, list)
_LONGEST_NUMBER = 308  # digits: what a double can hold
_TOO_DEEP = "nested too deeply"
_TOO_LONG = "a number is too long"


class NotJsonError(ValueError):
    """No JSON, though its syntax is right; the message contains nothing of the text."""


def parse(text: str | bytes) -> Any:
    """The value; raises ValueError: ``json.JSONDecodeError`` where the syntax is at fault."""
    if isinstance(text, bytes):
        text = _decoded(text)
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise NotJsonError(_TOO_DEEP) from None
    _check(value, text)
    return value


def parse_at(text: str, start: int) -> tuple[Any, int]:
    """The value that begins there, and where it ends; raises as ``parse``."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except RecursionError:
        raise NotJsonError(_TOO_DEEP) from None
    _check(value, text[start:end])
    return value, end


def why_not(error: ValueError) -> str:
    """What ``parse`` found, without any of the text; empty where the syntax is at fault, as in a
    page of HTML: there the beginning of the text says more."""
    return str(error) if isinstance(error, NotJsonError) else ""


def _check(value: Any, text: str) -> None:
    """Raise for what the parser lets pass; few texts have what it takes to contain it."""
    if text.count("[") + text.count("{") > DEEPEST and _is_too_deep(value):
        raise NotJsonError(_TOO_DEEP)
    if "\\ud" in text or "\\uD" in text:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise NotJsonError("half of a surrogate pair") from None


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
