"""Bodies nested so deeply that they can just be parsed: how deeply depends on the Python."""

from __future__ import annotations

import json


def body(depth: int) -> bytes:
    return b'{"id": 7, "x": ' + b"[" * depth + b"]" * depth + b"}"


def about_the_deepest() -> range:
    """Depths around the last one that this Python can parse."""
    can, can_not = 1, 2**20
    while can_not - can > 1:
        middle = (can + can_not) // 2
        try:
            json.loads(body(middle))
        except RecursionError:
            can_not = middle
        else:
            can = middle
    return range(can - 30, can + 30)
