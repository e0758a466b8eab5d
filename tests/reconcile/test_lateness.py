"""How late the store is: by what its webhooks took, and by what none told of."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from agent.model.delivery import Judged, Reading, Verdict
from agent.reconcile import lateness
from agent.reconcile.lateness import Lateness
from tests.clock import FakeClock

MINUTE = 60.0


class Line:
    """What is judged, at a time that the test moves; the store's clock may differ from ours."""

    def __init__(self, *, store_ahead_s: float = 0.0) -> None:
        self.clock = FakeClock()
        self._ahead = timedelta(seconds=store_ahead_s)
        self.lateness = Lateness(store_now=self.store_now, clock=self.clock)

    def store_now(self) -> datetime:
        return self.clock.now() + self._ahead

    def heard(
        self,
        subject: str = "order/1",
        *,
        ago_s: float | None = 0.0,
        verdict: Verdict = Verdict.EVENT,
        **reading: Any,
    ) -> float | None:
        """A webhook of what changed so long ago."""
        changed_at = None if ago_s is None else self.store_now() - timedelta(seconds=ago_s)
        given = {"subject": subject, "resource": subject.partition("/")[0], **reading}
        said = Reading(changed_at=changed_at, **given)
        return self.lateness.judged(Judged(1, verdict, said), self.clock.now())

    def found(self, subject: str = "order/1", *, ago_s: float = 0.0, **more: Any) -> None:
        """Reading it over REST showed that it changed so long ago."""
        assert self.heard(subject, ago_s=ago_s, read_after=7, **more) is None


@pytest.mark.parametrize("ahead", [0.0, 3600.0, -3600.0])
def test_a_lag_is_from_the_change_to_the_webhook_by_the_clock_of_the_store(ahead: float) -> None:
    line = Line(store_ahead_s=ahead)
    assert line.heard(ago_s=90.0) == 90.0
    assert line.lateness.late_s() == 90.0


@pytest.mark.parametrize(
    "webhook",
    [
        {"verdict": Verdict.DUPLICATE},
        {"verdict": Verdict.ECHO},
        {"verdict": Verdict.STALE},
        {"verdict": Verdict.FOREIGN_SOURCE, "resource": ""},
        {"verdict": Verdict.ERROR_BODY},
        {"ago_s": None},
        {"deletion": True},
        {"resource": "refund"},
        {"resource": "store"},
        {"read_after": 7, "verdict": Verdict.STALE},
    ],
)
def test_what_tells_of_no_change_has_no_lag(webhook: dict[str, Any]) -> None:
    line = Line()
    assert line.heard(**{"ago_s": 600.0, **webhook}) is None
    assert line.lateness.late_s() == 0.0


def test_a_store_whose_clock_is_ahead_of_what_it_told_is_not_early() -> None:
    assert Line().heard(ago_s=-1.0) == 0.0


def test_one_outlier_makes_no_late_store() -> None:
    line = Line()
    for ago_s in (5.0, 900.0, 4.0):
        line.heard(ago_s=ago_s)
    assert line.lateness.late_s() == 5.0


def test_lags_are_forgotten_after_a_while() -> None:
    line = Line()
    line.heard(ago_s=900.0)
    line.clock.advance(lateness.WINDOW_S)
    assert line.lateness.late_s() == 900.0
    line.clock.advance(1)
    assert line.lateness.late_s() == 0.0


def test_a_store_that_sends_nothing_is_as_late_as_the_oldest_change_that_was_read() -> None:
    line = Line()
    line.clock.advance(MINUTE)
    line.found("order/1", ago_s=20.0)
    line.found("order/2")
    assert (line.lateness.late_s(), line.lateness.unheard) == (20.0, 2)
    line.clock.advance(300)
    line.found("order/1")  # once more: it waits since the first
    assert (line.lateness.late_s(), line.lateness.unheard) == (320.0, 2)


@pytest.mark.parametrize("verdict", [Verdict.DUPLICATE, Verdict.ECHO, Verdict.EVENT, Verdict.STALE])
def test_the_webhook_that_comes_after_all_counts_with_the_time_it_took(verdict: Verdict) -> None:
    line = Line()
    line.found()
    line.clock.advance(300)
    assert line.heard(ago_s=10.0, verdict=verdict) == 300.0  # changed twice, told of once
    assert (line.lateness.late_s(), line.lateness.unheard) == (300.0, 0)


