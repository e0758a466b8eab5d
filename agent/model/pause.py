"""One of the two lines, held up on purpose: taking in goes on, sending and writing wait."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from agent import clock

if TYPE_CHECKING:
    from datetime import datetime


class Line(StrEnum):
    """What can be paused: events to the gateway, or updates to the store."""

    EVENTS = "events"
    UPDATES = "updates"


@dataclass(frozen=True, slots=True)
class Pause:
    """Who held a line up, when and why; without ``until`` it lasts until somebody resumes it."""

    line: Line
    since: datetime
    until: datetime | None
    who: str
    reason: str

    def told(self) -> str:
        """Who, until when and why, in one line."""
        until = f" until {clock.iso(self.until)}" if self.until else ""
        return f"paused by {self.who}{until}: {self.reason}"
