"""The loop that gives every stored webhook its verdict."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agent import metrics
from agent.events import judge
from agent.model.delivery import Judgement, Known, Reading, Received, Verdict, Webhook
from tests.clock import FakeClock
from tests.events import fakes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    import pytest

    from agent.model.delivery import Judged


def _read(row: Received) -> Reading:
    subject = f"order/{row.sequence % 2}"
    return Reading("retail.order.snapshot.v1", subject, subject, digest=row.webhook.body)


class Stored:
    """Rows without a verdict, and a register."""

    def __init__(self, *bodies: bytes) -> None:
        self.rows = [
            Received(n, f"id-{n}", Webhook(fakes.AT, "order.updated", "", "3", "d", body))
            for n, body in enumerate(bodies)
        ]
        self.register: dict[str, Known] = {}
        self.verdicts: dict[int, Verdict] = {}
        self.asked: list[Sequence[str]] = []
        self.fails = False
        self.all_judged = asyncio.Event()

    async def unjudged(self, most: int) -> list[Received]:
        if self.fails:
            self.fails = False
            raise fakes.storage_error()
        return [row for row in self.rows if row.sequence not in self.verdicts][:most]

    async def judge(
        self, subjects: Sequence[str], decide: Callable[[Mapping[str, Known]], Judgement]
    ) -> Judgement:
        self.asked.append(subjects)
        judgement = decide({s: self.register[s] for s in subjects if s in self.register})
        self.register |= judgement.learned
        self.verdicts |= {row.sequence: row.verdict for row in judgement.judged}
        if len(self.verdicts) == len(self.rows):
            self.all_judged.set()
        return judgement


class Court:
    """A judge, and the signals around it."""

    def __init__(self, outbox: Stored) -> None:
        self.clock, self.stored, self.judged = FakeClock(), asyncio.Event(), asyncio.Event()
        self.asked = asyncio.Event()
        self.judge = judge.Judge(
            outbox,
            _read,
            version=6,
            max_repeats=lambda: 30,
            clock=self.clock,
            stored=self.stored,
            asked=self.asked,
            judged=self.judged,
        )


async def test_verdicts_are_given_in_order_and_the_forwarder_is_told() -> None:
    outbox = Stored(b"A", b"A", b"A", b"B", b"A")
    court = Court(outbox)
    assert await court.judge.run_once() == 0.0
    assert [outbox.verdicts[n] for n in range(5)] == [
        "event",
        "event",
        "duplicate",
        "event",
        "duplicate",
    ]
    assert outbox.asked == [["order/0", "order/1"]]
    assert {known.version for known in outbox.register.values()} == {6}
    assert court.judged.is_set()
    assert not court.asked.is_set()


async def test_questions_for_the_store_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    court = Court(Stored(b"A"))
    broken = Reading(verdict=Verdict.ERROR_BODY, resource="order")
    monkeypatch.setattr(court.judge, "_read", lambda _: broken)
    await court.judge.run_once()
    assert court.asked.is_set()


async def test_with_nothing_to_do_it_rests_and_tells_nobody() -> None:
    court = Court(Stored())
    assert await court.judge.run_once() == judge.IDLE_S
    assert not court.judged.is_set()


async def test_it_works_in_batches_so_that_webhooks_are_answered_in_between() -> None:
    outbox = Stored(*[b"A"] * (judge.BATCH + 1))
    court = Court(outbox)
    await court.judge.run_once()
    assert len(outbox.verdicts) == judge.BATCH
    await court.judge.run_once()
    assert len(outbox.verdicts) == judge.BATCH + 1


async def test_a_resource_saved_in_a_loop_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    calm = [b"A", b"x"] * 31  # the first is an event
    court = Court(Stored(*calm))
    while await court.judge.run_once() == 0.0:
        pass
    assert court.judge.repeats.loops(fakes.AT) == []
    court = Court(Stored(*calm, *[b"A", b"y"] * 10))  # order/1 did change
    while await court.judge.run_once() == 0.0:
        pass
    assert court.judge.repeats.loops(fakes.AT) == ["order/0"]
    assert sum("order/0 is saved again and again" in line for line in caplog.messages) == 1


async def test_how_late_webhooks_come_is_watched_and_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    court = Court(Stored(b"A", b"A", b"A"))
    watched = []

    class Watch:
        def judged(self, judged: Judged, received_at: datetime) -> float | None:
            watched.append((judged.verdict, received_at))
            return 90.0 if judged.verdict is Verdict.EVENT else None

    monkeypatch.setattr(court.judge, "_lateness", Watch())
    before = metrics.WEBHOOK_LAG_SECONDS._sum.get()
    await court.judge.run_once()
    assert watched == [(verdict, fakes.AT) for verdict in ("event", "event", "duplicate")]
    assert metrics.WEBHOOK_LAG_SECONDS._sum.get() == before + 180.0


async def test_it_is_woken_by_what_comes_in_and_survives_a_database_that_fails() -> None:
    outbox = Stored()
    court, stop = Court(outbox), asyncio.Event()
    running = asyncio.create_task(court.judge.run(stop))
    await fakes.until(lambda: court.clock.slept == [judge.IDLE_S])
    outbox.rows, outbox.fails = Stored(b"A").rows, True
    court.stored.set()
    await fakes.until(lambda: not outbox.fails)
    court.clock.advance(10)
    await outbox.all_judged.wait()
    stop.set()
    await running
