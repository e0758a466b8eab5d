"""What is missing without an order, and for how long that counts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent.model.delivery import State
from agent.model.stock import Base, Snapshot
from agent.updates import unexplained
from tests.updates.rows import NOW

DAY = timedelta(days=1)
EARLIER = NOW - timedelta(hours=3)


def snapshot(sequence: int, units: int, held: int, line: int = 1) -> Snapshot:
    return Snapshot(sequence, "order/1", line, 10, units, held, State.PENDING)


@pytest.mark.parametrize(
    ("snapshots", "taken"),
    [
        ([], 0),
        ([snapshot(1, 2, 2)], 2),
        ([snapshot(1, 2, 0)], 2),  # the store says a moment later what it took
        ([snapshot(1, 0, 2)], 2),  # trashed: nothing is claimed, and nothing was given back
        ([snapshot(2, 0, 0), snapshot(1, 2, 2)], 0),  # cancelled
        ([snapshot(1, 2, 2), snapshot(1, 3, 3, line=2)], 5),
    ],
)
def test_what_orders_have_taken(snapshots: list[Snapshot], taken: int) -> None:
    assert unexplained.taken(snapshots) == taken


@pytest.mark.parametrize(
    ("base", "shown", "taken", "missing", "since"),
    [
        (Base(18, 4), 18, 4, 0, None),
        (Base(18, 4), 16, 6, 0, None),  # an order took two
        (Base(18, 4), 20, 2, 0, None),  # one was cancelled
        (Base(18, 4), 15, 4, 3, NOW),
        (Base(18, 4), 13, 6, 3, NOW),
        (Base(18, 4), 25, 4, 0, None),  # more than expected is nobody's loss
        (Base(15, 4, 3, EARLIER), 15, 4, 3, EARLIER),
        (Base(15, 4, 3, EARLIER), 14, 4, 4, EARLIER),
        (Base(15, 4, 3, EARLIER), 15, 6, 1, EARLIER),  # a late order explains two of them
        (Base(15, 4, 3, NOW - DAY), 15, 4, 0, NOW - DAY),
    ],
)
def test_what_is_missing_is_neither_shown_nor_taken(
    base: Base, shown: int, taken: int, missing: int, since: object
) -> None:
    found = unexplained.found(base, shown, taken, NOW, DAY)
    assert (found.unexplained, found.since) == (missing, since)
    assert (found.quantity, found.taken) == (shown, taken)
