"""All orders and refunds of a store against what was told of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from agent import errors
from agent.reconcile.order_sweep import OrderSweep
from tests.reconcile.fakes import AT, Ends, listed, told

if TYPE_CHECKING:
    from datetime import datetime

    from agent.model.listed import Listed, Told

DAY = timedelta(days=1)
LATER = AT + timedelta(seconds=1)


def order(number: int, **more: object) -> Listed:
    return listed(f"order/{number}", **({"currency": "EUR"} | more))


def refund(number: int, amount: str, *, of: int = 1, **more: object) -> Listed:
    given = {"parent": f"order/{of}", "figures": amount.encode(), "changed_at": None}
    return listed(f"refund/{number}", **(given | more))


async def swept(ends: Ends, since: datetime | None = None) -> OrderSweep:
    sweep = OrderSweep(ends, ends)
    await sweep.run(since)
    return sweep


async def test_what_is_missing_or_changed_is_asked_for_page_by_page() -> None:
    ends = Ends(
        *[told(f"order/{n}") for n in (1, 2)],
        orders=[
            [order(1), order(2, changed_at=LATER)],
            [order(3), order(4, created_at=AT - DAY, changed_at=AT - DAY)],
        ],
    )
    sweep = await swept(ends)
    assert ends.asked_for == [
        ("resource", "order/2", 0, False),
        ("resource", "order/3", 0, False),
    ]
    assert sweep.orders.open == {"order/2": "changed", "order/3": "missing"}
    assert ends.listings == [("orders", None), ("refunds", None)]


async def test_what_was_read_and_accepted_is_in_order() -> None:
    ends = Ends(told("order/1"), orders=[[order(1, changed_at=LATER), order(2)]])
    sweep = await swept(ends)
    ends.read(told("order/1", sequence=101), told("order/2", sequence=102, state="pending"))
    await sweep.again()
    assert sweep.orders.open == {"order/2": "pending"}
    ends.accepted("order/2")
    await sweep.again()
    assert sweep.orders.open == {}


async def test_what_nobody_read_stays_open_although_older_content_was_accepted() -> None:
    ends = Ends(
        *[told(name) for name in ("order/1", "order/3", "refund/5")],
        orders=[[order(1, changed_at=LATER)]],
    )
    ends.known["refund/5"] = told("refund/5", parent="order/1", figures=b"4.50")
    sweep = await swept(ends)
    await sweep.again()
    assert sweep.orders.open == {"order/1": "changed", "order/3": "gone"}
    assert sweep.refunds.open == {"refund/5": "gone"}
    ends.read(told("order/3", deleted=True), told("refund/5", deleted=True, state="pending"))
    await sweep.again()
    assert sweep.orders.open == {}  # read, and confirmed as it was
    assert sweep.refunds.open == {"refund/5": "pending"}


async def test_dead_letters_are_named_and_not_asked_for_again() -> None:
    ends = Ends(told("order/2"), orders=[[order(1), order(2, changed_at=LATER)]])
    ends.dead = {"order/1": "untranslatable", "order/2": "untranslatable"}
    sweep = await swept(ends)
    await sweep.again()
    assert ends.asked_for == []
    assert sweep.orders.open == ends.dead


async def test_orders_that_are_gone_are_looked_at_but_not_those_told_meanwhile() -> None:
    ends = Ends(
        told("order/1"),
        told("order/2"),
        told("order/3", deleted=True),
        told("order/10", sequence=101),
        orders=[[order(1)]],
    )
    sweep = await swept(ends)
    assert ends.asked_for == [("resource", "order/2", 0, False)]
    assert (sweep.orders.told().gone, sweep.hidden) == (1, [])


async def test_a_store_that_hides_most_of_its_orders_loses_none() -> None:
    ends = Ends(*[told(f"order/{n}") for n in range(1, 30)], orders=[[order(1)]])
    sweep = await swept(ends)
    assert (sweep.hidden, ends.asked_for, sweep.orders.gone) == (["orders"], [], set())


async def test_somebody_says_that_most_orders_are_gone() -> None:
    ends = Ends(*[told(f"order/{n}") for n in range(1, 30)], orders=[[order(1)]])
    sweep = OrderSweep(ends, ends, believe=True)
    await sweep.run()
    assert (sweep.hidden, len(ends.asked_for), len(sweep.orders.gone)) == ([], 28, 28)


async def test_refunds_that_no_order_has_and_a_store_that_can_not_list_them() -> None:
    orphans = [refund(5, "4.50", of=7), refund(6, "1.00", parent="")]
    ends = Ends(orders=[[order(1)]], refunds=[orphans])
    sweep = await swept(ends)
    assert (ends.subjects, sweep.refunds.open) == (["order/1"], {})
    ends = Ends(told("refund/5", parent="order/1"), orders=[[order(1)]])
    ends.trouble = {"refunds": errors.StoreRefusedError("no route", hint="", status=404)}
    sweep = await swept(ends)
    why = "refunds: not compared, this WooCommerce has no list of refunds"
    assert (sweep.refunds.open, sweep.hidden) == ({}, [why])
    assert await sweep.days() == ()


@pytest.mark.parametrize("listing", ["orders", "refunds"])
async def test_of_a_list_that_is_not_whole_nothing_is_gone(listing: str) -> None:
    ends = Ends(
        told("order/2"),
        told("refund/6", parent="order/1", figures=b"1.00"),
        orders=[[order(1)]],
        refunds=[[refund(5, "4.50")]],
    )
    ends.refunds = [("refund/6", 1, AT, "1.00", "order/1", "EUR")]
    ends.trouble = {listing: errors.StoreIncompleteError("it shows 1 of 25", hint="")}
    sweep = await swept(ends)
    assert sweep.hidden == [f"{listing}: not compared, it shows 1 of 25"]
    assert [one for one, _ in ends.listings].count(listing) == 2  # the second time may be whole
    kind = sweep.orders if listing == "orders" else sweep.refunds
    other = sweep.refunds if listing == "orders" else sweep.orders
    assert (kind.gone, len(other.gone)) == (set(), 1)
    assert "order/1" in ends.subjects  # what is shown and was not told counts all the same
    assert await sweep.days() == ()


async def test_orders_are_told_in_more_than_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.reconcile.order_sweep.AT_ONCE", 2)
    numbers = [1, 2, 9, 10, 100]
    ends = Ends(*[told(f"order/{n}") for n in numbers], orders=[[order(1)]])
    sweep = await swept(ends)
    assert sorted(sweep.orders.gone) == sorted(f"order/{n}" for n in numbers[1:])
    await sweep.again()
    assert len(sweep.orders.open) == 4


READ = [("refunds", "order/1", 7, False), ("resource", "order/1", 0, False)]


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        (told("refund/5", parent="order/1", figures=b"4.50"), []),
        (None, READ),
        (
            told("refund/5", parent="order/1", figures=b"4.00"),
            READ,
        ),
        (told("refund/6", parent="order/1", figures=b"4.50"), READ),
    ],
)
async def test_refunds_are_asked_for_with_the_event_that_named_them(
    known: Told | None, asked: list[object]
) -> None:
    both = [one for one in (told("order/1", sequence=7), known) if one is not None]
    ends = Ends(*both, orders=[[order(1)]], refunds=[[refund(5, "4.50")]])
    sweep = await swept(ends)
    assert [*dict.fromkeys(ends.asked_for)] == asked
    assert bool(sweep.refunds.open) is bool(asked)


async def test_refunds_of_an_order_that_was_never_told_follow_it() -> None:
    ends = Ends(orders=[[order(1)]], refunds=[[refund(5, "4.50")]])
    sweep = await swept(ends)
    assert {*ends.asked_for} == {("resource", "order/1", 0, False)}
    assert sweep.refunds.open == {"refund/5": "missing"}


async def test_days_are_in_the_currencies_of_the_orders() -> None:
    ends = Ends(
        told("order/1"),
        told("order/2"),
        *[told(f"refund/{n}", parent="order/1", figures=b"4.50") for n in (5, 6)],
        told("refund/7", parent="order/2", figures=b"1.00"),
        orders=[[order(1), order(2, currency="USD"), order(3, created_at=AT - DAY)]],
        refunds=[
            [refund(5, "4.50"), refund(6, "4.50"), refund(7, "1.00", of=2)],
            [refund(7, "1.00", of=2)],  # it moved to the next page
            [refund(8, "9.00", of=3, created_at=AT - DAY)],  # from before the store went live
        ],
    )
    ends.refunds = [
        ("refund/5", 7, AT, "4.50", "order/1", ""),  # its body has aged
        ("refund/6", 7, AT, "4.50", "order/1", "EUR"),
        ("refund/7", 7, AT, "1.00", "order/2", ""),
    ]
    days = await (await swept(ends)).days()
    assert [(d.currency, d.store_count, d.store_amount) for d in days] == [
        ("USD", 1, "1.00"),
        ("EUR", 2, "9.00"),
    ]
    assert [(d.gateway_count, d.gateway_amount) for d in days] == [(1, "1.00"), (2, "9.00")]


async def test_a_refund_made_after_its_list_was_read_counts_on_neither_side() -> None:
    ends = Ends(told("order/1"), orders=[[order(1)]], refunds=[[refund(5, "4.50")]])
    ends.refunds = [
        ("refund/5", 101, AT, "4.50", "order/1", "EUR"),  # was missing, and was read since
        ("refund/6", 102, AT, "1.00", "order/1", "EUR"),
        ("refund/4", 100, AT, "2.00", "order/1", "EUR"),  # the store does not show it any more
    ]
    [day] = await (await swept(ends)).days()
    assert (day.store_amount, day.gateway_amount) == ("4.50", "6.50")


async def test_what_changed_since_then_is_loaded_as_history_where_it_is() -> None:
    since = AT - 30 * DAY
    old = {"created_at": AT - 9 * DAY, "changed_at": AT - 8 * DAY}
    ends = Ends(
        told("order/2"),
        told("order/9"),
        orders=[
            [
                order(1, **old),
                order(2, **(old | {"changed_at": LATER})),
                order(3),
                order(4, created_at=AT - 99 * DAY, changed_at=AT - 98 * DAY),
            ]
        ],
    )
    sweep = await swept(ends, since)
    assert ends.asked_for == [
        ("resource", "order/2", 0, False),
        ("resource", "order/3", 0, False),
        ("resource", "order/1", 0, True),
    ]
    assert ends.listings == [("orders", since)]  # it shows only some: nothing of it is gone
    assert sweep.orders.told().gone == 0


async def test_a_store_that_goes_away_ends_it_and_nothing_is_gone() -> None:
    ends = Ends(told("order/1"), told("order/2"), orders=[[order(1, changed_at=LATER)]])
    ends.trouble = {"orders": errors.StoreUnavailableError("away", hint="")}
    with pytest.raises(errors.StoreUnavailableError):
        await swept(ends)
    assert ends.subjects == ["order/1"]
