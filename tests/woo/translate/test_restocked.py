"""Which of an order's refunds put units back, from the one sum that the store keeps per line."""

from __future__ import annotations

from typing import Any

import pytest

from agent.woo.translate import restocked
from tests import recordings


def order(units: int) -> dict[str, Any]:
    return {"line_items": [{"id": 12, "meta_data": [_meta("_restock_refunded_items", units)]}]}


def refund(number: int, units: int, **known: int | None) -> dict[str, Any]:
    line = {"id": number * 10, "quantity": -units, "meta_data": [_meta("_refunded_item_id", 12)]}
    return {"id": number, "line_items": [line | known]}


def _meta(key: str, value: int) -> dict[str, Any]:
    return {"key": key, "value": str(value)}


def shares(
    of: dict[str, Any], refunds: list[dict[str, Any]], past: list[dict[str, Any] | None]
) -> list[int | None]:
    found = restocked.completed(of, refunds, past)
    return [line["restocked_quantity"] for one in found for line in one["line_items"]]


@pytest.mark.parametrize(
    ("sum_", "units", "found"),
    [
        (0, [2], [0]),
        (2, [2], [2]),
        (1, [2], [1]),
        (3, [2], [None]),  # more than it can be
        (0, [1, 2], [0, 0]),
        (3, [1, 2], [1, 2]),
        (1, [1, 2], [None, None]),  # of either
        (0, [0], [0]),  # money alone
    ],
)
def test_of_new_refunds(sum_: int, units: list[int], found: list[int | None]) -> None:
    refunds = [refund(number, some) for number, some in enumerate(units, start=1)]
    assert shares(order(sum_), refunds, []) == found


def test_what_was_found_out_before_stays_and_tells_the_rest() -> None:
    refunds = [refund(1, 1), refund(2, 1)]
    assert shares(order(1), refunds, [refund(1, 1, restocked_quantity=1)]) == [1, 0]
    assert shares(order(1), refunds, [refund(1, 1, restocked_quantity=0)]) == [0, 1]
    assert shares(order(2), refunds, [refund(1, 1, restocked_quantity=None)]) == [None, None]


def test_a_deleted_refund_keeps_its_share_and_a_lost_one_makes_it_unknown() -> None:
    assert shares(order(1), [refund(2, 1)], [refund(1, 1, restocked_quantity=1)]) == [0]
    assert shares(order(1), [refund(2, 1)], [None]) == [None]
    assert shares(order(1), [refund(2, 1)], [{"id": 1}]) == [None]  # its body was not kept


def test_the_recorded_refund_put_its_mug_back() -> None:
    of = recordings.webhook(25).json()
    [row, *_] = recordings.rest("refund_list")["response"]["body"]
    assert shares(of, [row], []) == [1]
    assert shares({"line_items": []}, [row], []) == [None]


@pytest.mark.parametrize("unreadable", [[1], {"id": 1}, "x", None])
def test_an_id_that_is_none_stops_nothing(unreadable: object) -> None:
    new = refund(1, 2)
    new["line_items"][0]["id"] = unreadable
    past = refund(2, 1, restocked_quantity=1)
    past["line_items"][0]["id"] = unreadable
    assert shares(order(2), [new], []) == [2]
    assert shares(order(3), [refund(3, 2)], [past]) == [2]
