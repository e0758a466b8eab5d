"""Does the ERP's figure take a snapshot of an order into account? Pure.

A figure is judged by the journal of the gateway that it was read in, and for one figure knowledge
only grows: what it has certainly seen it has always seen.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import Enum, auto

from agent.model.delivery import State
from agent.model.stock import Snapshot
from agent.model.update import AtSequence, StockUpdate


class Seen(Enum):
    """Whether the figure of an update takes a snapshot into account."""

    CERTAINLY = auto()
    POSSIBLY = auto()
    NOT = auto()


def of(
    update: StockUpdate,
    fetched_at: datetime,
    snapshot: Snapshot,
    *,
    named: Collection[tuple[str, int]] = (),
    uncertain: timedelta,
) -> Seen:
    """Whether the figure takes it into account; ``snapshot`` is as the figure's journal has it,
    ``named`` are the (order, sequence) that ``seen`` stands for."""
    if names(update.unseen, snapshot):
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
    return Seen.POSSIBLY if snapshot.accepted_at <= by or snapshot.time_is_bound else doubt


def named(
    update: StockUpdate, fetched_at: datetime, snapshots: Sequence[Snapshot]
) -> set[tuple[str, int]]:
    """The snapshots that ``seen`` names, and of each order that it names without one the latest
    that was accepted by then."""
    by = update.as_of or fetched_at
    latest: dict[str, int] = {}
    exact = {(one.subject, one.sequence) for one in update.seen if isinstance(one, AtSequence)}
    for one in snapshots:
        if one.order not in update.seen or one.state != State.ACCEPTED:
            continue
        if one.accepted_at is not None and one.accepted_at <= by:
            latest[one.order] = max(one.sequence, latest.get(one.order, one.sequence))
    return exact | set(latest.items())


def names(subjects: Sequence[str | AtSequence], snapshot: Snapshot) -> bool:
    """Whether one of those is the snapshot's order, or that snapshot of it."""
    return (
        snapshot.order in subjects
        or AtSequence(subject=snapshot.order, sequence=snapshot.sequence) in subjects
    )
