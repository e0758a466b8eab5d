"""The unit of work in hand: what its log lines and its requests carry, wherever it leads."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Work:
    """``correlation_id`` names the business object (``order/1022``), or is what the gateway gave;
    ``traceparent`` is a W3C trace context. Empty where there is none."""

    correlation_id: str = ""
    traceparent: str = ""

    @property
    def trace_id(self) -> str:
        """32 hex digits; empty where there is no trace."""
        return self.traceparent[3:35]


_NONE = Work()
_current: ContextVar[Work] = ContextVar("work", default=_NONE)


def current() -> Work:
    """The innermost unit of work that is being done here."""
    return _current.get()


@contextmanager
def working(correlation_id: str, traceparent: str = "") -> Iterator[None]:
    """What is done inside belongs to that business object and trace."""
    token = _current.set(Work(correlation_id, traceparent))
    try:
        yield
    finally:
        _current.reset(token)


def for_request(random_bits: int) -> str:
    """The ``traceparent`` of one request: a step in the trace in hand, else a trace of its own.
    Takes 192 random bits."""
    trace_id = current().trace_id or f"{random_bits >> 64 & (1 << 128) - 1 | 1:032x}"
    return f"00-{trace_id}-{random_bits & (1 << 64) - 1 | 1:016x}-01"
