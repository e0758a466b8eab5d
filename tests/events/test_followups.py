"""Asking the store what a deletion was about."""

from __future__ import annotations

import asyncio

import pytest

from agent import errors
from agent.events import followups
from agent.model.delivery import Followup, Judged, Reading, Received, Verdict, Webhook
from tests.clock import FakeClock
from tests.events import fakes

COUPON, PRODUCT = Followup("deletion", "coupon/7", 1), Followup("deletion", "product/8", 2)


def _read(row: Received) -> Reading:
    return Reading(subject=row.webhook.topic, deletion=True)


class Questions:
    """What is due, and the rows that made us ask."""

    def __init__(self, *due: Followup) -> None:
        self.due = list(due)
        self.rows = {
            one.cause: Received(one.cause, "id", Webhook(fakes.AT, one.subject, "", "", "", b""))
            for one in due
        }
        self.concluded: list[tuple[Followup, Judged | None]] = []

    async def followups(self, most: int) -> list[Followup]:
        return self.due[:most]

    async def received(self, sequence: int) -> Received | None:
        return self.rows.get(sequence)

    async def conclude(self, followup: Followup, judged: Judged | None) -> None:
        self.concluded.append((followup, judged))
        self.due.remove(followup)


class Store:
    """Knows the status of what it has; ``away`` it knows nothing."""

    def __init__(self, statuses: dict[tuple[str, int], str]) -> None:
        self.statuses = statuses
        self.away = False

    async def status_of(self, resource: str, number: int) -> str | None:
        if self.away:
            raise errors.StoreUnavailableError("the store is away", hint="woo-agent status")
        return self.statuses.get((resource, number))


class Look:
    """The loop between the two."""

    def __init__(self, *due: Followup, **statuses: str) -> None:
        self.outbox = Questions(*due)
        self.store = Store({("coupon", 7): statuses["coupon"]} if statuses else {})
        self.clock, self.judged = FakeClock(), asyncio.Event()
        self.followups = followups.Followups(
            self.outbox, self.store, _read, clock=self.clock, judged=self.judged
        )


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("trash", Verdict.EVENT),
        ("publish", Verdict.STALE),  # it came back since
        ("draft", Verdict.STALE),
        (None, Verdict.OTHER_KIND),
    ],
)
async def test_what_the_deletion_was(status: str | None, verdict: Verdict) -> None:
    look = Look(COUPON, **({"coupon": status} if status else {}))
    assert await look.followups.run_once() == followups.IDLE_S
    reading = Reading(subject="coupon/7", deletion=True)
    assert look.outbox.concluded == [(COUPON, Judged(1, verdict, reading))]
    assert look.judged.is_set()


async def test_a_row_that_is_gone_needs_no_question() -> None:
    look = Look(COUPON)
    look.outbox.rows.clear()
    look.store.away = True
    await look.followups.run_once()
    assert look.outbox.concluded == [(COUPON, None)]
    assert not look.judged.is_set()


async def test_a_store_that_is_away_is_asked_again_less_and_less_often() -> None:
    look = Look(COUPON, PRODUCT)
    look.store.away = True
    pauses = [await look.followups.run_once() for _ in range(9)]
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert look.outbox.concluded == []
    look.store.away = False
    assert await look.followups.run_once() == followups.IDLE_S
    assert [followup for followup, _ in look.outbox.concluded] == [COUPON, PRODUCT]
    look.outbox.due, look.store.away = [COUPON], True
    assert await look.followups.run_once() == followups.FIRST_PAUSE_S


async def test_many_questions_are_worked_off_without_a_rest() -> None:
    many = [Followup("deletion", f"coupon/{n}", n) for n in range(1, followups.MOST + 2)]
    look = Look(*many)
    assert await look.followups.run_once() == 0.0
    assert await look.followups.run_once() == followups.IDLE_S
    assert len(look.outbox.concluded) == len(many)


async def test_the_loop_stops_when_asked() -> None:
    look, stop = Look(COUPON), asyncio.Event()
    running = asyncio.create_task(look.followups.run(stop))
    await look.judged.wait()
    stop.set()
    await running
