"""What the store shows otherwise than the ERP said."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from agent.model import drift
from agent.model.product import StoreProduct
from agent.woo import wire

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
FRIDAY, MONDAY = "2026-11-27T00:00:00+00:00", "2026-11-30T23:59:59+00:00"


def differing(said: dict[str, Any], *unreadable: str, **shown: Any) -> tuple[str, ...]:
    """``unreadable`` are names of fields that say nothing in the store."""
    values = {
        "regular_price": "12.90",
        "sale_price": "9.90",
        "sale_from": datetime.fromisoformat(FRIDAY),
        "sale_to": datetime.fromisoformat(MONDAY),
    } | shown
    unusable = dict.fromkeys(unreadable, "is not usable")
    values |= dict.fromkeys(unreadable)
    product = StoreProduct(10, 0, "simple", "MUG-1", "publish", True, values, unusable)
    return drift.of(product, said, NOW, wire.same)


@pytest.mark.parametrize(
    ("said", "shown", "fields"),
    [
        ({}, {}, ()),
        ({"regular_price": "12.9"}, {}, ()),
        ({"regular_price": "12.90"}, {"regular_price": "13.00"}, ("regular_price",)),
        ({"regular_price": "12.90"}, {"regular_price": None}, ("regular_price",)),
        ({"sale_price": "9.90", "sale_to": MONDAY}, {}, ()),
        ({"sale_price": "9.90"}, {"sale_price": None}, ("sale_price",)),
        ({"sale_price": None}, {}, ("sale_price",)),
        ({"sale_to": MONDAY}, {"sale_to": None}, ("sale_to",)),
        # Over by itself: at its end, and where it is no reduction any more.
        ({"sale_price": "9.90", "sale_to": FRIDAY}, {"sale_price": None, "sale_to": None}, ()),
        ({"sale_price": "9.90"}, {"sale_price": None, "regular_price": "9.00"}, ()),
        ({"sale_price": "9.90"}, {"sale_price": None, "regular_price": None}, ()),
        (
            {"regular_price": "12.90", "sale_price": "9.90", "sale_to": FRIDAY},
            {"regular_price": "1.00", "sale_price": None},
            ("regular_price",),
        ),
    ],
)
def test_what_differs(said: dict[str, Any], shown: dict[str, Any], fields: tuple[str, ...]) -> None:
    assert differing(said, **shown) == fields


@pytest.mark.parametrize(
    ("said", "unreadable"),
    [
        ({"regular_price": "12.90"}, "regular_price"),
        ({"sale_price": "9.90"}, "sale_price"),
        ({"sale_price": None}, "sale_price"),
        ({"sale_to": MONDAY}, "sale_to"),
    ],
)
def test_what_can_not_be_read_agrees_with_nothing(said: dict[str, Any], unreadable: str) -> None:
    assert differing(said, unreadable) == (unreadable,)
    assert differing(said, unreadable, regular_price="9.00")[-1:] == (unreadable,)
