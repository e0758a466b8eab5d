"""How late the store is: from a change to its webhook.

WooCommerce delivers webhooks from a queue that its cron works off, and the cron runs when somebody
visits. A shop without visitors sends nothing at all: what is read over REST and was not told of by
a webhook yet is all that shows of that queue from here, for no key of WooCommerce opens it.

What was deleted by force is told of by no webhook, and those that wait for it become error objects
without an id: whether what is waited for is still there is asked before anybody is blamed.
"""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.model.delivery import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from agent.clock import Clock
    from agent.model.delivery import Judged, Reading

WINDOW_S = 15 * 60.0
LOST_AFTER_S = 3600.0
ASKED_AFTER_S = 30.0
ASKED_EVERY_S = 300.0
_MOST = 1000
_KINDS = frozenset({"order", "product", "customer", "coupon"})


@dataclass(slots=True)
class _Unheard:
    """``found`` and ``asked_at``, when it is to be read (again), are by the monotonic clock."""

    changed_at: datetime
    found: float
    asked_at: float


class Lateness:
    """Recent lags, and the changes that were found by reading before a webhook told of them.

    Kept in memory, and bounded: of more than a thousand changes the oldest are watched.
    """

    def __init__(self, *, store_now: Callable[[], datetime], clock: Clock) -> None:
        """``store_now`` is the time by the store's clock, which all dates of changes are by."""
        self._store_now = store_now
        self._clock = clock
        self._began = clock.now()
        self._lags: deque[tuple[float, float]] = deque(maxlen=_MOST)
        self._unheard: dict[str, _Unheard] = {}
        self._broken: set[str] = set()

    def judged(self, judged: Judged, received_at: datetime) -> float | None:
        """How late that webhook was, in seconds; None where that can't be told."""
        reading = judged.reading
        if reading.resource not in _KINDS:
            return None
        if reading.read_after is not None:
            if reading.deletion and judged.verdict is not Verdict.STALE:
                self._unheard.pop(reading.subject, None)  # nothing tells of it any more
            elif judged.verdict is Verdict.EVENT:
                self._found(reading)
            return None
        if reading.gone:
            self._doubt(reading.resource)
            return None
        if judged.verdict is Verdict.ERROR_BODY:
            self._broke(reading.resource)
            return None
        self._broken.discard(reading.resource)
        changed_at = self._heard(reading)
        if changed_at is None and judged.verdict is Verdict.EVENT and not reading.deletion:
            changed_at = reading.changed_at  # a duplicate repeats an old date
        if changed_at is None:
            return None
        lag_s = max(0.0, (received_at + self._ahead() - changed_at).total_seconds())
        self._lags.append((self._clock.monotonic(), lag_s))
        return lag_s

    def late_s(self) -> float:
        """How late it is now: what webhooks took lately, or the oldest change without one waits."""
        since = self._clock.monotonic() - WINDOW_S
        lags = [lag_s for at, lag_s in self._lags if at >= since]
        now = self._store_now()
        waits = [(now - one.changed_at).total_seconds() for one in self._unheard.values()]
        return max(statistics.median(lags) if lags else 0.0, 0.0, *waits)

    @property
    def unheard(self) -> int:
        """How many changes no webhook told of yet."""
        return len(self._unheard)

    def doubtful(self) -> list[str]:
        """What is to be read now, for it may be gone; asked for again and again while it waits."""
        now = self._clock.monotonic()
        found = [(subject, one) for subject, one in self._unheard.items() if one.asked_at <= now]
        for _, one in found:
            one.asked_at = now + ASKED_EVERY_S
        return [subject for subject, _ in found]

    def lost(self) -> list[str]:
        """Gives up what waited for so long that its webhook is lost rather than late."""
        until = self._clock.monotonic() - LOST_AFTER_S
        gone = [subject for subject, one in self._unheard.items() if one.found <= until]
        for subject in gone:
            del self._unheard[subject]
        return gone

    def _found(self, reading: Reading) -> None:
        """Webhooks of what changed before we took any were refused, and never come again."""
        changed_at = reading.changed_at
        if changed_at is None or changed_at < self._began + self._ahead():
            return
        if reading.resource not in self._broken and len(self._unheard) < _MOST:
            now = self._clock.monotonic()
            found = _Unheard(changed_at, now, now + ASKED_AFTER_S)
            self._unheard.setdefault(reading.subject, found)

    def _heard(self, reading: Reading) -> datetime | None:
        """Since when that webhook was waited for, if it was."""
        waiting = self._unheard.get(reading.subject)
        if waiting is None or (reading.changed_at and reading.changed_at < waiting.changed_at):
            return None
        return self._unheard.pop(reading.subject).changed_at

    def _broke(self, resource: str) -> None:
        """Its webhooks come, but do not say of what: nothing of that kind is waited for until a
        good one comes."""
        self._broken.add(resource)
        for subject in [name for name in self._unheard if name.startswith(f"{resource}/")]:
            del self._unheard[subject]

    def _doubt(self, resource: str) -> None:
        """One of them is gone, and nobody says which: all that are waited for are to be read."""
        for subject, one in self._unheard.items():
            if subject.startswith(f"{resource}/"):
                one.asked_at = self._clock.monotonic()

    def _ahead(self) -> timedelta:
        return self._store_now() - self._clock.now()
