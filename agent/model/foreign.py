"""Text that others sent us, made fit to store, to log and to print."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = 500
SHORTEST_SECRET = 8


def line(value: object, most: int = LONGEST) -> str:
    """One line of it, cut; empty for what is no text. Half a surrogate, which neither SQLite nor a
    terminal can carry, is replaced."""
    if isinstance(value, (bytes, bytearray)):
        value = bytes(value[: most * 4]).decode("utf-8", "replace")
    if not isinstance(value, str):
        return ""
    cut = " ".join(value[: most * 4].split())[:most]
    return cut.encode("utf-8", "replace").decode()


def name(value: object) -> str:
    """An opaque name in its one form, by which it is stored and compared: one line that can be
    printed. A name in that form stays as it is."""
    return "".join(one if one.isprintable() else "?" for one in line(value)).rstrip()


def without(content: bytes, secrets: Iterable[bytes]) -> bytes:
    """An answer that repeats what it was asked must not bring our secrets into a log. One that is
    too short to be a secret may be part of any word."""
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            content = content.replace(secret, b"***")
    return content
