"""What is put right, given the figure in force: lowered always, raised only where we wrote."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agent.model.delivery import State
from agent.model.in_force import Check, InForce
from agent.model.stock import Snapshot
from agent.model.update import StockUpdate
from agent.updates import checks
from agent.updates.figures import Figures
from tests.updates.rows import NOW, product, read, stock

TIMEOUT = timedelta(seconds=90)


def outcome(
    shown: list[Any], *, unchecked: bool = False, sold: int = 0, quantity: int = 18
) -> tuple[dict[int, Any], int]:
    """What is written, by product, and how many checks are good, with a figure in force."""
    update = read(stock(1, quantity))
    assert isinstance(update, StockUpdate)
    snapshot = Snapshot(1, "order/1", 1, shown[0].id, sold, sold, State.PENDING)
    found = checks.decide(
        [Check(shown[0].id, 1, unchecked=unchecked)],
        {one.id: one for one in shown},
        {"MUG-1": shown},
        {"MUG-1": InForce(update, NOW)},
        Figures({shown[0].id: [snapshot]} if sold else {}),
    )
    return {w.product.id: w.values["quantity"] for w in found.writes}, len(found.good)


@pytest.mark.parametrize(
    ("stands", "sold", "unchecked", "written"),
    [
        (18, 0, False, None),
        (20, 0, False, 18),
        (16, 0, False, None),  # a return that the ERP has not seen adds nothing
        (16, 0, True, 18),
        (18, 2, False, 16),
        (18, 2, True, 16),
        (16, 2, True, None),
        (None, 0, False, 18),
    ],
)
def test_what_stands_against_the_figure(
    stands: int | None, sold: int, unchecked: bool, written: int | None
) -> None:
    shown = product(quantity=stands)
    expected = ({}, 1) if written is None else ({shown.id: written}, 0)
    assert outcome([shown], sold=sold, unchecked=unchecked) == expected


def test_a_sale_of_one_lowers_all_that_share_its_sku() -> None:
    shown = [product(quantity=16), product(id=11, quantity=18), product(id=12, quantity=3)]
    assert outcome(shown, sold=2) == ({11: 16}, 1)


def test_stock_that_is_not_managed_is_left_alone() -> None:
    assert outcome([product(quantity=40, manages_stock=False)]) == ({}, 1)
    assert outcome([product(quantity=40, manages_stock="parent")]) == ({}, 1)


def test_a_product_without_a_figure_or_that_is_gone_is_done_with() -> None:
    gone = checks.decide([Check(10, 1, unchecked=True)], {}, {}, {}, Figures())
    assert (gone.writes, len(gone.good)) == ((), 1)
    shown = product(quantity=40)
    none = checks.decide(
        [Check(10, 1, unchecked=True)], {10: shown}, {"MUG-1": [shown]}, {}, Figures()
    )
    assert (none.writes, len(none.good)) == ((), 1)


@pytest.mark.parametrize(
    ("since_s", "again_s"), [(None, None), (1, 90), (90, 300), (120, 300), (300, None)]
)
def test_an_ambiguous_write_is_looked_at_twice_more(
    since_s: float | None, again_s: float | None
) -> None:
    at = None if since_s is None else NOW - timedelta(seconds=since_s)
    check = Check(10, 1, unchecked=True, ambiguous_at=at)
    expected = None if at is None or again_s is None else at + timedelta(seconds=again_s)
    assert checks.conclude(check, NOW, TIMEOUT, is_doubtful=False).again_at == expected
