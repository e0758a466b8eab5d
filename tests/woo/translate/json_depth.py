"""Bodies nested so deeply that they can just be parsed."""

from __future__ import annotations

from agent.model import rfc8259


def body(depth: int) -> bytes:
    return b'{"id": 7, "x": ' + b"[" * depth + b"]" * depth + b"}"


def about_the_deepest() -> range:
    """Depths around the last one that can be parsed."""
    can, can_not = 1, 2**20
    while can_not - can > 1:
        middle = (can + can_not) // 2
        try:
            rfc8259.parse(body(middle))
        except ValueError:
            can_not = middle
        else:
            can = middle
    return range(can - 30, can + 30)
