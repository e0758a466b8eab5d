"""What a store's owner says of statuses."""

from __future__ import annotations

from typing import Any

import pytest

from agent.settings import CanonicalSettings
from agent.woo.translate import order, rules
from tests import recordings

_SAID = CanonicalSettings(
    statuses={
        "shipped": "fulfilled",
        "picked-up": "fulfilled paid",
        "awaiting-cheque": "unpaid",
        "declined": "cancelled failed",
    }
)


def _order(status: str, **other: Any) -> dict[str, Any]:
    recorded: dict[str, Any] = recordings.webhook(14).json()
    return recorded | {"status": status, "date_paid_gmt": None} | other


@pytest.mark.parametrize(
    ("status", "fulfilment", "payment", "units"),
    [
        ("shipped", "fulfilled", "unpaid", [2, 1]),
        ("picked-up", "fulfilled", "paid", [2, 1]),
        ("awaiting-cheque", "unfulfilled", "unpaid", [2, 1]),
        ("declined", "cancelled", "failed", [0, 0]),
        ("packed", "unfulfilled", "unpaid", [2, 1]),  # of which nothing was said
        ("completed", "fulfilled", "unpaid", [2, 1]),  # cash that nobody entered
    ],
)
def test_a_status_of_a_plugin_means_what_the_owner_says(
    status: str, fulfilment: str, payment: str, units: list[int]
) -> None:
    translated = order.translate(_order(status), rules.of(_SAID))
    assert translated.store_status == status
    assert (translated.fulfilment_status, translated.payment_status) == (fulfilment, payment)
    assert [line.committed_units for line in translated.lines] == units


def test_what_was_given_back_weighs_more_than_a_word() -> None:
    body = _order("picked-up", refunds=[{"id": 1, "total": "-10.00"}])
    assert order.translate(body, rules.of(_SAID)).payment_status == "partially_refunded"


def test_a_word_about_the_goods_does_not_hide_when_it_was_paid() -> None:
    paid_at = "2026-11-23T20:22:51"
    translated = order.translate(_order("shipped", date_paid_gmt=paid_at), rules.of(_SAID))
    assert translated.payment_status == "paid"
