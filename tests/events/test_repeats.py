"""Write loops: who is saved again and again without a change."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent.events import repeats
from agent.events.repeats import Repeats
from tests.events.fakes import AT

MOST = 5


def fire(
    seen: Repeats, times: int, *, every_s: float, content: bytes = b"A", at_s: float = 0
) -> int:
    """The same body so many times; how many alarms began."""
    return sum(
        seen.seen("product/10", content, AT + timedelta(seconds=at_s + n * every_s), MOST)
        for n in range(times)
    )


@pytest.mark.parametrize(
    ("times", "every_s", "alarms"),
    [(5, 1.0, 0), (6, 1.0, 1), (100, 1.0, 1), (6, 12.0, 1), (100, 12.1, 0)],
)
def test_more_than_so_many_in_a_minute_is_one_alarm(
    times: int, every_s: float, alarms: int
) -> None:
    seen = Repeats()
    assert fire(seen, times, every_s=every_s) == alarms
    now = AT + timedelta(seconds=times * every_s)
    assert seen.loops(now) == (["product/10"] if alarms else [])


def test_content_that_changes_is_no_loop() -> None:
    """Echoes of our own writes, each with other figures."""
    seen = Repeats()
    for n in range(100):
        assert fire(seen, MOST, every_s=0.1, content=b"%d" % n, at_s=n) == 0


def test_an_event_between_starts_anew_though_the_content_comes_back() -> None:
    seen = Repeats()
    for n in range(100):
        assert fire(seen, MOST, every_s=0.1, at_s=n) == 0
        seen.changed("product/10")


def test_an_alarm_ends_when_it_was_calm_for_a_while_and_can_begin_again() -> None:
    seen = Repeats()
    assert fire(seen, 10, every_s=1.0) == 1
    assert seen.loops(AT + repeats.CALM_AFTER) == ["product/10"]
    later = repeats.CALM_AFTER.total_seconds() + 10
    assert seen.loops(AT + timedelta(seconds=later)) == []
    assert fire(seen, 10, every_s=1.0, at_s=later) == 1


def test_a_clock_that_jumps_back_raises_no_false_alarm_and_hides_no_true_one() -> None:
    seen = Repeats()
    assert fire(seen, MOST, every_s=1.0) == 0
    assert fire(seen, 1, every_s=1.0, at_s=-3600) == 0
    assert fire(seen, MOST, every_s=1.0, at_s=-3599) == 1


def test_what_is_kept_is_bounded_and_the_loop_stays_in_it() -> None:
    seen = Repeats()
    for n in range(10 * repeats._MOST_SUBJECTS):
        seen.seen(f"order/{n}", b"A", AT, MOST)
        if n % 100 == 0:
            seen.seen("product/10", b"A", AT, MOST)
    assert len(seen._subjects) == repeats._MOST_SUBJECTS
    assert seen.loops(AT) == ["product/10"]
