"""A look reads from before the last one on, and ends when what it found is judged."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from agent import errors
from agent.reconcile.high_water import MARGIN, OVERLAP
from agent.reconcile.order_look import OrderLook
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable


class Line:
    """An outbox whose judge waits to be told, and a store whose clock may differ from ours."""

    def __init__(self, *, store_ahead: timedelta = timedelta()) -> None:
        self.clock = FakeClock()
        self.until: datetime | None = None
        self.asked: list[datetime] = []
        self.dates: list[datetime] = []
        self.judged_until = 100
        self.stored, self.judged = asyncio.Event(), asyncio.Event()
        self.trouble: errors.StoreError | None = None
        self.look = OrderLook(
            self,
            self,
            store_now=lambda: self.clock.now() + store_ahead,
            clock=self.clock,
            stored=self.stored,
            judged=self.judged,
        )

    async def looked_until(self) -> datetime | None:
        return self.until

    async def look_ended(self, until: datetime) -> None:
        self.until = until

    async def is_judged(self, sequence: int) -> bool:
        return self.judged_until >= sequence

    async def news(
        self, resource: str, since: datetime, saw: Callable[[datetime | None], None]
    ) -> int:
        assert resource == "order"
        self.asked.append(since)
        for at in self.dates:
            saw(at)
        self.clock.advance(30)  # reading takes its time
        if self.trouble is not None:
            raise self.trouble
        return 107


async def test_it_ends_when_what_it_found_is_judged() -> None:
    line = Line()
    looking = asyncio.create_task(line.look.look())
    await line.clock.sleeping()
    assert line.stored.is_set()
    assert line.until is None
    line.judged_until = 107
    line.judged.set()
    await looking
    assert line.until == line.clock.now() - timedelta(seconds=30)  # when it began


async def test_it_reads_from_the_newest_date_that_was_shown_on_and_a_little_before() -> None:
    line = Line()
    line.judged_until = 107
    first = line.clock.now()
    newest = first - timedelta(minutes=20)
    line.dates = [newest, newest - timedelta(seconds=1), first + timedelta(seconds=1)]
    await line.look.look()
    assert line.until == newest
    line.clock.advance(500)
    line.dates = [newest]
    await line.look.look()
    assert line.asked == [first - MARGIN - OVERLAP, newest - OVERLAP]


async def test_where_nothing_was_shown_the_clock_that_dates_changes_may_be_far_behind() -> None:
    line = Line()
    line.judged_until = 107
    await line.look.look()
    line.clock.advance(7200)
    began = line.clock.now()
    line.until = began
    await line.look.look()
    assert line.asked[-1] == began - MARGIN - OVERLAP


async def test_what_a_look_that_failed_has_shown_does_not_count() -> None:
    """Pages come by id: what was shown last says nothing of what was not."""
    line = Line()
    line.until = place = line.clock.now() - timedelta(hours=3)
    line.dates = [line.clock.now() - timedelta(minutes=1)]
    line.trouble = errors.StoreUnavailableError("away", hint="")
    with pytest.raises(errors.StoreUnavailableError):
        await line.look.look()
    line.trouble, line.judged_until, line.dates = None, 107, []
    await line.look.look()
    assert line.asked == [place - MARGIN - OVERLAP] * 2


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(hours=-1)])
async def test_the_earlier_of_both_clocks_counts(ahead: timedelta) -> None:
    line = Line(store_ahead=ahead)
    line.judged_until = 107
    began = line.clock.now()
    await line.look.look()
    assert line.until == min(began, began + ahead)


async def test_a_place_that_lies_ahead_of_a_clock_put_back_is_not_used() -> None:
    line = Line()
    line.judged_until = 107
    line.until = line.clock.now() + timedelta(hours=1)
    began = line.clock.now()
    await line.look.look()
    assert line.asked == [began - MARGIN - OVERLAP]


async def test_a_look_that_failed_leaves_the_place_where_it_was() -> None:
    line = Line()
    line.until = place = line.clock.now() - timedelta(hours=1)
    line.trouble = errors.StoreUnavailableError("away", hint="")
    with pytest.raises(errors.StoreUnavailableError):
        await line.look.look()
    assert line.until == place
