"""A report as people read it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from agent.cli import report_text
from agent.model.report import (
    KINDS,
    NAMED,
    Compared,
    DriftCause,
    Drifted,
    NotAccepted,
    ReconciliationReport,
    RefundDay,
)

AT = datetime(2026, 11, 25, 3, tzinfo=UTC)
ALL = Compared(in_store=1204, accepted=1204, not_accepted=(), gone=0)


def made(**told: Any) -> ReconciliationReport:
    """A report on which both ends agree, but for what is ``told``."""
    given: dict[str, Any] = {
        "id": "report/2026-11-25",
        "store_id": "brand-de",
        "made_at": AT,
        "since": AT,
        "agreed": True,
        "orders": None,
        "refunds": None,
        "refund_days": (),
        "products": None,
        "customers": None,
        "coupons": None,
        "skus": 0,
        "accurate": 0,
        "accuracy": None,
        "drifted": (),
        "drifted_count": 0,
        "hidden": (),
        "unchecked_skus": 0,
        "oldest_unsettled_seconds": None,
        "held_updates": 0,
        "requests": 31,
    }
    return ReconciliationReport(**given | told)


def text(**told: Any) -> list[str]:
    return list(report_text.lines(made(**told)))


def day(of: str, store: str, gateway: str, currency: str = "EUR") -> RefundDay:
    return RefundDay(
        day=of,
        currency=currency,
        store_count=2,
        store_amount=store,
        gateway_count=2,
        gateway_amount=gateway,
    )


def test_where_all_is_well_it_is_short() -> None:
    assert text(orders=ALL, refunds=ALL) == [
        "orders: 1,204 in the store, 1,204 accepted",
        "refunds: 1,204 in the store, 1,204 accepted",
        "oldest event that waits: none",
        "held updates: 0",
        "requests to the store: 31",
    ]
    assert report_text.conclusion(made()) == "both ends agree"
    assert report_text.conclusion(made(agreed=False)) == "both ends do not agree"


def test_what_is_not_accepted_is_named_with_its_reason_and_the_rest_counted() -> None:
    named = (
        NotAccepted(subject="order/1021", reason="bad_total"),
        NotAccepted(subject="order/7", reason="missing"),
    )
    found = text(orders=Compared(in_store=412, accepted=405, not_accepted=named, gone=3))
    assert found[:4] == [
        "orders: 412 in the store, 405 accepted, 3 gone from the store",
        "  order/1021  bad_total",
        "  order/7     missing",
        "  and 5 more",
    ]


def test_each_kind_that_was_compared_has_its_line() -> None:
    found = text(**dict.fromkeys(KINDS, ALL))
    assert [line.partition(":")[0] for line in found[:5]] == [*KINDS]
    fields = ReconciliationReport.model_fields.items()
    assert [name for name, field in fields if field.annotation == Compared | None] == [*KINDS]


def test_days_of_refunds_that_differ_stand_beside_the_sum_of_all() -> None:
    days = (
        day("2026-11-24", "27.48", "27.48"),
        day("2026-11-23", "10.00", "4.50"),
        day("2026-11-23", "9.00", "9.00", "CHF"),
    )
    assert text(refunds=ALL, refund_days=days)[1:5] == [
        "  refunds of  currency  in the store  accepted",
        "  2026-11-23  EUR       10.00 (2)     4.50 (2)",
        "  all days    CHF       9.00 (2)      9.00 (2)",
        "  all days    EUR       37.48 (4)     31.98 (4)",
    ]


def test_where_not_all_days_are_named_the_sum_says_so() -> None:
    days = tuple(day(f"2026-{number}", "1.00", "1.00") for number in range(NAMED))
    assert "  the 100 days named  EUR       100.00 (200)  100.00 (200)" in text(
        refunds=ALL, refund_days=days
    )


def test_drift_is_a_table_and_accuracy_never_rounded_to_all() -> None:
    drifted = (
        Drifted(
            sku="MUG-1",
            product_id=10,
            field="quantity",
            shown="20",
            intended="18",
            cause=DriftCause.CHANGED_IN_STORE,
        ),
        Drifted(
            sku="CUP\x1b[2J\n-2",
            product_id=11,
            field="sale_price",
            shown=None,
            intended=None,
            cause=DriftCause.ERP_NEWER,
        ),
    )
    told = {"skus": 100_000, "accurate": 99_999, "accuracy": 1.0, "drifted": drifted}
    found = text(products=ALL, drifted_count=4, **told)
    assert found[1] == "stock: 99,999 of 100,000 SKUs show the intended figure (99.99 %)"
    assert [line.split() for line in found[2:6]] == [
        ["sku", "field", "shown", "intended", "cause"],
        ["MUG-1", "quantity", "20", "18", "changed_in_store"],
        ["CUP[2J", "-2", "sale_price", "-", "what", "the", "ERP", "said", "last", "erp_newer"],
        ["and", "2", "more"],
    ]
    assert "stock: no figure of the ERP to compare with" in text(products=ALL)


def test_what_the_store_hides_and_what_waits_is_said() -> None:
    found = text(hidden=("orders",), oldest_unsettled_seconds=7300.0, held_updates=2)
    assert found[0].startswith("orders: the store shows so much less than before")
    assert found[1:3] == ["oldest event that waits: 2 h", "held updates: 2"]


def test_what_is_not_compared_is_said_with_the_reason() -> None:
    shown = made(hidden=("orders: not compared, it shows 10 of 25",), agreed=False)
    assert "orders: not compared, it shows 10 of 25" in report_text.lines(shown)
    assert report_text.conclusion(shown) == "both ends do not agree: not all was compared"
    shown = made(hidden=("orders",), agreed=False)
    assert report_text.conclusion(shown) == "both ends do not agree"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (3 * 86_400, "3 d")],
)
def test_how_long_that_is(seconds: float, said: str) -> None:
    assert report_text.span(seconds) == said