def test_so_does_that_of_its_deletion() -> None:
    line = Line()
    line.found()
    line.clock.advance(300)
    assert line.heard(ago_s=None, deletion=True) == 300.0
    assert line.lateness.unheard == 0


def test_a_webhook_of_an_older_change_is_not_the_one_that_is_waited_for() -> None:
    line = Line()
    line.clock.advance(MINUTE)
    line.found()
    assert line.heard(ago_s=30.0, verdict=Verdict.STALE) is None
    assert line.heard("order/2", verdict=Verdict.DUPLICATE) is None
    assert line.lateness.unheard == 1


@pytest.mark.parametrize("ahead", [0.0, 3600.0, -3600.0])
def test_what_changed_before_the_agent_took_webhooks_is_not_waited_for(ahead: float) -> None:
    line = Line(store_ahead_s=ahead)
    line.clock.advance(MINUTE)
    line.found("order/1", ago_s=61.0)
    assert line.lateness.unheard == 0
    line.found("order/2", ago_s=59.0)
    assert line.lateness.unheard == 1


@pytest.mark.parametrize(
    "read",
    [
        {"verdict": Verdict.DUPLICATE},
        {"verdict": Verdict.DRAFT},
        {"resource": "refund"},
        {"resource": "store"},
    ],
)
def test_what_is_read_and_no_news_or_has_no_webhook_is_not_waited_for(read: dict[str, Any]) -> None:
    line = Line()
    line.found(**read)
    assert line.lateness.unheard == 0


def test_error_objects_tell_of_something_so_nothing_of_their_kind_is_late() -> None:
    line = Line()
    line.found("order/1")
    line.found("product/10")
    line.heard("", resource="order", verdict=Verdict.ERROR_BODY)
    line.found("order/2")
    assert line.lateness.unheard == 1
    line.heard("order/3")
    line.found("order/4")
    assert line.lateness.unheard == 2


def test_what_waits_for_an_hour_is_lost_rather_than_late() -> None:
    line = Line()
    line.found("order/1")
    line.clock.advance(lateness.LOST_AFTER_S - 1)
    line.found("order/2", ago_s=3000.0)  # the store could not be read before
    assert line.lateness.lost() == []
    line.clock.advance(1)
    assert line.lateness.lost() == ["order/1"]
    assert line.lateness.lost() == []
    assert line.lateness.unheard == 1


def test_what_is_kept_is_bounded_and_the_oldest_is_in_it() -> None:
    line = Line()
    line.found("order/0")
    line.clock.advance(600)
    for number in range(1, 3 * lateness._MOST):
        line.found(f"order/{number}")
        line.heard(f"product/{number}")
    assert line.lateness.unheard == lateness._MOST == len(line.lateness._lags)
    assert line.lateness.late_s() == 600.0


@pytest.mark.parametrize("verdict", [Verdict.EVENT, Verdict.DUPLICATE])
def test_what_is_found_to_be_gone_is_not_waited_for(verdict: Verdict) -> None:
    line = Line()
    line.found("order/1")
    line.found("order/2")
    line.heard("order/1", ago_s=None, read_after=9, deletion=True, verdict=verdict)
    assert line.lateness.unheard == 1
    line.heard("order/2", ago_s=None, read_after=9, deletion=True, verdict=Verdict.STALE)
    assert line.lateness.unheard == 1, "another body came while it was read"


def test_what_may_be_gone_is_asked_for_now_and_then_and_after_each_body_of_one_that_is() -> None:
    line = Line()
    gone: dict[str, Any] = {"resource": "order", "verdict": Verdict.ERROR_BODY, "gone": True}
    line.found("order/1")
    line.found("product/10")
    assert line.lateness.doubtful() == []
    assert line.heard("", **gone) is None
    assert line.lateness.doubtful() == ["order/1"]
    line.found("order/2")
    assert line.lateness.doubtful() == []
    line.clock.advance(lateness.ASKED_AFTER_S)
    assert line.lateness.doubtful() == ["product/10", "order/2"]
    assert line.lateness.doubtful() == []
    line.heard("", **gone)
    assert line.lateness.doubtful() == ["order/1", "order/2"]
    assert line.lateness.unheard == 3, "it is not known yet which of them is gone"
    line.heard("order/1")
    line.clock.advance(lateness.ASKED_EVERY_S - 1)
    assert line.lateness.doubtful() == []
    line.clock.advance(1)
    assert line.lateness.doubtful() == ["product/10", "order/2"]
