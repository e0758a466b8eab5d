"""Which files are read, and how; nothing that is in one can break it. Pure."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any, BinaryIO

from agent.dropfolder import document, lines, table
from agent.dropfolder.rows import Bad, Line, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

AT_ONCE = 500


def read(file: BinaryIO, name: str, source: Source) -> Iterator[Line | Bad]:
    """Line by line, as the end of the file's ``name`` says that it is to be read."""
    return _READERS[PurePath(name).suffix.lower()](file, source)


def is_known(name: str) -> bool:
    """Whether a file of that name can be read."""
    return PurePath(name).suffix.lower() in _READERS


def pieces(rows: Iterator[Line | Bad]) -> Iterator[list[Line | Bad]]:
    """The rows, as many at once as go into one transaction."""
    piece: list[Line | Bad] = []
    size = 0
    for row in rows:
        items = 1 if isinstance(row, Bad) else len(row.items)
        if size + items > AT_ONCE:
            yield piece
            piece, size = [], 0
        piece.append(row)
        size += items
    if piece:
        yield piece


def items(piece: Sequence[Line | Bad]) -> list[Mapping[str, Any]]:
    """What the good lines among them bring."""
    return [item for row in piece if isinstance(row, Line) for item in row.items]


def _ndjson(file: BinaryIO, source: Source) -> Iterator[Line | Bad]:
    for line in lines.read(file):
        yield line if isinstance(line, Bad) else document.line(*line, source)


_READERS = {".csv": table.read, ".json": document.read, ".ndjson": _ndjson}
KNOWN = tuple(_READERS)
