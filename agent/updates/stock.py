"""What a stock figure of the ERP does not know yet: the units of orders that it has not seen. Pure.

A sale that it has not seen is subtracted. A return that it has not seen adds nothing: it may refuse
it, and once it has seen it, its own figure says so.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from agent.model.delivery import State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime, timedelta

    from agent.model.stock import Snapshot
    from agent.model.update import StockUpdate


class Seen(Enum):
    """Whether the figure of an update takes a snapshot into account."""

    CERTAINLY = auto()
    POSSIBLY = auto()
    NOT = auto()


def unseen_units(
    update: StockUpdate,
    fetched_at: datetime,
    snapshots: Iterable[Snapshot],
    *,
    uncertain: timedelta,
) -> int:
    """The units to subtract from ``quantity``, never negative.

    Of each line: the most units it committed since the snapshot that the ERP certainly saw last
    (none: since zero), less the fewest of those that the ERP may have seen last.
    """
    named = _named(update, fetched_at, snapshots := list(snapshots))
    total = 0
    for line in _lines(snapshots):
        most = least = 0
        for snapshot in line:
            seen = saw(update, fetched_at, snapshot, named=named, uncertain=uncertain)
            if seen is Seen.CERTAINLY:
                most = least = snapshot.units
            elif seen is Seen.POSSIBLY:
                least = min(least, snapshot.units)
            most = max(most, snapshot.units)
        total += most - least
    return total


def saw(
    update: StockUpdate,
    fetched_at: datetime,
    snapshot: Snapshot,
    *,
    named: Collection[tuple[str, int]] = (),
    uncertain: timedelta,
) -> Seen:
    """Whether the figure takes it into account; ``named`` are the (order, sequence) that ``seen``
    stands for."""
    if snapshot.order in update.unseen:
        return Seen.NOT
    if snapshot.baseline or (snapshot.order, snapshot.sequence) in named:
        return Seen.CERTAINLY
    doubt = Seen.POSSIBLY if snapshot.doubtful else Seen.NOT
    if snapshot.state != State.ACCEPTED:
        return doubt
    if update.seen_position is not None:
        if snapshot.position is None:
            return Seen.POSSIBLY
        return Seen.CERTAINLY if snapshot.position <= update.seen_position else doubt
    by = update.as_of or fetched_at
    if snapshot.accepted_at is None:
        return Seen.POSSIBLY
    if snapshot.accepted_at < by - uncertain:
        return Seen.CERTAINLY
    return Seen.POSSIBLY if snapshot.accepted_at <= by else doubt


def held_units(snapshots: Iterable[Snapshot]) -> int:
    """Units that WooCommerce has taken out of stock, as far as the newest snapshots tell."""
    return sum(line[-1].held for line in _lines(snapshots))


def committed_units(snapshots: Iterable[Snapshot]) -> int:
    """Units that orders claim, as far as the newest snapshots tell."""
    return sum(line[-1].units for line in _lines(snapshots))


def _named(
    update: StockUpdate, fetched_at: datetime, snapshots: Sequence[Snapshot]
) -> set[tuple[str, int]]:
    """Of each order in ``seen`` the latest snapshot that was accepted by then."""
    by = update.as_of or fetched_at
    latest: dict[str, int] = {}
    for one in snapshots:
        if one.order not in update.seen or one.state != State.ACCEPTED:
            continue
        if one.accepted_at is not None and one.accepted_at <= by:
            latest[one.order] = max(one.sequence, latest.get(one.order, one.sequence))
    return set(latest.items())


def _lines(snapshots: Iterable[Snapshot]) -> list[list[Snapshot]]:
    """The snapshots of each line, oldest first."""
    found: dict[tuple[int, int], list[Snapshot]] = {}
    for snapshot in sorted(snapshots, key=lambda one: one.sequence):
        found.setdefault((snapshot.item_id, snapshot.line_id), []).append(snapshot)
    return list(found.values())
