"""The fields of WooCommerce as they were recorded, and back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.product import ItemWrite
from agent.woo import wire
from agent.woo.translate import store_product
from tests import recordings

SHIRT = {"id": 12, "type": "variation", "sku": "SHIRT-S"}


def test_recorded_rows_are_read_with_their_quirks() -> None:
    rows = recordings.rest("products_by_skus_fields")["response"]["body"]
    read = [store_product.read(row) for row in rows]
    for row, product in zip(rows, read, strict=True):
        assert product is not None
        assert (product.id, product.sku) == (row["id"], row["sku"])
    unmanaged = recordings.rest("product_update_stock_unmanaged")["response"]["body"]
    product = store_product.read(unmanaged)
    assert product is not None
    assert (product.manages_stock, product.values["quantity"]) == (False, None)


@pytest.mark.parametrize("name", ["products_batch_mixed", "variations_batch_mixed"])
def test_a_recorded_batch_gives_an_answer_or_the_error_of_each_item(name: str) -> None:
    recorded = recordings.rest(name)
    rows = recorded["response"]["body"]["update"]
    writes = [
        ItemWrite(shown, {})
        for row in recorded["request"]["body"]["update"]
        if (shown := store_product.read(row | {"type": "simple"})) is not None
    ]
    answers = wire.answers(recorded["response"]["body"], writes, 11)
    assert [*answers] == [row["id"] for row in rows]
    for row in rows:
        answer = answers[row["id"]]
        if "error" in row:
            assert (answer.product, answer.code) == (None, row["error"]["code"])
            assert answer.message == row["error"]["message"]
        else:
            assert answer.product is not None
            assert answer.product.id == row["id"]
    assert {answer.product is None for answer in answers.values()} == {True, False}


def test_what_an_answer_does_not_say_of_a_product_is_not_known() -> None:
    shirt = store_product.read(SHIRT)
    assert shirt is not None
    write = ItemWrite(shirt, {"quantity": 1})
    stands = SHIRT | {"stock_quantity": 1}
    rows: list[Any] = [None, {}, [], 12, "12", {"id": 13}, {"id": "12"}, {"id": True}, SHIRT]
    rows += [{"error": {"code": "e"}}, {"id": 12, "error": "no"}, {"id": 13, "error": {}}]
    for row in rows:
        assert wire.answers({"update": [row]}, [write], 11) == {}, row
        assert wire.answers({"update": [row, stands]}, [write], 11).keys() <= {12}
    bodies: list[Any] = [None, [], {}, {"update": None}, {"update": {"id": 12}}]
    for body in [*bodies, {"create": [stands]}]:
        assert wire.answers(body, [write], 11) == {}
    refused = wire.answers({"update": [{"id": 12, "error": {}}]}, [write], 11)
    assert (refused[12].product, refused[12].code) == (None, "error")


_SENT = {number: number * 10 for number in range(1, 7)}
"""Product id → the stock that is written."""


def _row(number: int, *, refused: bool) -> dict[str, Any]:
    if refused:
        return {"id": number, "error": {"code": f"no-{number}", "message": "", "data": {}}}
    return SHIRT | {"id": number, "stock_quantity": _SENT[number], "manage_stock": True}


@st.composite
def _answered(draw: st.DrawFn) -> tuple[set[int], list[Any], set[int], set[int]]:
    """Which of the products were refused, the rows of an answer in any order, and the products
    that it leaves out, or answers for in two ways."""
    refused = draw(st.sets(st.sampled_from([*_SENT])))
    missing = draw(st.sets(st.sampled_from([*_SENT])))
    rows: list[Any] = [_row(n, refused=n in refused) for n in _SENT if n not in missing]
    disputed = draw(st.sets(st.sampled_from([*_SENT]))) - missing
    rows += [_row(number, refused=number not in refused) for number in disputed]
    rows += draw(st.lists(st.sampled_from(rows))) if rows else []
    rows += draw(
        st.lists(st.sampled_from([None, {}, 7, _SENT, {"id": 99}, {"id": 99, "error": {}}]))
    )
    return refused, draw(st.permutations(rows)), missing, disputed


@given(_answered())
def test_each_row_is_the_answer_for_the_product_it_names(
    answered: tuple[set[int], list[Any], set[int], set[int]],
) -> None:
    refused, rows, missing, disputed = answered
    shown = [store_product.read({"id": number}) for number in _SENT]
    writes = [ItemWrite(one, {"quantity": _SENT[one.id]}) for one in shown if one is not None]
    answers = wire.answers({"update": rows}, writes, 0)
    assert answers.keys() == _SENT.keys() - missing - disputed
    for number, answer in answers.items():
        if number in refused:
            assert (answer.product, answer.code) == (None, f"no-{number}")
        else:
            assert answer.product is not None
            assert (answer.product.id, answer.product.values["quantity"]) == (
                number,
                _SENT[number],
            )


def test_a_variation_that_does_not_name_its_parent_gets_the_one_it_was_asked_of() -> None:
    named, unnamed = (
        store_product.read(SHIRT | {"parent_id": 5}, parent_id=11),
        store_product.read(SHIRT),
    )
    given = store_product.read(SHIRT, parent_id=11)
    assert [product and product.parent_id for product in (named, unnamed, given)] == [5, 0, 11]


@pytest.mark.parametrize(
    ("parent_id", "kind", "is_variation"),
    [
        (20, "variation", True),
        (20, "", True),  # before WooCommerce 9 rows of variations have no type
        (20, "subscription_variation", True),
        (0, "simple", False),
        (0, "", False),
        (0, "variation", False),  # there is no route to it
        (20, "simple", False),  # who has a parent for another reason stands by itself
        (20, "variable", False),
    ],
)
def test_a_variation_is_what_has_a_parent(parent_id: int, kind: str, is_variation: bool) -> None:
    product = store_product.read({"id": 12, "parent_id": parent_id, "type": kind})
    assert product is not None
    assert product.is_variation is is_variation


def test_an_answer_leaves_what_it_does_not_tell_as_it_was_known() -> None:
    [row, *_] = recordings.rest("variations_batch_mixed")["response"]["body"]["update"]
    known = store_product.read(row | {"type": "variation"}, parent_id=11)
    assert known is not None
    told = {name: row[name] for name in ("id", "stock_quantity", "manage_stock")}
    answers = wire.answers({"update": [told]}, [ItemWrite(known, {"quantity": 3})], 11)
    shown = answers[row["id"]].product
    assert shown is not None
    assert (shown.type, shown.sku, shown.status, shown.parent_id, shown.is_variation) == (
        *("variation", known.sku, known.status, 11),
        True,
    )


@pytest.mark.parametrize(
    ("field", "one", "other", "same"),
    [
        ("regular_price", "12.9", "12.90", True),
        ("sale_price", "12.9", "12.91", False),
        ("sale_price", None, "0", False),
        ("sale_price", None, None, True),
        ("quantity", 5, 5, True),
        ("quantity", 5.5, 5, False),
        ("quantity", None, 0, False),
        ("manage_stock", "parent", True, False),
        (
            "sale_to",
            datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC),
            datetime(2026, 11, 30, 23, 59, 59, 999_999, tzinfo=UTC),
            True,
        ),
        ("sale_to", datetime(2026, 11, 30, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC), False),
    ],
)
def test_two_values_are_the_same_if_they_are_one_figure(
    field: str, one: object, other: object, same: bool
) -> None:
    assert wire.same(field, one, other) is same
    assert wire.same(field, other, one) is same


def test_an_item_has_its_id_and_the_fields_to_set_and_never_the_type() -> None:
    shirt = store_product.read(SHIRT)
    assert shirt is not None
    values: dict[str, Any] = {
        "quantity": 3,
        "regular_price": "9.90",
        "sale_price": None,
        "sale_from": datetime(2026, 11, 27, 1, 2, 3, 4, tzinfo=UTC),
        "sale_to": None,
        "manage_stock": True,
    }
    assert wire.item(ItemWrite(shirt, values)) == {
        "id": 12,
        "stock_quantity": 3,
        "regular_price": "9.90",
        "sale_price": "",
        "date_on_sale_from_gmt": "2026-11-27T01:02:03",
        "date_on_sale_to_gmt": "",
        "manage_stock": True,
    }
