"""Settings whose names are fixed but which this version does not act on: it says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

COMING: frozenset[str] = frozenset()


def doubts(given: Collection[str]) -> Iterator[str]:
    """A line for each given setting that does nothing yet."""
    for key in sorted(COMING.intersection(given)):
        yield f"{key} is not in effect in this version"
