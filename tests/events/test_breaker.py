from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.events.breaker import Breaker, Permit

OPEN = Breaker().opened(100.0, 5.0, "timeout", refused=False)


@pytest.mark.parametrize(
    ("breaker", "now", "in_flight", "permit"),
    [
        (Breaker(), 0.0, 0, Permit.ALL),
        (Breaker(), 0.0, 4, Permit.ALL),
        (OPEN, 100.0, 0, Permit.NONE),
        (OPEN, 104.9, 0, Permit.NONE),
        (OPEN, 105.0, 0, Permit.PROBE),
        (OPEN, 105.0, 1, Permit.NONE),  # the probe, or a batch sent before: one at a time
        (OPEN, 10**9, 0, Permit.PROBE),
    ],
)
def test_what_may_pass(breaker: Breaker, now: float, in_flight: int, permit: Permit) -> None:
    assert breaker.permits(now, in_flight) is permit


def test_it_remembers_how_often_it_failed_and_the_last_reason() -> None:
    again = OPEN.opened(105.0, 60.0, "http_401", refused=True)
    assert again == Breaker(2, 165.0, "http_401", refused=True)


@given(st.lists(st.floats(0, 4000), min_size=1, max_size=20), st.floats(0, 10**6))
def test_after_any_failures_a_probe_gets_its_turn_once_the_wait_is_over(
    waits: list[float], start: float
) -> None:
    breaker, now = Breaker(), start
    for failures, wait_s in enumerate(waits, start=1):
        breaker = breaker.opened(now, wait_s, "timeout", refused=False)
        assert breaker.failures == failures
        assert wait_s == 0 or breaker.permits(now, 0) is Permit.NONE or now == breaker.until
        now = breaker.until
        assert breaker.permits(now, 0) is Permit.PROBE
        assert breaker.permits(now, 1) is Permit.NONE
