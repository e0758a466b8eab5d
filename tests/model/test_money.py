"""Money keeps its value and has one form."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from agent.model import money

_AMOUNT = TypeAdapter(money.Amount)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("56.41", "56.41"),
        ("4.5", "4.50"),
        ("-10.00", "-10.00"),
        ("-0.00", "0.00"),
        ("1000", "1000.00"),
        ("007.10", "7.10"),
        (" 4.5 ", "4.50"),
        ("1.0E-5", "0.00001"),
        ("8.394958", "8.394958"),
        ("0.1000", "0.10"),
        (11.25, "11.25"),
        (0.1, "0.10"),
        (18, "18.00"),
        (Decimal("12.9"), "12.90"),
        (7.563025210084033, "7.563025210084033"),
        (5.551115123125783e-17, "0.00000000000000005551115123125783"),
    ],
)
def test_what_a_store_says_becomes_canonical_text_of_the_same_value(
    said: object, meant: str
) -> None:
    assert money.canonical(said) == meant


@pytest.mark.parametrize(
    "said",
    [
        *("", "abc", "1,50", "1_000", "NaN", "Infinity", "1e999999", "٣", "1e-999"),
        *(None, True, [], {}, float("nan"), float("inf"), 1e300, 10**400, Decimal("NaN")),
    ],
)
def test_what_is_no_amount_is_none(said: object) -> None:
    assert money.canonical(said) is None


@given(st.decimals(min_value=-(10**14), max_value=10**14, places=4))
def test_canonical_text_keeps_the_value_and_fits_the_type(value: Decimal) -> None:
    text = money.amount(value)
    assert Decimal(text) == value
    assert _AMOUNT.validate_python(text) == text
    assert money.canonical(text) == text


@pytest.mark.parametrize("text", ["4.5", "4", "4.500", "04.50", "+4.50", "4,50", "1e2", ""])
def test_the_type_takes_the_canonical_form_only(text: str) -> None:
    with pytest.raises(ValidationError):
        _AMOUNT.validate_python(text)


@pytest.mark.parametrize(
    ("value", "other"), [("4.50", "-4.50"), ("-0.125", "0.125"), ("0.00", "0.00")]
)
def test_the_other_sign(value: str, other: str) -> None:
    assert (money.negated(value), money.negated(other)) == (other, value)
