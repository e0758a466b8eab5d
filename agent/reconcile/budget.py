"""What comparing both ends may cost the store: a request at a time, with long rests, behind all
that orders and updates need."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from agent import errors, metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from agent.clock import Clock

T = TypeVar("T")

SHARE = 0.25  # of the time the store works for us, at most
SLOWER = 2.0  # than it can be: others need it
BUSY_S = 1.0
LONGEST_REST_S = 60.0
LONGEST_PAUSE_S = 3600.0  # whatever the store asks for
_FORGETS = 1.02  # the best that was seen counts a little less each time


class Budget:
    """Rests at least three times as long as a request took; twice as long after one that took
    longer than it can."""

    def __init__(
        self, *, per_minute: Callable[[], int], busy: Callable[[], bool], clock: Clock
    ) -> None:
        """``busy``: whether the store works at something more urgent of ours."""
        self._per_minute = per_minute
        self._busy = busy
        self._clock = clock
        self._next_at = 0.0
        self._best_s: float | None = None
        self._working = False

    def wait_s(self) -> float:
        """Seconds until its next request; 0 if it may be made now."""
        left_s = self._next_at - self._clock.monotonic()
        if left_s > 0:
            return left_s
        return BUSY_S if self._working or self._busy() else 0.0

    async def spend(self, work: Callable[[], Awaitable[T]]) -> T:
        """Does the work, which is a request, when its turn has come; raises what it raises."""
        while left_s := self.wait_s():
            metrics.COMPARING_WAITED_SECONDS.inc(left_s)
            await self._clock.sleep(left_s)
        started = self._clock.monotonic()
        self._next_at = started + 60 / self._per_minute()
        self._working = True
        metrics.COMPARING_REQUESTS.inc()
        try:
            return await work()
        except errors.StoreUnavailableError as error:
            asked_s = min(error.retry_after_s or 0.0, LONGEST_PAUSE_S)
            self._next_at = max(self._next_at, started + asked_s)
            raise
        finally:
            self._working = False
            self._rest(started, self._clock.monotonic() - started)

    def _rest(self, started: float, took_s: float) -> None:
        slow = self._best_s is not None and took_s > self._best_s * SLOWER
        forgotten_s = took_s if self._best_s is None else self._best_s * _FORGETS
        self._best_s = min(forgotten_s, took_s)
        rest_s = took_s * (1 / SHARE - 1) * (2 if slow else 1)
        ended = started + took_s
        self._next_at = max(self._next_at, ended + min(rest_s, LONGEST_REST_S))
