"""The lines of a file as text, never more than one of them in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from agent.dropfolder.rows import Bad

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 2**16  # bytes of a line, characters of an item
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


def read(file: BinaryIO) -> Iterator[tuple[int, str] | Bad]:
    """(number from 1, text without its end) of each line that is not blank, or what is wrong."""
    for number, raw in _bounded(file):
        if raw is None:
            yield Bad(number, None, f"longer than {LONGEST} bytes")
            continue
        if number == 1:
            if raw.startswith(_UTF16_BOMS):
                yield Bad(number, None, "the file is UTF-16: save it as UTF-8")
                return
            raw = raw.removeprefix(_UTF8_BOM)
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            yield Bad(number, error.start + 1, "not UTF-8: save the file as UTF-8")
            continue
        if "\0" in text:
            yield Bad(number, text.index("\0") + 1, "a NUL byte")
        elif text.strip():
            yield number, text


def _bounded(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """None for a line that is too long, of which the rest is passed over."""
    number = 0
    while raw := file.readline(LONGEST):
        number += 1
        if len(raw) < LONGEST or raw.endswith(b"\n"):
            yield number, raw.rstrip(b"\r\n")
            continue
        while raw and not raw.endswith(b"\n"):
            raw = file.readline(LONGEST)
        yield number, None
