"""The newest date of a change that the store showed: from there on the next look reads.

Dates of changes are by the clock of the host that runs PHP; the time that answers tell (``Date``)
is by the clock of the web server, or of what stands before it. Minutes may lie between the two, and
who asks for changes after a time that has not come yet for PHP is told of none. So no clock says
where the next look begins, but what was shown.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from agent.clock import Clock

OVERLAP = timedelta(minutes=2)  # a change has its date before it can be read
MARGIN = timedelta(hours=1)
"""How far behind PHP's clock may be where nothing was shown yet. OAuth 1.0a ends at 15 minutes."""
SETTLED_AFTER_S = 600.0
"""Whatever can be read only that much later has a later date: there is no overlap any more, in
which a bulk change would be read again and again for as long as nothing else happens."""
_SECOND = timedelta(seconds=1)  # what dates are cut to


class HighWater:
    """Of one list. In memory: after a start as much is read again as the margin says."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._newest: datetime | None = None
        self._seen_at = 0.0  # by the monotonic clock
        self._shown: datetime | None = None  # by the look that is under way
        self._since: datetime | None = None
        self._before: tuple[datetime, datetime] | None = None  # began, and read from, the last time
        self._lags: deque[timedelta] = deque(maxlen=2)

    @property
    def behind(self) -> timedelta:
        """At least so far are the dates of changes behind the store's clock; two changes in a row
        must say so, for one alone may have been put in with an old date."""
        return min(self._lags) if len(self._lags) == 2 else timedelta()

    def begin(self, began: datetime, until: datetime) -> datetime:
        """Changes after which date the look is to read that begins now, by the store's clock;
        ``until`` is what the last one came to."""
        self._shown = None
        if self._newest is None or self._newest > began:  # unknown, or of a clock that was put back
            self._since = min(until, began) - MARGIN - OVERLAP
        elif self._clock.monotonic() - self._seen_at < SETTLED_AFTER_S:
            self._since = min(until, self._newest) - OVERLAP
        else:
            self._since = min(until, self._newest)
        return self._since

    def saw(self, changed_at: datetime | None, began: datetime) -> None:
        """The store shows something with that date. One that has not come yet is of a clock that
        is ahead, or was put in by somebody: it says nothing of others."""
        if changed_at is not None and changed_at <= began:
            self._shown = max(changed_at, self._shown or changed_at)

    def end(self, began: datetime) -> datetime:
        """The whole of it was read; until when all is known now."""
        if self._shown is not None and (self._newest is None or self._shown > self._newest):
            if self._before is not None and self._before[1] < self._shown:
                lag = self._before[0] - self._shown - _SECOND
                self._lags.append(max(lag, timedelta()))
            self._newest, self._seen_at = self._shown, self._clock.monotonic()
        if self._since is not None:
            self._before = (began, self._since)
        return began if self._newest is None else min(self._newest, began)
