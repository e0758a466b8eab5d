"""How large and how many writing requests the store takes without suffering. Pure.

Additive increase, multiplicative decrease, as TCP shares a line: orders at checkout share the host.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

SMALLEST_BATCH = 10
LONGEST_S = 20.0  # of one request: PHP and proxies give up after 30 s and more
_SLOWER = 2.0  # than it can be
_FORGETS = 1.02  # the best that was seen counts a little less each time
_STEP = 10


@dataclass(frozen=True, slots=True)
class Pace:
    """``batch`` items in a request, ``width`` requests side by side, up to the two limits.

    ``best_s`` is the shortest time for an item that was seen lately, None before the first request.
    """

    most_batch: int
    most_width: int
    batch: int
    width: int
    best_s: float | None = None

    @classmethod
    def first(cls, most_batch: int, most_width: int) -> Pace:
        """Full batches, one at a time."""
        return cls(most_batch, most_width, most_batch, 1)

    def within(self, most_batch: int, most_width: int) -> Pace:
        """The same within other limits: settings may change."""
        if (most_batch, most_width) == (self.most_batch, self.most_width):
            return self
        return replace(
            self,
            most_batch=most_batch,
            most_width=most_width,
            batch=most_batch if self.batch == self.most_batch else min(self.batch, most_batch),
            width=min(self.width, most_width),
        )

    def after(self, items: int, seconds: float) -> Pace:
        """After a request that was answered."""
        each_s = seconds / items
        best_s = each_s if self.best_s is None else min(self.best_s * _FORGETS, each_s)
        if seconds > LONGEST_S or (items >= SMALLEST_BATCH and each_s > best_s * _SLOWER):
            return replace(self._slower(), best_s=best_s)
        if self.batch < self.most_batch:
            return replace(self, batch=min(self.batch + _STEP, self.most_batch), best_s=best_s)
        return replace(self, width=min(self.width + 1, self.most_width), best_s=best_s)

    def failed(self) -> Pace:
        """After a request that was not answered in time, or by something in between."""
        return self._slower()

    def _slower(self) -> Pace:
        if self.width > 1:
            return replace(self, width=self.width // 2)
        return replace(self, batch=max(self.batch // 2, min(SMALLEST_BATCH, self.most_batch)))
