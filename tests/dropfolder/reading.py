"""Files as the tests of this folder write and read them."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent.dropfolder import formats
from agent.dropfolder.rows import Bad, Line, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

SOURCE = Source("20261124T080000.000000Z-stock.csv", datetime(2026, 11, 24, 8, tzinfo=UTC))
AS_OF = "2026-11-24T08:00:00Z"


def read(name: str, content: str | bytes, source: Source = SOURCE) -> list[Line | Bad]:
    """Every line of a file of that name."""
    raw = content.encode() if isinstance(content, str) else content
    return list(formats.read(io.BytesIO(raw), name, source))


def items(found: Sequence[Line | Bad]) -> list[dict[str, Any]]:
    """What the good lines bring, without the ids that were made for them."""
    return [
        {name: value for name, value in item.items() if value != item["id"] or name != "id"}
        if item["id"].startswith("file-")
        else dict(item)
        for item in formats.items(found)
    ]


def bad(found: Sequence[Line | Bad]) -> list[tuple[int, str | int | None]]:
    """(line, column) of the bad lines."""
    return [(one.line, one.column) for one in found if isinstance(one, Bad)]


def numbers(found: Sequence[Line | Bad]) -> list[int]:
    """The good lines."""
    return [one.number for one in found if isinstance(one, Line)]
