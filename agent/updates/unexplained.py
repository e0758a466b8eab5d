"""Units that went from the store without an order: a bundle or stock plugin, an edit by hand, or a
sale that is not found yet. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

    from agent.model.stock import Base, Snapshot


def taken(snapshots: Iterable[Snapshot]) -> int:
    """Units that orders explain. WooCommerce says what it took for a line a moment after the line
    commits them: the larger of both counts."""
    newest: dict[tuple[int, int], Snapshot] = {}
    for snapshot in snapshots:
        before = newest.get((snapshot.item_id, snapshot.line_id))
        if before is None or before.sequence < snapshot.sequence:
            newest[snapshot.item_id, snapshot.line_id] = snapshot
    return sum(max(snapshot.held, snapshot.units) for snapshot in newest.values())


def found(base: Base, shown: int, taken_now: int, now: datetime, lasts: timedelta) -> Base:
    """What is missing now, ``shown`` being the store's figure: on top of what was missing when the
    base was written. What an order explains later is missing no more. After ``lasts`` the ERP's
    word counts."""
    gap = base.quantity - (taken_now - base.taken) - shown
    units = max(0, base.unexplained + gap)
    since = (base.since or now) if units else None
    if since is not None and now - since >= lasts:
        units = 0
    return replace(base, quantity=shown, taken=taken_now, unexplained=units, since=since)
