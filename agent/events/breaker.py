"""Is the line to the gateway closed (all may pass), open (none), or half-open (one probe)?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

_UNLIMITED = 1024


class Permit(Enum):
    """What may be sent now."""

    ALL = auto()
    PROBE = auto()
    NONE = auto()


@dataclass(frozen=True, slots=True)
class Breaker:
    """``until`` is monotonic seconds: a wall clock that jumps must not hold the line.

    ``width`` is how many batches may be under way: a gateway that just came back is not flooded.
    """

    failures: int = 0
    until: float = 0.0
    reason: str = ""
    refused: bool = False
    width: int = _UNLIMITED

    def permits(self, now: float, in_flight: int) -> Permit:
        """After a failure one probe goes first; the line is closed again when it came through."""
        if self.failures:
            return Permit.PROBE if now >= self.until and not in_flight else Permit.NONE
        return Permit.ALL if in_flight < self.width else Permit.NONE

    def opened(self, now: float, wait_s: float, reason: str, *, refused: bool) -> Breaker:
        """After one more failure; ``refused``: a person has to do something about it."""
        return Breaker(self.failures + 1, now + wait_s, reason, refused)

    def closed(self) -> Breaker:
        """After a success: the first one closes the line, each further one widens it."""
        if self.failures:
            return Breaker(width=1)
        return replace(self, width=min(self.width * 2, _UNLIMITED))
