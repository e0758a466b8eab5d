"""The gateway announces that what we speak will end. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agent import clock
from agent.model import foreign

if TYPE_CHECKING:
    from collections.abc import Mapping


def announced(headers: Mapping[str, str]) -> str:
    """What the ``Deprecation`` (RFC 9745) and ``Sunset`` (RFC 8594) headers of an answer say, such
    as ``deprecated since 2023-07-01T00:00:00Z, gone after …``; empty where there are none."""
    said = []
    if (since := headers.get("Deprecation")) is not None:
        said.append(f"deprecated since {_moment(since)}")
    if (end := headers.get("Sunset")) is not None:
        said.append(f"gone after {foreign.line(end, 40)}")
    return ", ".join(said)


def _moment(since: str) -> str:
    """``@1688169600``; as it stands where it is something else."""
    try:
        return clock.iso(datetime.fromtimestamp(int(since.strip().removeprefix("@")), UTC))
    except (ValueError, OverflowError, OSError):
        return foreign.line(since, 40)
