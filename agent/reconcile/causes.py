"""Why does the store show another figure than it should? Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from agent.model.report import DriftCause

if TYPE_CHECKING:
    from datetime import datetime

_OPEN = frozenset({"pending", "waiting", "held"})
_NOT_APPLIED = frozenset({"failed", "would_apply"})
_SECOND = timedelta(seconds=2)  # the store's dates have no fractions


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a figure: ``state`` of the newest update of its kind and SKU (None: so long
    ago that it is not kept), when we last wrote to the product, how far the store's clock is ahead
    of ours, and whether a figure that is too low is marked: that is our own write, and something
    became known since."""

    state: str | None
    written_at: datetime | None
    ahead: timedelta = timedelta()
    is_marked: bool = False


def is_not_applied(state: str) -> bool:
    """Whether an update in that state says what the store should show, and does not."""
    return state in ("failed", "held")


def of(standing: Standing, changed_at: datetime | None) -> DriftCause:
    """``changed_at`` is when the store says that the product was saved last, by its clock."""
    if standing.state in _OPEN:
        return DriftCause.ERP_NEWER
    if standing.state in _NOT_APPLIED:
        return DriftCause.NEVER_APPLIED
    if standing.is_marked:
        return DriftCause.ERP_NEWER
    if changed_at is None or standing.written_at is None:
        return DriftCause.CHANGED_IN_STORE
    if changed_at > standing.written_at + standing.ahead + _SECOND:
        return DriftCause.CHANGED_IN_STORE
    return DriftCause.WRITTEN_BY_OTHERS
