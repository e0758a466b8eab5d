"""PHP's and WordPress' ways with values, where a WooCommerce store shows them to its clients."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl

_INTEGER = re.compile(r"\s*[+-]?\d+")
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_NOT_A_DECIMAL = re.compile(r"\.(?![^.]+$)|[^0-9.-]")


def json_bytes(value: Any) -> bytes:
    """``wp_json_encode``: no blanks, ``\\/`` for a slash, ``\\uXXXX`` for what is not ASCII."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode()


def intval(value: Any) -> int:
    """PHP's ``intval``: ``"x"`` is 0, ``2.7`` is 2, ``"12 pieces"`` is 12."""
    if isinstance(value, int | float):
        return int(value)
    if isinstance(value, str):
        if _NUMBER.fullmatch(value):
            return int(float(value))
        digits = _INTEGER.match(value)
        return int(digits.group()) if digits else 0
    return 1 if value else 0


def is_integer(value: Any) -> bool:
    """``rest_is_integer``: whole numbers, also as a string; no booleans."""
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return float(value).is_integer()
    return isinstance(value, str) and bool(_NUMBER.fullmatch(value)) and float(value).is_integer()


def boolean(value: Any) -> bool:
    """``wc_string_to_bool``."""
    if isinstance(value, str):
        return value.lower() in ("yes", "true", "1", "on")
    return bool(value)


def decimal_text(value: Any) -> str:
    """``wc_format_decimal``: drops all but digits, dots and minus, so ``"15,75"`` is ``"1575"``."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return _NOT_A_DECIMAL.sub("", str(value))


def query(raw: str) -> dict[str, str]:
    """The query as ``$_GET`` has it: the last of two equal names wins, ``a.b`` becomes ``a_b``.

    The elements of ``name[]=`` come joined by commas, which every list parameter of wc/v3 takes.
    """
    values: dict[str, str] = {}
    for name, value in parse_qsl(raw, keep_blank_values=True):
        bare = name.partition("[")[0].replace(".", "_").replace(" ", "_")
        if bare != name and "[" in name and bare in values:
            value = f"{values[bare]},{value}"
        values[bare] = value
    return values
