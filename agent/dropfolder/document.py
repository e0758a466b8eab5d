"""JSON: a list of rows, or rows one after the other; read piece by piece, whatever its size.

A row that is no JSON does not take its neighbours with it: reading goes on behind the brace that
closes it, or, where none does, with the next line that begins a row as far to the left.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING, Any, BinaryIO

from agent.dropfolder import rows
from agent.dropfolder.lines import LONGEST
from agent.dropfolder.rows import Bad, Line, Source
from agent.model import rfc8259

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 2**16
_SPACE = re.compile(r"[ \t\r\n]*")
# A string never spans lines: a quote that is missing does harm up to the end of its line only.
_TOKEN = re.compile(r'"(?:[^"\\\n]++|\\[^\n]?)*+"?|\n[ \t,]*(?:\{|\Z)|[{}\[\],]')
_NOT_UTF8 = re.compile("[\udc80-\udcff]")


def read(file: BinaryIO, source: Source) -> Iterator[Line | Bad]:
    """Every row until the end."""
    window = _Window(file)
    first = window.peek()
    if first not in ("[", "{"):
        yield Bad(window.line, None, "neither a list nor an object" if first else "it is empty")
        return
    is_list = first == "["
    window.move(int(is_list))
    nth = 0
    while first := window.peek():
        if first == ",":
            window.move(1)
        elif first == "]" and is_list:
            window.move(1)
            if window.peek():
                yield Bad(window.line, None, "there is text behind the list")
            return
        else:
            nth, number = nth + 1, window.line
            found = window.value()
            yield found if isinstance(found, Bad) else rows.read(found[0], source, number, nth)
    if is_list:
        yield Bad(window.line, None, "the list is not closed: is the file complete?")


def line(number: int, text: str, source: Source) -> Line | Bad:
    """A line that is a row of its own."""
    try:
        row = rfc8259.parse(text)
    except ValueError as error:
        return _fault(error, number, 0, 0)
    return rows.read(row, source, number, number)


def _fault(error: ValueError, number: int, start: int, column: int) -> Bad:
    """What json says of a text that begins at ``start``: in line ``number``, behind ``column``
    characters."""
    if not isinstance(error, json.JSONDecodeError):
        return Bad(number, None, f"not JSON: {error}")
    number += error.doc.count("\n", start, error.pos)
    newline = error.doc.rfind("\n", start, error.pos)
    place = error.pos - newline if newline >= 0 else column + error.pos - start + 1
    return Bad(number, place, f"not JSON: {error.msg}")


class _Window:
    """The part of the text that is looked at: from ``at`` on at least the longest row."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
        self._ended = False
        self._text = ""
        self._at = 0
        self._column = 0
        self.line = 1

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            self._fill()
            found = _SPACE.match(self._text, self._at)
            self.move(len(found[0]) if found else 0)
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]

    def move(self, length: int) -> None:
        """Goes on by so many characters."""
        to = self._at + length
        self.line += self._text.count("\n", self._at, to)
        newline = self._text.rfind("\n", self._at, to)
        self._column = to - newline - 1 if newline >= 0 else self._column + length
        self._at = to

    def value(self) -> tuple[Any] | Bad:
        """The value that begins here, or what is wrong with it; the window stands behind it."""
        number, start = self.line, self._at
        too_long = Bad(number, None, f"longer than {LONGEST} characters")
        try:
            value, end = rfc8259.parse_at(self._text, start)
        except ValueError as error:
            bad = _fault(error, number, start, self._column)
            return too_long if self._skip() > LONGEST else bad
        whole = self._text[start:end]
        self.move(end - start)
        if len(whole) > LONGEST:
            return too_long
        if _NOT_UTF8.search(whole):
            return Bad(number, None, "not UTF-8: save the file as UTF-8")
        return (value,)

    def _skip(self) -> int:
        """Passes over a value that can't be read; how long it is."""
        column, open_, passed = self._column, "", 0
        while True:
            end, open_, whole = _end(self._text, self._at, column, open_, ended=self._ended)
            if (end == self._at and not whole) or len(open_) > LONGEST:
                # One string that fills the window, or nothing but brackets: no list of rows.
                self._ended, end = True, len(self._text)
            elif end == self._at and not passed:
                end += 1
            passed += end - self._at
            self.move(end - self._at)
            if whole or self._ended:
                return passed
            self._fill()

    def _fill(self) -> None:
        size = len(self._text) - self._at
        if size >= LONGEST or self._ended:
            return
        parts = [self._text[self._at :]]
        while size < LONGEST and not self._ended:
            raw = self._file.read(_CHUNK)
            self._ended = not raw
            parts.append(self._decoder.decode(raw, final=not raw))
            size += len(parts[-1])
        self._text, self._at = "".join(parts), 0


def _end(text: str, start: int, column: int, open_: str, *, ended: bool) -> tuple[int, str, bool]:
    """Where a broken value ends, or where to go on with more text; which brackets are open there;
    whether it is the end."""
    for found in _TOKEN.finditer(text, start):
        token = found[0]
        if found.end() == len(text) and not ended and token[0] in '"\n':
            return found.start(), open_, False
        if token[0] == "\n" and token[-1] == "{":
            if not open_ or len(token) - 2 <= column:
                return found.end() - 1, "", True
            open_ += "{"
        elif token in "{[":
            open_ += token
        elif token in "}],":
            if token == "]" and not open_:
                return found.start(), "", True
            open_ = _closed(open_, token)
            if not open_:
                return found.end(), "", True
    return len(text), open_, False


def _closed(open_: str, token: str) -> str:
    """A brace also closes lists that nobody closed."""
    if token == "}":
        return open_.rpartition("{")[0]
    return open_.removesuffix("[") if token == "]" else open_
