"""Slower answers make fewer and smaller requests, good ones more and larger again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.updates.pace import LONGEST_S, SMALLEST_BATCH, Pace


def after(pace: Pace, *seconds_an_item: float) -> Pace:
    for each in seconds_an_item:
        pace = pace.after(pace.batch, each * pace.batch)
    return pace


def test_it_begins_with_one_full_batch() -> None:
    assert (Pace.first(100, 4).batch, Pace.first(100, 4).width) == (100, 1)


def test_steady_answers_widen_it_to_the_limit() -> None:
    assert after(Pace.first(100, 3), *[0.02] * 5).width == 3


def test_slower_answers_narrow_it_first_and_then_make_batches_smaller() -> None:
    pace = after(Pace.first(100, 4), *[0.02] * 4)
    sizes = [(pace.width, pace.batch)]
    for _ in range(4):
        pace = after(pace, 0.07)
        sizes.append((pace.width, pace.batch))
    assert sizes == [(4, 100), (2, 100), (1, 100), (1, 50), (1, 25)]


def test_it_grows_again_step_by_step_when_the_store_is_well() -> None:
    pace = after(Pace.first(100, 2), 0.02, 0.07, 0.07, 0.07)
    assert pace.batch < 100
    grown = [(pace := after(pace, 0.02)).batch for _ in range(12)]
    assert grown == sorted(grown)
    assert grown[-1] == 100


def test_a_host_that_became_slow_for_good_is_not_starved_for_ever() -> None:
    pace = after(Pace.first(100, 1), 0.02, *[0.06] * 80)
    assert pace.batch == 100


def test_no_request_takes_longer_than_php_lives() -> None:
    pace = Pace.first(100, 1).after(100, LONGEST_S + 1)
    assert pace.batch == 50


def test_a_request_that_failed_makes_the_next_one_smaller() -> None:
    assert Pace.first(100, 1).failed().batch == 50


def test_other_settings_are_taken_up() -> None:
    pace = Pace.first(100, 2).within(20, 1)
    assert (pace.batch, pace.width) == (20, 1)
    assert pace.within(100, 2).batch == 100


@given(
    st.integers(1, 100),
    st.integers(1, 8),
    st.lists(st.floats(0.0001, 30) | st.none(), max_size=60),
)
def test_it_stays_within_its_limits(
    most_batch: int, most_width: int, requests: list[float | None]
) -> None:
    pace = Pace.first(most_batch, most_width)
    for seconds in requests:
        pace = pace.failed() if seconds is None else pace.after(pace.batch, seconds)
        assert min(SMALLEST_BATCH, most_batch) <= pace.batch <= most_batch
        assert 1 <= pace.width <= most_width
