"""What has to be read, because it is not known as the store shows it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from agent.reconcile import differences
from tests.reconcile.fakes import AT, listed, told

if TYPE_CHECKING:
    from datetime import datetime

    from agent.model.listed import Told

SECOND = timedelta(seconds=1)
BEFORE, AFTER = AT - SECOND, AT + SECOND


@pytest.mark.parametrize(
    ("shown", "known", "differs"),
    [(b"1", b"1", False), (b"2", b"1", True), (b"2", b"", False), (b"", b"1", False)],
)
def test_an_order_with_other_sums_differs_though_its_date_stands_still(
    shown: bytes, known: bytes, differs: bool
) -> None:
    """Of one that an earlier version told of no sums are kept: it is not read for that alone."""
    row = listed("order/1", figures=shown)
    assert differences.differ(row, told("order/1", figures=known), AT) is differs


@pytest.mark.parametrize(
    ("created", "changed", "ours"),
    [
        (AT, None, True),  # in that very second
        (BEFORE, None, False),
        (BEFORE, BEFORE, False),
        (BEFORE, AT, True),
        (AFTER, BEFORE, True),  # a body that says so is not ours to doubt
        (None, AT, True),
        (None, BEFORE, False),
        (None, None, False),
    ],
)
def test_what_was_never_told_counts_from_going_live_on(
    created: datetime | None, changed: datetime | None, ours: bool
) -> None:
    row = listed("order/1", created_at=created, changed_at=changed)
    assert differences.is_ours(row, None, AT) is ours
    assert differences.differ(row, None, AT) is ours


def test_what_was_told_counts_however_old_it_is() -> None:
    row = listed("order/1", created_at=BEFORE, changed_at=None)
    assert differences.is_ours(row, told("order/1"), AT)
    assert not differences.differ(row, told("order/1"), AT)


@pytest.mark.parametrize(
    ("shown", "known", "differs"),
    [
        (AT, AT, False),
        (AFTER, AT, True),
        (BEFORE, AT, False),  # a webhook came after the list was made
        (AT, None, True),
        (None, AT, False),
        (None, None, False),
    ],
)
@pytest.mark.parametrize("figures", [b"", b"7 pieces"])
def test_a_newer_date_is_a_difference(
    shown: datetime | None, known: datetime | None, differs: bool, figures: bytes
) -> None:
    row = listed("product/1", changed_at=shown, figures=figures)
    one = told("product/1", changed_at=known, figures=figures)
    assert differences.differ(row, one, AT) is differs


@pytest.mark.parametrize("shown", [BEFORE, AT, None])
def test_other_figures_are_a_difference_whatever_the_dates_say(shown: datetime | None) -> None:
    """Plugins write past WooCommerce, which then keeps the date."""
    row = listed("product/1", changed_at=shown, figures=b"6 pieces")
    assert differences.differ(row, told("product/1", figures=b"7 pieces"), AT)


@pytest.mark.parametrize(
    ("status", "differs"), [("trash", False), ("processing", True), ("", True)]
)
def test_what_was_deleted_differs_where_it_is_back(status: str, differs: bool) -> None:
    row = listed("order/1", status=status, changed_at=AFTER, figures=b"other")
    assert differences.differ(row, told("order/1", deleted=True), AT) is differs


@pytest.mark.parametrize(
    ("known", "order", "orders"),
    [
        (told("refund/5", figures=b"4.50"), told("order/1"), []),
        (None, told("order/1"), ["order/1"]),
        (told("refund/5", figures=b"4.00"), told("order/1"), ["order/1"]),
        (told("refund/5", figures=b"4.50", deleted=True), told("order/1"), ["order/1"]),
        (None, None, ["order/1"]),
    ],
)
def test_refunds_are_read_with_their_order(
    known: Told | None, order: Told | None, orders: list[str]
) -> None:
    rows = [listed(f"refund/{n}", figures=b"4.50", parent="order/1") for n in (5, 5)]
    both = {one.subject: one for one in (known, order) if one is not None}
    assert differences.refunds_of(rows, both) == orders


def test_a_store_that_was_restored_from_a_backup_shows_what_is_older() -> None:
    row, one = listed("order/1", changed_at=BEFORE), told("order/1", sequence=7)
    assert differences.differ(row, one, AT, began=7)
    assert not differences.differ(row, one, AT, began=6)  # a webhook came after the list was made


@pytest.mark.parametrize(
    ("known", "order", "owed"),
    [
        (None, None, True),
        (None, told("order/1"), True),
        (None, told("order/1", deleted=True), False),  # the trash keeps refunds
        (told("refund/5"), told("order/1", deleted=True), True),
    ],
)
def test_refunds_of_an_order_that_was_told_to_be_gone_are_not_owed(
    known: Told | None, order: Told | None, owed: bool
) -> None:
    both = {one.subject: one for one in (known, order) if one is not None}
    assert differences.is_owed(listed("refund/5", parent="order/1"), both, {1}) is owed


def test_a_refund_without_an_order_that_the_store_shows_is_left_over() -> None:
    row = listed("refund/5", parent="order/1")
    assert not differences.is_owed(row, {}, {2})
    assert not differences.is_owed(listed("refund/5"), {}, {2})
    assert differences.is_owed(row, {"refund/5": told("refund/5")}, {2})


def test_gone_is_what_was_told_before_the_list_and_is_not_in_it() -> None:
    many = [
        told("order/1", sequence=7),
        told("order/2", sequence=7),
        told("order/3", sequence=7, deleted=True),
        told("order/4", sequence=8),  # came while the list was read
    ]
    gone = differences.gone(many, {1}, up_to=7)
    assert [one.subject for one in gone] == ["order/2"]


@pytest.mark.parametrize(
    ("missing", "known", "believed"),
    [(0, 0, True), (20, 20, True), (21, 21, False), (21, 210, True), (22, 219, False)],
)
def test_a_store_that_shows_much_less_than_before_is_not_believed(
    missing: int, known: int, believed: bool
) -> None:
    assert differences.is_believable(missing, known) is believed
