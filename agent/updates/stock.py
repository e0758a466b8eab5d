"""What a stock figure of the ERP does not know yet: the units of orders that it has not seen. Pure.

A sale that it has not seen is subtracted. A return that it has not seen adds nothing: it may refuse
it, and once it has seen it, its own figure says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.model import seen
from agent.model.seen import Seen
from agent.model.stock import Snapshot
from agent.model.update import StockUpdate


@dataclass(frozen=True, slots=True)
class Unseen:
    """The ``units`` to subtract from ``quantity``, never negative. ``is_doubtful``: they would be
    others if all that the ERP may have seen were known to be seen, or known not to be."""

    units: int = 0
    is_doubtful: bool = False


def unseen(
    update: StockUpdate,
    fetched_at: datetime,
    snapshots: Iterable[Snapshot],
    *,
    uncertain: timedelta,
) -> Unseen:
    """Of each line: the most units it committed since the snapshot that the ERP certainly saw last
    (none: since zero), less the fewest of those that the ERP may have seen last."""
    named = seen.named(update, fetched_at, snapshots := list(snapshots))
    units, is_doubtful = 0, False
    for line in _lines(snapshots):
        story = [
            (one.units, seen.of(update, fetched_at, one, named=named, uncertain=uncertain))
            for one in line
        ]
        missing = _spread(story)
        units += missing
        is_doubtful |= any(
            _spread([(n, end if how is Seen.POSSIBLY else how) for n, how in story]) != missing
            for end in (Seen.CERTAINLY, Seen.NOT)
        )
    return Unseen(units, is_doubtful)


def unseen_units(
    update: StockUpdate,
    fetched_at: datetime,
    snapshots: Iterable[Snapshot],
    *,
    uncertain: timedelta,
) -> int:
    """The units of ``unseen``."""
    return unseen(update, fetched_at, snapshots, uncertain=uncertain).units


def held_units(snapshots: Iterable[Snapshot]) -> int:
    """Units that WooCommerce has taken out of stock, as far as the newest snapshots tell."""
    return sum(line[-1].held for line in _lines(snapshots))


def committed_units(snapshots: Iterable[Snapshot]) -> int:
    """Units that orders claim, as far as the newest snapshots tell."""
    return sum(line[-1].units for line in _lines(snapshots))


def _spread(story: Sequence[tuple[int, Seen]]) -> int:
    most = least = 0
    for units, how in story:
        if how is Seen.CERTAINLY:
            most = least = units
        elif how is Seen.POSSIBLY:
            least = min(least, units)
        most = max(most, units)
    return most - least


def _lines(snapshots: Iterable[Snapshot]) -> list[list[Snapshot]]:
    """The snapshots of each line, oldest first."""
    found: dict[tuple[int, int], list[Snapshot]] = {}
    for snapshot in sorted(snapshots, key=lambda one: one.sequence):
        found.setdefault((snapshot.item_id, snapshot.line_id), []).append(snapshot)
    return list(found.values())
