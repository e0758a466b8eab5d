"""Whatever the clock says by which changes are dated, each of them is read."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.reconcile.high_water import MARGIN, OVERLAP, SETTLED_AFTER_S, HighWater
from tests.clock import FakeClock


class Shop:
    """Changes by PHP's clock, looks by the web server's."""

    def __init__(self, behind: timedelta) -> None:
        self.clock = FakeClock()
        self.behind = behind
        self.mark = HighWater(clock=self.clock)
        self.until = self.clock.now()
        self.changes: list[datetime] = []
        self.read: set[datetime] = set()
        self.shown = 0

    def change(self) -> None:
        self.changes.append((self.clock.now() - self.behind).replace(microsecond=0))

    def look(self) -> None:
        began = self.clock.now()
        since = self.mark.begin(began, self.until)
        found = [at for at in self.changes if at > since.replace(microsecond=0)]
        for at in found:
            self.mark.saw(at, began)
        self.shown = len(found)
        self.read.update(found)
        self.until = self.mark.end(began)

    def restart(self) -> None:
        self.mark = HighWater(clock=self.clock)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["change", "look", "look", "restart"]),
        st.sampled_from([1, 20, 60, 119, 300, 700, 5000]),
    ),
    max_size=30,
)


@given(STEPS, st.integers(-3600, int(MARGIN.total_seconds())))
def test_no_change_is_missed_however_the_clocks_differ(
    steps: list[tuple[str, int]], behind_s: int
) -> None:
    shop = Shop(timedelta(seconds=behind_s))
    shop.look()
    for what, then_s in steps:
        getattr(shop, what)()
        shop.clock.advance(then_s)
    shop.look()
    assert shop.read == set(shop.changes)


def test_minutes_behind_as_seen_on_a_shop_behind_another_machine() -> None:
    """PHP's 21:13:42 is 21:18:42 for the web server, which looks have long passed."""
    shop = Shop(timedelta(minutes=5))
    for _ in range(3):
        shop.look()
        shop.clock.advance(60)
    for number in range(1, 4):
        shop.change()
        shop.clock.advance(20)
        shop.look()
        assert len(shop.read) == number
        shop.clock.advance(40)
    assert timedelta(minutes=4) < shop.mark.behind <= timedelta(minutes=5)


@pytest.mark.parametrize("behind_s", [0, 1, -600])
def test_clocks_that_agree_or_are_ahead_are_not_called_behind(behind_s: int) -> None:
    shop = Shop(timedelta(seconds=behind_s))
    for _ in range(20):
        shop.change()
        shop.clock.advance(60)
        shop.look()
    assert shop.mark.behind <= timedelta(seconds=1)


def test_one_change_with_an_old_date_says_nothing_of_the_clock() -> None:
    shop = Shop(timedelta())
    for old in (timedelta(), timedelta(minutes=30), timedelta()):
        shop.clock.advance(3600)
        shop.look()
        shop.changes.append(shop.clock.now() - old)
        shop.clock.advance(1)
        shop.look()
        assert shop.mark.behind <= timedelta(seconds=1)


def test_a_bulk_change_is_not_read_for_ever() -> None:
    shop = Shop(timedelta())
    for _ in range(500):
        shop.change()
    shop.clock.advance(1)
    shop.look()
    assert shop.shown == 500
    shop.clock.advance(60)
    shop.look()
    assert shop.shown == 500  # another host's clock may be behind by less than the overlap
    shop.clock.advance(SETTLED_AFTER_S)
    shop.look()
    assert shop.shown == 0
    shop.change()
    shop.clock.advance(OVERLAP.total_seconds())
    shop.look()
    assert shop.shown == 1
