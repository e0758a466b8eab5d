"""The store's cron is woken while webhooks are late: at most once a minute, and not if told so."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from agent import errors, metrics
from agent.model.delivery import Judged, Reading, Verdict
from agent.reconcile import lateness, waking
from agent.reconcile.lateness import Lateness
from agent.reconcile.waking import Waking
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class Line:
    """A store whose cron may refuse, and what was read of it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.on, self.answers = True, True
        self.trouble: errors.StoreError | None = None
        self.woken: list[float] = []
        self.lateness = Lateness(store_now=self.clock.now, clock=self.clock)
        self.asked: list[tuple[float, list[str]]] = []
        self.waking = Waking(
            self.lateness, self, on=lambda: self.on, ask=self.ask, clock=self.clock
        )

    async def ask(self, subjects: Sequence[str]) -> None:
        self.asked.append((self.clock.monotonic(), [*subjects]))

    async def wake_cron(self) -> bool:
        self.woken.append(self.clock.monotonic())
        if self.trouble is not None:
            raise self.trouble
        return self.answers

    def judged(self, subject: str, changed_at: datetime, read_after: int | None) -> None:
        reading = Reading(
            subject=subject, resource="order", changed_at=changed_at, read_after=read_after
        )
        self.lateness.judged(Judged(1, Verdict.EVENT, reading), self.clock.now())

    def found(self, subject: str) -> None:
        self.judged(subject, self.clock.now(), 7)

    async def go_on(self, seconds: float) -> None:
        """Looks as often as it wants to."""
        until = self.clock.monotonic() + seconds
        while self.clock.monotonic() < until:
            self.clock.advance(await self.waking.run_once())


@pytest.fixture
def line() -> Line:
    return Line()


async def test_a_store_in_time_is_left_alone(line: Line) -> None:
    line.found("order/1")
    line.judged("order/2", line.clock.now() - timedelta(seconds=waking.LATE_S), None)
    assert await line.waking.run_once() == waking.LOOK_EVERY_S
    await line.go_on(waking.LATE_S)
    assert line.woken == []


async def test_it_is_woken_once_a_minute_until_the_webhook_comes(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    line.found("order/1")
    await line.go_on(300)
    assert line.woken == [70.0, 130.0, 190.0, 250.0]
    line.judged("order/1", line.clock.now(), None)
    await line.go_on(lateness.WINDOW_S)  # the lag is the store's pace for a while
    woken = len(line.woken)
    await line.go_on(600)
    assert len(line.woken) == woken
    assert caplog.messages == [
        "webhooks are 70 s late, the store's cron is woken",
        "the store's webhooks come in time again",
    ]


async def test_lags_wake_it_too(line: Line) -> None:
    line.judged("order/1", line.clock.now() - timedelta(seconds=61), None)
    await line.go_on(10)
    assert line.woken == [0.0]


async def test_it_can_be_switched_off_and_on_while_running(line: Line) -> None:
    line.on = False
    line.found("order/1")
    await line.go_on(300)
    assert line.woken == []
    line.on = True
    await line.go_on(10)
    assert line.woken == [300.0]


async def test_a_cron_that_refuses_is_named_until_it_does_not(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    line.trouble = errors.StoreUnavailableError("wp-cron.php answers 403", hint="")
    line.found("order/1")
    await line.go_on(300)
    assert len(line.woken) == 4
    assert line.waking.trouble == "wp-cron.php answers 403"
    assert caplog.messages == ["the store's cron can't be woken: wp-cron.php answers 403"]
    line.trouble = None
    await line.go_on(60)
    assert line.waking.trouble == ""


async def test_nothing_is_said_of_a_refusal_once_it_is_switched_off(line: Line) -> None:
    line.trouble = errors.StoreUnavailableError("wp-cron.php answers 403", hint="")
    line.found("order/1")
    await line.go_on(100)
    line.on = False
    await line.go_on(10)
    assert line.waking.trouble == ""


async def test_a_webhook_that_is_lost_wakes_it_for_an_hour_and_is_counted(line: Line) -> None:
    before = metrics.WEBHOOKS_LOST._value.get()
    line.found("order/1")
    line.found("order/2")
    await line.go_on(lateness.LOST_AFTER_S + 20)
    woken = len(line.woken)
    assert woken == 59
    await line.go_on(3600)
    assert len(line.woken) == woken
    assert metrics.WEBHOOKS_LOST._value.get() == before + 2


async def test_calls_are_counted_by_how_they_ended(line: Line) -> None:
    def counted() -> list[float]:
        outcomes = ("answered", "no_answer", "refused")
        return [metrics.CRON_WAKES.labels(outcome)._value.get() for outcome in outcomes]

    before = counted()
    line.found("order/1")
    await line.go_on(80)
    line.answers = False
    await line.go_on(60)
    line.trouble = errors.StoreUnavailableError("wp-cron.php answers 500", hint="")
    await line.go_on(60)
    assert [now - then for now, then in zip(counted(), before, strict=True)] == [1, 1, 1]


async def test_what_is_waited_for_is_read_again_before_the_cron_is_blamed(
    line: Line,
) -> None:
    line.found("order/1")
    line.found("order/2")
    await line.go_on(20)
    line.judged("order/2", line.clock.now(), None)
    line.found("order/3")
    await line.go_on(200)
    assert line.asked == [(30.0, ["order/1"]), (50.0, ["order/3"])]
    assert line.woken[0] > 50.0
