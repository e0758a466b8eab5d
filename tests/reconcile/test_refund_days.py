"""Refunds by day and currency, to the cent."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from agent.reconcile import refund_days
from tests.reconcile.fakes import AT

DAY = timedelta(days=1)
Refund = tuple[datetime | None, str, str]


def sums(*refunds: Refund) -> refund_days.Sums:
    found = refund_days.Sums()
    for refund in refunds:
        found.add(*refund)
    return found


def rows(store: refund_days.Sums, gateway: refund_days.Sums) -> list[tuple[object, ...]]:
    return [tuple(dict(one).values()) for one in refund_days.compared(store, gateway)]


def test_days_are_newest_first_and_currencies_stand_apart() -> None:
    store = sums((AT, "EUR", "4.50"), (AT - DAY, "EUR", "1.00"), (AT, "USD", "7.00"))
    gateway = sums((AT, "USD", "7.00"), (AT, "EUR", "4.50"), (AT - DAY, "EUR", "1.00"))
    assert rows(store, gateway) == [
        ("2026-11-24", "USD", 1, "7.00", 1, "7.00"),
        ("2026-11-24", "EUR", 1, "4.50", 1, "4.50"),
        ("2026-11-23", "EUR", 1, "1.00", 1, "1.00"),
    ]
    assert refund_days.agree(refund_days.compared(store, gateway))


def test_what_is_on_one_side_only_is_zero_on_the_other() -> None:
    days = refund_days.compared(sums((AT, "EUR", "4.50")), sums((AT - DAY, "EUR", "4.50")))
    assert [(one.store_amount, one.gateway_amount) for one in days] == [
        ("4.50", "0.00"),
        ("0.00", "4.50"),
    ]
    assert not refund_days.agree(days)


def test_the_same_sum_of_another_number_of_refunds_is_no_agreement() -> None:
    store, gateway = sums((AT, "EUR", "2.00"), (AT, "EUR", "2.00")), sums((AT, "EUR", "4.00"))
    assert not refund_days.agree(refund_days.compared(store, gateway))
    assert not refund_days.agree(refund_days.compared(sums((AT, "EUR", "4.01")), gateway))


def test_sums_are_exact() -> None:
    cents = sums(*[(AT, "EUR", "0.10")] * 3, (AT, "EUR", "0.001"))
    assert rows(cents, sums()) == [("2026-11-24", "EUR", 4, "0.301", 0, "0.00")]
    large = sums(*[(AT, "EUR", "999999999999.99")] * 1000)
    assert large.amounts["2026-11-24", "EUR"] == Decimal("999999999999990")


def test_what_is_not_known_has_a_place_of_its_own() -> None:
    store = sums((None, "EUR", "1.00"), (AT, "", "2.00"), (AT, "EUR", ""))
    assert rows(store, sums()) == [
        ("?", "EUR", 1, "1.00", 0, "0.00"),
        ("2026-11-24", "EUR", 1, "0.00", 0, "0.00"),
        ("2026-11-24", "?", 1, "2.00", 0, "0.00"),
    ]


def test_nothing_agrees_with_nothing() -> None:
    assert refund_days.compared(sums(), sums()) == ()
    assert refund_days.agree(())
