"""Which days of refunds a report names, where there are more than it has room for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from agent.model.report import NAMED
from agent.reconcile import refund_days

if TYPE_CHECKING:
    from agent.model.report import RefundDay

NEWEST = datetime(2026, 11, 25, 12, tzinfo=UTC)


def days(count: int, *, differs: int) -> tuple[RefundDay, ...]:
    """A refund a day on both sides; of the day ``differs`` days ago the gateway has none."""
    store, gateway = refund_days.Sums(), refund_days.Sums()
    for ago in range(count):
        store.add(NEWEST - timedelta(days=ago), "EUR", "5.00")
        if ago != differs:
            gateway.add(NEWEST - timedelta(days=ago), "EUR", "5.00")
    return refund_days.compared(store, gateway)


def test_a_day_that_differs_is_named_however_old_it_is() -> None:
    found = days(NAMED + 50, differs=NAMED + 20)
    named = refund_days.named(found)
    assert len(named) == NAMED
    assert named == (*found[: NAMED - 1], found[NAMED + 20])
    assert not refund_days.agree(named)


def test_all_are_named_where_there_is_room() -> None:
    found = days(3, differs=1)
    assert refund_days.named(found) == found
