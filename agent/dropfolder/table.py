"""CSV: a header row that names the columns, then a row a line.

The delimiter is the one with which the header names a ``sku``. An empty cell says nothing, ``null``
ends a sale. A row must have as many cells as the header: a price with a comma is never guessed at.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from agent.dropfolder import lines, rows
from agent.dropfolder.rows import Bad, Line, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

NULL = "null"
_DELIMITERS = (",", ";", "\t")
_WHOLE = re.compile(r"[+-]?[0-9]{1,16}", re.ASCII)
_NUMBERS = frozenset({"quantity", "version", "seen_position"})
_LISTS = frozenset({"seen", "unseen"})
_ENDED = frozenset({"sale_price", "sale_from", "sale_to"})
_FLAGS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class _Header:
    delimiter: str
    names: list[str]


def read(file: BinaryIO, source: Source) -> Iterator[Line | Bad]:
    """Every line but the header, until the end; only the fault of a header that can't be used."""
    header: _Header | None = None
    for nth, line in enumerate(lines.read(file)):
        if isinstance(line, Bad):
            yield line
            if header is None:
                return
        elif header is None:
            found = _header(*line)
            if isinstance(found, Bad):
                yield found
                return
            header = found
        elif (row := _row(header, *line)) is not None:
            yield row if isinstance(row, Bad) else rows.read(row, source, line[0], nth)
    if header is None:
        yield Bad(1, None, "the file is empty")


def _header(number: int, text: str) -> _Header | Bad:
    found = [_Header(by, [cell.strip().lower() for cell in _cells(text, by)]) for by in _DELIMITERS]
    header = max(found, key=lambda one: ("sku" in one.names, len(one.names)))
    if "sku" not in header.names:
        return Bad(number, None, "the header has no column sku")
    known = [name for name in header.names if name in rows.FIELDS]
    for name in known:
        if known.count(name) > 1:
            return Bad(number, name, "the header has this column twice")
    if not set(known).intersection(rows.SETS):
        return Bad(number, None, f"the header has none of {', '.join(rows.SETS)}")
    return header


def _row(header: _Header, number: int, text: str) -> dict[str, Any] | Bad | None:
    """None for one in which all cells are empty."""
    cells = [cell.strip() for cell in _cells(text, header.delimiter)]
    if not cells:
        return Bad(number, None, "a quote is not closed, or stands in the middle of a cell")
    if not any(cells):
        return None
    given, wanted = len(cells), len(header.names)
    if given != wanted:
        comma = " (a price is written with a point)" if given > wanted else ""
        place = min(given, wanted) + 1
        return Bad(number, place, f"{given} cells where the header has {wanted}{comma}")
    row: dict[str, Any] = {}
    for name, cell in zip(header.names, cells, strict=True):
        if name in rows.FIELDS and cell:
            try:
                row[name] = _value(name, cell)
            except ValueError as error:
                return Bad(number, name, str(error))
    return row


def _cells(text: str, delimiter: str) -> list[str]:
    """No cell where quotes are out of order."""
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def _value(name: str, cell: str) -> Any:
    if name in _NUMBERS:
        if not _WHOLE.fullmatch(cell):
            raise ValueError("must be a whole number")
        return int(cell)
    if name in _ENDED and cell.lower() == NULL:
        return None
    if name in _LISTS:
        return cell.split()
    if name == "approved":
        if cell.lower() not in _FLAGS:
            raise ValueError("must be true or false")
        return _FLAGS[cell.lower()]
    return cell
