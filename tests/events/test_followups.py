"""Asking the store what webhooks do not tell."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

import pytest

from agent import errors
from agent.events import followups
from agent.model.delivery import Followup, Judged, Look, Reading, Received, Verdict, Webhook
from tests.clock import FakeClock
from tests.events import fakes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence
    from datetime import datetime

T = TypeVar("T")

REFUNDED = Followup(Look.REFUNDS, "order/5", 5)
COUPON = Followup(Look.DELETION, "coupon/7", 1)
PRODUCT = Followup(Look.DELETION, "product/8", 2)
LATE = Followup(Look.RESOURCE, "order/9", 3)
BROKEN = Followup(Look.CHANGES, "order", 4, since=fakes.AT)


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
        self.looked_at: list[tuple[Followup, datetime]] = []
        self.untold: list[Followup] = []
        self.later: list[tuple[Followup, float]] = []

    async def followups(self, most: int) -> list[Followup]:
        return self.due[:most]

    async def received(self, sequence: int) -> Received | None:
        return self.rows.get(sequence)

    async def conclude(self, followup: Followup, judged: Judged | None) -> None:
        self.concluded.append((followup, judged))
        self.due.remove(followup)

    async def looked(self, followup: Followup, *, until: datetime, untold: bool = False) -> None:
        self.looked_at.append((followup, until))
        if untold:
            self.untold.append(followup)
        self.due.remove(followup)

    async def postpone(self, followup: Followup, *, after_s: float) -> None:
        self.later.append((followup, after_s))
        self.due.remove(followup)


class Store:
    """Knows the status of what it has; ``away`` it knows nothing. It also is the fetcher, and keeps
    what was read."""

    def __init__(self, clock: FakeClock, statuses: dict[tuple[str, int], str]) -> None:
        self.clock = clock
        self.statuses = statuses
        self.read: list[tuple[str, datetime | str | None]] = []
        self.away = False
        self.refuses = ""
        self.hidden: set[str] = set()
        self.gone: set[str] = set()
        self.breaks = ""
        self.finds = False
        self.turn_in_s = 0.0
        self.spent = 0

    def wait_s(self) -> float:
        return self.turn_in_s

    async def spend(self, work: Callable[[], Awaitable[T]]) -> T:
        self.spent += 1
        return await work()

    async def status_of(self, resource: str, number: int) -> str | None:
        self._answers(resource)
        return self.statuses.get((resource, number))

    async def one(self, subject: str, *, backfill: bool, sure: bool) -> bool:
        self._answers(subject)
        self.read.append((subject, "backfill" if backfill else None))
        return sure or subject not in self.gone

    async def answers(self) -> bool:
        return not self.away

    async def several(
        self, resource: str, subjects: Sequence[str], *, backfill: bool
    ) -> Collection[str]:
        self._answers(f"{resource}s")
        self.read.append((f"{resource}s", " ".join(subjects)))
        return {*subjects} - self.hidden

    async def untold(self, resource: str, since: datetime) -> bool:
        self._answers(resource)
        self.clock.advance(60)
        self.read.append((resource, since))
        return self.finds

    async def refunds(self, order: str, cause: str) -> None:
        self._answers(order)
        self.read.append((order, cause))

    def _answers(self, asked: str) -> None:
        if self.away:
            raise errors.StoreUnavailableError("the store is away", hint="woo-agent status")
        if asked == self.breaks:
            raise errors.StoreUnavailableError("500", hint="")
        if asked == self.refuses:
            raise errors.StoreRejectedError("no", hint="", status=400, code="x")


class Asking:
    """The loop between the two."""

    def __init__(self, *due: Followup, **statuses: str) -> None:
        self.outbox = Questions(*due)
        self.clock, self.asked, self.judged = FakeClock(), asyncio.Event(), asyncio.Event()
        self.store = Store(self.clock, {("coupon", 7): statuses["coupon"]} if statuses else {})
        self.followups = followups.Followups(
            self.outbox,
            self.store,
            self.store,
            _read,
            budget=self.store,
            clock=self.clock,
            asked=self.asked,
            judged=self.judged,
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
    look = Asking(COUPON, **({"coupon": status} if status else {}))
    assert await look.followups.run_once() == followups.IDLE_S
    why = "the store has no coupon with that id, and none was known" if status is None else ""
    reading = Reading(subject="coupon/7", deletion=True, reason=why)
    assert look.outbox.concluded == [(COUPON, Judged(1, verdict, reading))]
    assert look.judged.is_set()


async def test_a_row_that_is_gone_needs_no_question() -> None:
    look = Asking(COUPON)
    look.outbox.rows.clear()
    look.store.away = True
    await look.followups.run_once()
    assert look.outbox.concluded == [(COUPON, None)]
    assert not look.judged.is_set()


async def test_a_store_that_is_away_is_asked_again_less_and_less_often() -> None:
    look = Asking(COUPON, PRODUCT)
    look.store.away = True
    pauses = []
    for _ in range(9):
        pauses.append(await look.followups.run_once())
        assert await look.followups.run_once() == pauses[-1]  # a new question changes nothing
        look.clock.advance(pauses[-1])
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert look.outbox.concluded == []
    look.store.away = False
    assert await look.followups.run_once() == followups.IDLE_S
    assert [followup for followup, _ in look.outbox.concluded] == [COUPON, PRODUCT]
    look.outbox.due, look.store.away = [COUPON], True
    assert await look.followups.run_once() == followups.FIRST_PAUSE_S


async def test_late_bodies_are_read_again_and_what_errors_hid_is_asked_for() -> None:
    look = Asking(LATE, BROKEN)
    began = look.clock.now()
    assert await look.followups.run_once() == followups.IDLE_S
    assert look.store.read == [("order/9", None), ("order", fakes.AT)]
    assert look.outbox.looked_at == [(LATE, began), (BROKEN, began)]  # not when it was done


@pytest.mark.parametrize("finds", [True, False])
async def test_whether_errors_hid_something_is_written_down(finds: bool) -> None:
    look = Asking(LATE, BROKEN)
    look.store.finds = finds
    await look.followups.run_once()
    assert look.outbox.untold == ([BROKEN] if finds else [])


async def test_refunds_are_read_and_say_which_event_named_them() -> None:
    look = Asking(REFUNDED)
    await look.followups.run_once()
    look.outbox.due, look.outbox.rows = [REFUNDED], {}  # it has aged
    await look.followups.run_once()
    assert look.store.read == [("order/5", "id"), ("order/5", "")]
    assert [followup for followup, _ in look.outbox.looked_at] == [REFUNDED, REFUNDED]


async def test_what_could_not_be_read_stays_due() -> None:
    look = Asking(BROKEN)
    look.store.away = True
    assert await look.followups.run_once() == followups.FIRST_PAUSE_S
    assert (look.outbox.due, look.outbox.looked_at) == ([BROKEN], [])


async def test_a_question_that_the_store_refuses_does_not_hold_up_the_others() -> None:
    look = Asking(LATE, BROKEN)
    look.store.refuses = "order/9"
    assert await look.followups.run_once() == 0.0
    assert look.outbox.later == [(LATE, followups.LONGEST_PAUSE_S)]
    assert [followup for followup, _ in look.outbox.looked_at] == [BROKEN]


async def test_many_questions_are_worked_off_without_a_rest() -> None:
    many = [Followup(Look.DELETION, f"coupon/{n}", n) for n in range(1, followups.MOST + 2)]
    look = Asking(*many)
    assert await look.followups.run_once() == 0.0
    assert await look.followups.run_once() == followups.IDLE_S
    assert len(look.outbox.concluded) == len(many)


async def test_the_loop_stops_when_asked() -> None:
    look, stop = Asking(COUPON), asyncio.Event()
    running = asyncio.create_task(look.followups.run(stop))
    await look.judged.wait()
    stop.set()
    await running


def compared(number: int, *, kind: str = "order", backfill: bool = False) -> Followup:
    return Followup(Look.RESOURCE, f"{kind}/{number}", 0, compared=True, backfill=backfill)


async def test_resources_of_a_kind_are_one_request_and_the_hidden_ones_one_each() -> None:
    again = [Followup(Look.AGAIN, f"order/{n}", n) for n in (1, 2, 3)]
    look = Asking(*again, LATE)
    look.store.hidden = {"order/2"}
    assert await look.followups.run_once() == 0.0
    assert look.store.read == [("orders", "order/1 order/2 order/3 order/9")]
    assert look.outbox.due == [again[1]]
    assert await look.followups.run_once() == followups.IDLE_S
    assert look.store.read[1:] == [("order/2", None)]
    assert look.outbox.due == []
    assert look.store.spent == 0


async def test_a_list_that_the_store_refuses_is_asked_for_one_by_one() -> None:
    look = Asking(compared(1), compared(2))
    look.store.refuses = "orders"
    assert await look.followups.run_once() == 0.0
    await look.followups.run_once()
    assert look.store.read == [("order/1", None), ("order/2", None)]


async def test_what_comparing_asks_for_is_paid_from_its_budget_and_holds_up_nothing_else() -> None:
    look = Asking(LATE, compared(1), compared(2), compared(3, backfill=True))
    look.store.turn_in_s = 2.5
    assert await look.followups.run_once() == 2.5
    assert look.store.read == [("order/9", None)]
    look.store.turn_in_s = 0.0
    await look.followups.run_once()
    assert look.store.read[1:] == [("orders", "order/1 order/2"), ("order/3", "backfill")]
    assert look.store.spent == 2


async def test_one_that_breaks_the_store_each_time_holds_up_nobody() -> None:
    again = [Followup(Look.AGAIN, f"order/{n}", n) for n in (1, 2, 3)]
    look = Asking(*again, REFUNDED)
    look.store.breaks = "orders"  # PHP dies of one of them
    await look.followups.run_once()
    assert look.store.read == [("order/5", "id")]
    look.store.breaks = "order/2"
    await look.followups.run_once()
    assert look.store.read[1:] == [("order/1", None), ("order/3", None)]
    assert look.outbox.later == [(again[1], followups.LONGEST_PAUSE_S)]
    assert look.outbox.due == []


async def test_that_a_customer_is_gone_is_asked_twice() -> None:
    gone = compared(3, kind="customer")
    look = Asking(gone)
    look.store.gone = {"customer/3"}
    await look.followups.run_once()
    assert look.outbox.later == [(gone, followups.CONFIRMED_AFTER_S)]
    look.outbox.due = [gone]
    await look.followups.run_once()
    assert [one for one, _ in look.outbox.looked_at] == [gone]
    assert len(look.outbox.later) == 1


@pytest.mark.parametrize("subject", ["order/None", "order/", "order/x"])
async def test_what_has_no_number_is_dropped(subject: str) -> None:
    look = Asking(Followup(Look.RESOURCE, subject, 1), Followup(Look.REFUNDS, subject, 2))
    await look.followups.run_once()
    assert (look.outbox.due, look.store.read) == ([], [])
