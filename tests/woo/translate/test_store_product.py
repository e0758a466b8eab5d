"""Stock and prices as shops and their plugins show them: what each means, if anything."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from agent.model import money
from agent.model.inventory import ManagesStock
from agent.woo.translate import figures, product, store_product
from tests.woo.translate import bodies

if TYPE_CHECKING:
    from agent.model.product import StoreProduct

NOON = "2026-11-27T12:00:00"
FIGURES: list[tuple[str, str, object, object]] = [
    *(
        (price, price, shown, read)
        for price in ("regular_price", "sale_price")
        for shown, read in (
            *(("12.50", "12.50"), ("12.5", "12.5"), ("-5", "-5"), (".5", ".5"), ("15.", "15.")),
            *(("0", "0"), ("", None), ("  ", None), (None, None)),
            *((10.0, "10.00"), (10, "10.00"), (9.9, "9.90"), (0, "0.00"), (-3.5, "-3.50")),
            *((" 15.75 ", "15.75"), ("1.0E-5", "0.00001"), ("1e3", "1000.00"), ("+5", "5.00")),
            *((1e-05, "0.00001"), (5.551115123125783e-17, "0.00000000000000005551115123125783")),
        )
    ),
    *(
        ("quantity", "stock_quantity", shown, read)
        for shown, read in (
            *((7, 7), ("7", 7), (7.0, 7), ("7.0", 7), (" 7 ", 7), ("7e0", 7), ("-3", -3)),
            *((7.5, 7.5), ("7.5", 7.5), (0, 0), ("0", 0), (None, None), ("", None)),
        )
    ),
    *(
        ("manage_stock", "manage_stock", shown, read)
        for shown, read in (
            *((True, True), ("yes", True), ("true", True), ("1", True), (1, True), (" Yes ", True)),
            *((False, False), ("no", False), ("0", False), (0, False), ("", False)),
            *((None, False), ("parent", "parent")),
        )
    ),
    *(
        (name, f"date_on_{name}_gmt", shown, read)
        for name in ("sale_from", "sale_to")
        for shown, read in (
            (NOON, datetime(2026, 11, 27, 12, tzinfo=UTC)),
            *((None, None), ("", None), ("0000-00-00 00:00:00", None)),
        )
    ),
]
_NOTHING: tuple[Any, ...] = (*([], {}, [10], {"amount": 10}), "abc", "NaN", float("inf"))
UNREADABLE: list[tuple[str, str, object]] = [
    *(
        (price, price, shown)
        for price in ("regular_price", "sale_price")
        for shown in (
            *(*_NOTHING, True, False, "12,50", "1.234,56", "12.50 EUR", "€ 12", "١٢", "1_000"),
            *("1 000", "--5", "1e999", "9" * 40, 2**70, "\u00a012.50"),
        )
    ),
    *(
        ("quantity", "stock_quantity", shown)
        for shown in (*_NOTHING, True, False, "10,5", "7 pcs", ">10", 2**70, "1e99", "\u00a07")
    ),
    *(("manage_stock", "manage_stock", shown) for shown in (*_NOTHING, "maybe", 7, -1)),
    *(
        (name, f"date_on_{name}_gmt", shown)
        for name in ("sale_from", "sale_to")
        for shown in (*_NOTHING, True, 20261127, "27.11.2026", "tomorrow")
    ),
]


def read(**row: Any) -> StoreProduct:
    """MUG-1 as it was recorded, with those fields."""
    found = store_product.read(bodies.rest("products_by_skus_fields")[0] | row)
    assert found is not None
    return found


@pytest.mark.parametrize(("name", "field", "shown", "value"), FIGURES, ids=repr)
def test_a_figure_means_the_same_whatever_its_type(
    name: str, field: str, shown: object, value: object
) -> None:
    found = read(**{field: shown})
    assert (found.values[name], type(found.values[name])) == (value, type(value))
    assert found.unreadable == {}
    assert found.manages_stock == found.values["manage_stock"]


@pytest.mark.parametrize(("name", "field", "shown"), UNREADABLE, ids=repr)
def test_what_says_no_figure_is_named_and_not_guessed_at(
    name: str, field: str, shown: object
) -> None:
    found = read(**{field: shown})
    assert found.values[name] is None
    assert found.unreadable == {name: f"{field} is not usable"}


def test_a_field_that_is_missing_can_not_be_read() -> None:
    found = store_product.read({"id": 10})
    assert found is not None
    fields = ("stock_quantity", "regular_price", "sale_price", "manage_stock")
    dates = ("date_on_sale_from_gmt", "date_on_sale_to_gmt")
    assert set(found.unreadable.values()) == {f"{field} is missing" for field in (*fields, *dates)}
    assert found.unreadable.keys() == found.values.keys()
    assert found.manages_stock is False


@pytest.mark.parametrize(("name", "field", "shown", "value"), FIGURES, ids=repr)
def test_a_webhook_tells_what_rest_reads(
    name: str, field: str, shown: object, value: object
) -> None:
    told = product.translate(bodies.rest("product_create_simple") | {field: shown})
    if isinstance(value, str) and "price" in name:
        value = money.canonical(value)
    if name == "manage_stock":
        name, value = "manages_stock", {"True": "yes", "False": "no"}.get(str(value), value)
    assert getattr(told, name) == value
    assert told.anomalies == ()


@pytest.mark.parametrize(
    ("name", "field", "shown"), [case for case in UNREADABLE if "sale_" not in case[0]], ids=repr
)
def test_a_webhook_says_what_it_could_not_read(name: str, field: str, shown: object) -> None:
    told = product.translate(bodies.rest("product_create_simple") | {field: shown})
    assert told.anomalies == ("amount_unreadable",)
    if name == "manage_stock":
        assert told.manages_stock is ManagesStock.NO
    else:
        assert getattr(told, name) is None


@pytest.mark.parametrize(
    ("field", "core", "plugins"),
    [
        ("regular_price", "10.00", [10, 10.0, " 10.00 "]),
        ("price", "10.00", [10, 10.0]),
        ("stock_quantity", 7, ["7", 7.0, " 7"]),
        ("manage_stock", True, ["yes", 1, "1"]),
    ],
)
def test_equal_figures_have_one_digest_in_an_answer_and_a_webhook(
    field: str, core: object, plugins: list[object]
) -> None:
    row = bodies.rest("product_create_simple")
    for shown in plugins:
        for digest in (figures.digest, figures.stock):
            assert digest(row | {field: shown}) == digest(row | {field: core})
