"""What a list of orders tells beside the dates."""

from __future__ import annotations

from typing import Any

import pytest

from agent.woo.lists import KINDS
from agent.woo.translate import order_figures
from tests import recordings

BODY = recordings.webhook(25).json()
LINE = BODY["line_items"][0]


def test_a_row_of_the_list_tells_the_same_as_the_whole_order() -> None:
    asked = KINDS["orders"].fields.split(",")
    row = {name: value for name, value in BODY.items() if name in asked}
    assert order_figures.digest(row) == order_figures.digest(BODY) != b""


@pytest.mark.parametrize(
    "change",
    [
        {"total": "1.00"},
        {"total_tax": "1.00"},
        {"refunds": []},
        {"refunds": [{**BODY["refunds"][0], "total": "-1.00"}]},
        {"line_items": BODY["line_items"][1:]},
        {"line_items": [{**LINE, "quantity": 99}, *BODY["line_items"][1:]]},
        {"line_items": [{**LINE, "id": 99}, *BODY["line_items"][1:]]},
    ],
)
def test_sums_lines_and_refunds_count(change: dict[str, Any]) -> None:
    assert order_figures.digest(BODY | change) != order_figures.digest(BODY)


@pytest.mark.parametrize(
    "change",
    [
        {"line_items": BODY["line_items"][::-1]},
        {"line_items": [{**one, "quantity": str(one["quantity"])} for one in BODY["line_items"]]},
        {"total": f"{BODY['total']}00"},
        {"date_modified_gmt": "2030-01-01T00:00:00"},
        {"status": "completed"},
    ],
)
def test_how_it_is_written_and_what_a_date_tells_do_not(change: dict[str, Any]) -> None:
    assert order_figures.digest(BODY | change) == order_figures.digest(BODY)


@pytest.mark.parametrize("name", order_figures.NAMES)
def test_what_is_not_shown_is_not_compared(name: str) -> None:
    assert order_figures.digest({k: v for k, v in BODY.items() if k != name}) == b""
