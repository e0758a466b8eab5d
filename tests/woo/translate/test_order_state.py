"""Statuses of WooCommerce, and what they mean for money, goods and stock."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from agent.settings.sections import CanonicalSettings
from agent.woo.translate import order_state, rules

_THEN = datetime(2026, 11, 23, 20, 22, 51, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "paid_at", "total", "refunded", "expected"),
    [
        ("pending", None, "10", "0", "unpaid"),
        ("processing", None, "10", "0", "unpaid"),  # cash on delivery
        ("processing", _THEN, "10", "0", "paid"),
        ("completed", _THEN, "10", "4", "partially_refunded"),
        ("completed", _THEN, "10", "10", "refunded"),
        ("refunded", _THEN, "10", "0", "refunded"),
        ("failed", None, "10", "0", "failed"),
        ("cancelled", None, "10", "0", "unpaid"),
        ("cancelled", _THEN, "10", "0", "paid"),  # the money is still to be given back
        ("processing", _THEN, "0", "0", "paid"),  # a coupon paid for all
        ("processing", None, "0", "0", "paid"),  # made by hand
        ("pending", None, "0", "0", "unpaid"),
        ("cancelled", None, "0", "0", "unpaid"),
        ("processing", None, None, "0", "unpaid"),  # a total that can't be read
        ("processing", _THEN, None, "4", "partially_refunded"),
        ("shipped", _THEN, "10", "0", "paid"),  # a plugin's status
    ],
)
def test_payment_follows_dates_and_figures(
    status: str, paid_at: datetime | None, total: str | None, refunded: str, expected: str
) -> None:
    found = order_state.payment_status(
        status,
        paid_at=paid_at,
        total=None if total is None else Decimal(total),
        refunded=Decimal(refunded),
    )
    assert found == expected


@pytest.mark.parametrize(
    ("status", "completed_at", "expected"),
    [
        ("pending", None, "unfulfilled"),
        ("on-hold", None, "unfulfilled"),
        ("processing", _THEN, "unfulfilled"),  # opened again after completion
        ("failed", None, "unfulfilled"),
        ("completed", None, "fulfilled"),
        ("cancelled", _THEN, "cancelled"),
        ("trash", None, "cancelled"),
        ("refunded", None, "cancelled"),
        ("refunded", _THEN, "fulfilled"),
        ("shipped", None, "unfulfilled"),
        ("delivered", _THEN, "fulfilled"),
    ],
)
def test_fulfilment_follows_the_status_and_else_the_completion(
    status: str, completed_at: datetime | None, expected: str
) -> None:
    assert order_state.fulfilment_status(status, completed_at=completed_at) == expected


@pytest.mark.parametrize(
    ("status", "reduced", "units"),
    [
        ("processing", "2", 2),
        ("processing", 1, 1),
        ("processing", "0", 0),  # all restocked
        ("processing", None, 3),  # not counted by the store
        ("processing", "many", 3),
        ("shipped", "2", 2),
        ("refunded", "1", 1),
        ("pending", "2", 0),
        ("checkout-draft", "2", 0),
        ("failed", "2", 0),
        ("cancelled", "2", 0),
        ("trash", "2", 0),
    ],
)
def test_a_line_commits_what_the_store_counted_unless_the_order_claims_nothing(
    status: str, reduced: object, units: int
) -> None:
    other: list[dict[str, Any]] = [{"id": 1, "key": "size", "value": "9"}]
    counted = [] if reduced is None else [{"id": 2, "key": "_reduced_stock", "value": reduced}]
    line = {"meta_data": other + counted}
    assert order_state.committed_units(status, line, quantity=3) == units
    held = int(reduced) if reduced in ("2", 1, "0", "1") else 0
    assert order_state.held_units(line) == held


@pytest.mark.parametrize(
    ("status", "is_over"),
    [
        *((status, True) for status in ("completed", "cancelled", "refunded", "failed", "trash")),
        *((status, False) for status in ("pending", "on-hold", "processing", "shipped", "")),
        ("picked-up", True),
        ("lost", True),
        ("packing", False),
    ],
)
def test_an_order_is_over_where_nothing_is_to_be_delivered_any_more(
    status: str, is_over: bool
) -> None:
    statuses = {"picked-up": "fulfilled paid", "lost": "cancelled", "packing": "unfulfilled"}
    owners = rules.of(CanonicalSettings(statuses=statuses))
    assert order_state.is_over(status, owners) is is_over
