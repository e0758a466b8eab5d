"""What the gateway stand-in saw on the line: which batches came, and which came together."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from aiohttp import web


class Batch(NamedTuple):
    """One batch as it came in, its refused, rejected and repeated events included."""

    ids: tuple[str, ...]
    at: datetime


@dataclass(eq=False)
class Flight:
    """A request that carries a batch; its lanes (store, correlation id) once it was read."""

    request: web.Request
    lanes: set[tuple[str, str]] = field(default_factory=set)


class Traffic:
    """A batch is in flight from its arrival until it is answered or its connection is gone."""

    def __init__(self) -> None:
        self.max_concurrent = 0
        self._in_flight: list[Flight] = []
        self._batches: dict[str, list[Batch]] = {}
        self._overlapping: dict[str, set[str]] = {}

    def batches(self, store: str) -> list[Batch]:
        """In order of arrival."""
        return list(self._batches.get(store, ()))

    def overlapping(self, store: str) -> set[str]:
        """Correlation ids of which two events were in flight at a time: there should be none."""
        return set(self._overlapping.get(store, ()))

    @contextmanager
    def in_flight(self, request: web.Request) -> Iterator[Flight]:
        """While a batch is read, dealt with and answered."""
        flight = Flight(request)
        self._in_flight.append(flight)
        try:
            self.max_concurrent = max(self.max_concurrent, len(self._others(flight)) + 1)
            yield flight
        finally:
            self._in_flight.remove(flight)

    def arrived(self, store: str, flight: Flight, batch: list[Any], at: datetime) -> None:
        """Notes a batch that was read."""
        events = [event for event in batch if isinstance(event, dict)]
        ids = tuple(str(event.get("id")) for event in events)
        self._batches.setdefault(store, []).append(Batch(ids, at))
        others = self._others(flight)
        for event in events:
            lane = (store, str(event.get("correlationid")))
            if lane in flight.lanes or any(lane in other.lanes for other in others):
                self._overlapping.setdefault(store, set()).add(lane[1])
            flight.lanes.add(lane)

    def _others(self, flight: Flight) -> list[Flight]:
        return [
            other
            for other in self._in_flight
            if other is not flight and other.request.transport is not None
        ]
