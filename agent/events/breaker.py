"""Is the line to the gateway closed (all may pass), open (none), or half-open (one probe)?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Permit(Enum):
    """What may be sent now."""

    ALL = auto()
    PROBE = auto()
    NONE = auto()


@dataclass(frozen=True, slots=True)
class Breaker:
    """``until`` is monotonic seconds: a wall clock that jumps must not hold the line."""

    failures: int = 0
    until: float = 0.0
    reason: str = ""
    refused: bool = False

    def permits(self, now: float, in_flight: int) -> Permit:
        """After a failure one probe goes first; the line is closed again when it came through."""
        if not self.failures:
            return Permit.ALL
        return Permit.PROBE if now >= self.until and not in_flight else Permit.NONE

    def opened(self, now: float, wait_s: float, reason: str, *, refused: bool) -> Breaker:
        """After one more failure; ``refused``: a person has to do something about it."""
        return Breaker(self.failures + 1, now + wait_s, reason, refused)
