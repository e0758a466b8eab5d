"""When both ends are compared, and what the report of it says."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from agent import errors
from agent.model import report
from agent.model.report import ReconciliationReport
from agent.reconcile.comparison import LOOK_S, MENDED_WITHIN_S, Comparison, Wanted
from agent.reconcile.sweep import FIRST, FIRST_PAUSE_S, LONGEST_PAUSE_S, Sweep
from tests import agents
from tests.reconcile.fakes import AT, Ends, listed, told
from tests.reconcile.test_catalogue_sweep import Shelf, product

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY_S = 86_400.0
LATER = AT + timedelta(seconds=1)


class Comparing(Ends):
    """Both ends, and how they stand. ``reads`` is what reading gives, at the first look whether
    something is still asked for."""

    def __init__(self, *known: Any, reads: Sequence[Any] | None = (), **pages: Any) -> None:
        super().__init__(*known, **pages)
        self.ended_at: datetime | None = None
        self.reads = reads
        self.open: tuple[float | None, int, bool] = (None, 0, False)
        self.is_known = True
        self.reports: list[tuple[str, ReconciliationReport, int]] = []
        self.sweeps_at_reports: list[datetime | None] = []
        self.shelf = Shelf(self)
        self.nudged = asyncio.Event()
        self.settings = agents.configured(Path("/nowhere"))
        self.comparison = Comparison(
            *(self, self, self.shelf),
            requests=lambda: len(self.listings),
            store_now=self.clock.now,
            settings=lambda: self.settings,
            clock=self.clock,
            asked=self.nudged,
        )
        self.sweep = self.started()

    def started(self) -> Sweep:
        """As after a start of the daemon."""
        return Sweep(
            *(self.comparison, self, self),
            known=self._known,
            settings=lambda: self.settings,
            clock=self.clock,
        )

    def configure(self, **changed: Any) -> None:
        reconcile = self.settings.reconcile.model_copy(update=changed)
        self.settings = self.settings.model_copy(update={"reconcile": reconcile})

    async def _known(self) -> bool:
        return self.is_known

    async def is_asking(self) -> bool:
        if self.reads is not None:
            self.read(*self.reads)
        return bool(self.waiting)

    async def swept_at(self) -> datetime | None:
        return self.ended_at

    async def swept(self, at: datetime, report: bytes) -> None:
        self.ended_at = at

    async def open_ends(self) -> tuple[float | None, int, bool]:
        return self.open

    async def take_in(self, resource: str, bodies: Sequence[bytes], began: int) -> None:
        [body] = bodies
        self.reports.append((resource, ReconciliationReport.model_validate_json(body), began))
        self.sweeps_at_reports.append(self.ended_at)

    async def compared(self, wanted: Wanted | None = None, **more: Any) -> ReconciliationReport:
        return await self.comparison.compare(wanted or Wanted(), **more)


async def test_the_first_is_a_while_after_the_start_and_then_each_so_often() -> None:
    ends = Comparing()
    assert await ends.sweep.run_once() == FIRST
    ends.clock.advance(FIRST - 1)
    assert await ends.sweep.run_once() == 1.0
    assert ends.listings == []
    ends.clock.advance(1)
    assert await ends.sweep.run_once() == 0.0
    assert ends.ended_at == ends.clock.now()
    ends.sweep = ends.started()
    assert await ends.sweep.run_once() == LONGEST_PAUSE_S
    ends.clock.advance(DAY_S - 90)
    assert await ends.sweep.run_once() == 90
    ends.clock.advance(90)
    await ends.sweep.run_once()
    assert len(ends.reports) == 2


async def test_the_interval_is_that_of_the_configuration_now() -> None:
    ends = Comparing()
    ends.configure(sweep_every=timedelta(minutes=5))
    assert await ends.sweep.run_once() == 300
    ends.ended_at = AT
    ends.clock.advance(299)
    assert await ends.sweep.run_once() == 1
    ends.configure(sweep_every=timedelta(minutes=4))
    assert await ends.sweep.run_once() == 0


async def test_a_clock_put_back_delays_none() -> None:
    ends = Comparing()
    ends.ended_at = AT + timedelta(days=365)
    assert await ends.sweep.run_once() == 0
    assert len(ends.reports) == 1


async def test_it_waits_until_the_orders_of_the_beginning_are_known() -> None:
    ends = Comparing()
    ends.is_known = False
    ends.clock.advance(FIRST + 60)
    assert await ends.sweep.run_once() == 1.0
    assert ends.listings == []


async def test_a_store_that_is_away_is_asked_less_and_less_often_and_nothing_is_swept(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ends = Comparing()
    ends.clock.advance(FIRST)
    ends.trouble = {"orders": errors.StoreUnavailableError("away", hint="")}
    pauses = [await ends.sweep.run_once() for _ in range(8)]
    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert (ends.ended_at, ends.reports, len(caplog.messages)) == (None, [], 1)
    ends.trouble.clear()
    assert await ends.sweep.run_once() == 0
    ends.clock.advance(DAY_S)
    ends.trouble = {"coupons": errors.StoreUnavailableError("away", hint="")}
    assert await ends.sweep.run_once() == FIRST_PAUSE_S


async def test_its_report_enters_the_line_before_the_sweep_counts_as_made() -> None:
    ends = Comparing(told("order/1"), orders=[[listed("order/1", currency="EUR")]])
    ends.clock.advance(FIRST)
    await ends.sweep.run_once()
    [(resource, made, began)] = ends.reports
    assert (resource, began) == ("report", ends.last)
    assert ends.sweeps_at_reports == [None]
    assert made.id == "report/2026-11-24"
    assert (made.store_id, made.since, made.made_at) == (agents.STORE, AT, ends.clock.now())


async def test_both_ends_agree() -> None:
    order, refund = told("order/1"), told("refund/5", parent="order/1", figures=b"4.50")
    ends = Comparing(
        *(order, refund),
        orders=[[listed("order/1", currency="EUR")]],
        refunds=[[listed("refund/5", parent="order/1", figures=b"4.50", changed_at=None)]],
        products=[[product(1, "A"), product(2, "B")]],
    )
    ends.known |= {f"product/{n}": told(f"product/{n}") for n in (1, 2)}
    ends.refunds = [("refund/5", 1, AT, "4.50", "order/1", "EUR")]
    ends.shelf.intended = {1: 5, 2: 5}
    made = json.loads((await ends.compared()).model_dump_json())
    none_open = {"not_accepted": [], "gone": 0}
    assert made == {
        "id": "report/2026-11-24",
        "store_id": agents.STORE,
        "made_at": made["made_at"],
        "since": "2026-11-24T08:00:00Z",
        "agreed": True,
        "orders": {"in_store": 1, "accepted": 1, **none_open},
        "refunds": {"in_store": 1, "accepted": 1, **none_open},
        "refund_days": [
            {
                "day": "2026-11-24",
                "currency": "EUR",
                "store_count": 1,
                "store_amount": "4.50",
                "gateway_count": 1,
                "gateway_amount": "4.50",
            }
        ],
        "products": {"in_store": 2, "accepted": 2, **none_open},
        "customers": {"in_store": 0, "accepted": 0, **none_open},
        "coupons": {"in_store": 0, "accepted": 0, **none_open},
        "skus": 2,
        "accurate": 2,
        "accuracy": 1.0,
        "drifted": [],
        "drifted_count": 0,
        "hidden": [],
        "unchecked_skus": 0,
        "oldest_unsettled_seconds": None,
        "held_updates": 0,
        "requests": len(ends.listings),
    }


def _missing(ends: Comparing) -> None:
    ends.pages["orders"] = [[listed("order/1"), listed("order/2")]]


def _pending(ends: Comparing) -> None:
    ends.known["order/1"] = told("order/1", state="pending")


def _unread(ends: Comparing) -> None:
    ends.pages["orders"] = [[listed("order/1", changed_at=LATER)]]
    ends.reads = None


def _dead(ends: Comparing) -> None:
    ends.pages["orders"] = [[listed("order/1", changed_at=LATER)]]
    ends.dead = {"order/1": "untranslatable"}


def _gone(ends: Comparing) -> None:
    ends.known["order/2"] = told("order/2")
    ends.reads = [told("order/2", deleted=True, state="pending")]


def _refund(ends: Comparing) -> None:
    ends.pages["refunds"] = [[listed("refund/5", parent="order/1", figures=b"4.50")]]


def _only_there(ends: Comparing) -> None:
    ends.refunds = [("refund/5", 1, AT, "4.50", "order/1", "EUR")]


def _hidden(ends: Comparing) -> None:
    ends.known |= {f"coupon/{n}": told(f"coupon/{n}") for n in range(30)}


def _short(ends: Comparing) -> None:
    ends.trouble = {"orders": errors.StoreIncompleteError("it shows 1 of 2", hint="")}


def _no_refunds(ends: Comparing) -> None:
    ends.trouble = {"refunds": errors.StoreRefusedError("no route", hint="", status=404)}


def _coupon(ends: Comparing) -> None:
    ends.pages["coupons"] = [[listed("coupon/1")]]
    ends.dead = {"coupon/1": "untranslatable"}


def _price(ends: Comparing) -> None:
    ends.pages["products"] = [[product(1, "A", 5)]]
    ends.known["product/1"] = told("product/1")
    ends.shelf.wrong_prices = {1: ("sale_price",)}


def _unaskable(ends: Comparing) -> None:
    _price(ends)
    ends.shelf.unaskable = {"A"}


def _stock(ends: Comparing) -> None:
    ends.pages["products"] = [[product(1, "A", 5)]]
    ends.shelf.intended = {1: 4}


@pytest.mark.parametrize(
    "differs",
    [
        *(_missing, _pending, _unread, _dead, _gone, _refund, _only_there, _hidden, _stock),
        *(_coupon, _price, _unaskable, _short, _no_refunds),
    ],
)
async def test_they_do_not_agree(differs: Any) -> None:
    ends = Comparing(told("order/1"), orders=[[listed("order/1")]])
    assert (await ends.compared()).agreed
    differs(ends)
    assert not (await ends.compared()).agreed


async def test_what_differed_is_read_before_the_report_is_made() -> None:
    ends = Comparing(orders=[[listed("order/1")]], reads=[told("order/1", sequence=101)])
    ends.nudged.clear()
    made = await ends.compared()
    assert ends.nudged.is_set()
    assert made.agreed
    assert made.orders is not None
    assert (made.orders.in_store, made.orders.accepted) == (1, 1)


async def test_it_does_not_wait_for_ever() -> None:
    ends = Comparing(orders=[[listed("order/1")]], reads=None)
    began = ends.clock.monotonic()
    made = await ends.compared()
    assert made.orders is not None
    assert [one.reason for one in made.orders.not_accepted] == ["missing"]
    assert MENDED_WITHIN_S <= ends.clock.monotonic() - began < MENDED_WITHIN_S + 60


@pytest.mark.parametrize(
    ("open_", "waits"),
    [
        ((None, 0, False), False),
        ((1.0, 0, False), True),  # it may be accepted soon
        ((31.0, 0, False), True),  # not for long, the gateway may be away
        ((None, 0, True), True),
    ],
)
async def test_it_waits_for_what_is_on_its_way(
    open_: tuple[float | None, int, bool], waits: bool
) -> None:
    ends = Comparing()
    ends.open = open_
    await ends.compared()
    assert (LOOK_S in ends.clock.slept) is waits
    before = len(ends.clock.slept)
    await ends.compared(mend=False)
    assert LOOK_S not in ends.clock.slept[before:]


async def test_only_what_is_wanted_is_compared() -> None:
    ends = Comparing(orders=[[listed("order/1")]], products=[[product(1, "A", 5)]])
    ends.shelf.intended = {1: 4}
    made = await ends.compared(Wanted(catalogue=False, since=AT - timedelta(days=9)))
    assert [name for name, _ in ends.listings] == ["orders"]
    assert (made.products, made.refunds, made.accuracy, made.skus) == (None, None, None, 0)
    assert made.since == AT - timedelta(days=9)
    ends.listings.clear()
    made = await ends.compared(Wanted(orders=False))
    assert "orders" not in [name for name, _ in ends.listings]
    assert (made.orders, made.refunds, made.refund_days) == (None, None, ())


async def test_stock_is_put_right_only_where_that_is_wanted() -> None:
    for stock, repaired in (("report", []), ("repair", [{1}])):
        ends = Comparing(products=[[product(1, "A", 5)]])
        ends.shelf.intended = {1: 4}
        ends.configure(stock=stock)
        ends.clock.advance(FIRST)
        await ends.sweep.run_once()
        assert ends.shelf.repaired == repaired
    await ends.compared(Wanted(repair=True), mend=False)
    assert ends.shelf.repaired == [{1}, {1}]


async def test_one_wrong_figure_of_many_is_not_rounded_away() -> None:
    many = 30_000
    ends = Comparing(products=[[product(n, f"S{n}", 5) for n in range(1, many + 1)]])
    ends.shelf.intended = dict.fromkeys(range(1, many + 1), 5) | {1: 4}
    made = await ends.compared()
    assert (made.skus, made.accurate, made.drifted_count) == (many, many - 1, 1)
    assert made.accuracy == 0.9999


async def test_the_newest_are_named_and_all_are_counted() -> None:
    many = report.NAMED + 5
    ends = Comparing(products=[[product(n, f"S{n}", 5) for n in range(1, many + 1)]])
    ends.shelf.intended = dict.fromkeys(range(1, many + 1), 4)
    days = [
        (f"refund/{n}", 1, AT - timedelta(days=n), "1.00", "order/1", "EUR") for n in range(many)
    ]
    ends.refunds = list(days)
    made = await ends.compared()
    assert (len(made.drifted), made.drifted_count) == (report.NAMED, many)
    assert (len(made.refund_days), made.refund_days[0].day) == (report.NAMED, "2026-11-24")
    assert (made.accurate, made.accuracy) == (0, 0.0)


async def test_it_stops_in_the_middle_when_asked() -> None:
    class Stuck(Comparing):
        async def go_live(self) -> datetime:
            begun.set()
            return await asyncio.Future()

    begun, stop = asyncio.Event(), asyncio.Event()
    ends = Stuck()
    ends.clock.advance(FIRST)
    running = asyncio.create_task(ends.sweep.run(stop))
    await begun.wait()
    stop.set()
    await running
    assert ends.reports == []
