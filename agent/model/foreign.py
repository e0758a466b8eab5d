"""Text that others sent us, made fit to store, to log and to print."""

from __future__ import annotations

LONGEST = 500


def line(value: object, most: int = LONGEST) -> str:
    """One line of it, cut; empty for what is no text. Half a surrogate, which neither SQLite nor a
    terminal can carry, is replaced."""
    if isinstance(value, bytes | bytearray):
        value = bytes(value[: most * 4]).decode("utf-8", "replace")
    if not isinstance(value, str):
        return ""
    cut = " ".join(value[: most * 4].split())[:most]
    return cut.encode("utf-8", "replace").decode()
