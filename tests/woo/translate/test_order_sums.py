"""An order whose parts do not give its totals says so, and is not refused."""

from __future__ import annotations

from typing import Any

import pytest

from agent.woo.translate import order
from tests import recordings


@pytest.mark.parametrize(
    ("field", "value", "anomalies"),
    [
        ("total", "66.41", ("total_mismatch",)),
        ("total_tax", "8.01", ("tax_mismatch", "total_mismatch")),
        ("discount_total", "5.50", ("discount_mismatch",)),
        ("discount_tax", "1.86", ("discount_mismatch",)),
        ("shipping_tax", "1.93", ("shipping_mismatch",)),
        ("shipping_total", "5.90", ("shipping_mismatch", "total_mismatch")),
        ("tax_lines", [], ("tax_mismatch",)),
        ("refunds", [{"id": 1, "total": "-56.42"}], ("refund_exceeds_total",)),
        ("fee_lines", [], ("tax_mismatch", "total_mismatch")),
    ],
)
def test_a_total_that_its_parts_do_not_give_is_named(
    field: str, value: object, anomalies: tuple[str, ...]
) -> None:
    body = recordings.webhook(14).json() | {field: value}
    assert order.translate(body).anomalies == anomalies


def test_cents_that_rounding_explains_are_no_anomaly() -> None:
    """Three mugs at 9.99 with 19 % in it are 8.394958 each, which the store writes as 8.39."""
    body = _three_lines(total="8.39", tax="1.60", order_tax="4.79", order_total="29.97")
    assert order.translate(body).anomalies == ()


@pytest.mark.parametrize(("total", "anomalies"), [("1000", ()), ("1010", ("total_mismatch",))])
def test_a_store_without_decimals_rounds_to_units(total: str, anomalies: tuple[str, ...]) -> None:
    body = _three_lines(total="303", tax="30", order_tax="90", order_total=total)
    assert order.translate(body).anomalies == anomalies


def _three_lines(*, total: str, tax: str, order_tax: str, order_total: str) -> dict[str, Any]:
    taxes = {"subtotal_tax": tax, "total_tax": tax}
    line = {"quantity": 1, "subtotal": total, "total": total} | taxes
    return {
        "id": 1,
        "status": "processing",
        "currency": "XXX",
        "total": order_total,
        "total_tax": order_tax,
        "line_items": [line | {"id": number} for number in (1, 2, 3)],
        "tax_lines": [{"id": 4, "tax_total": order_tax}],
    }
