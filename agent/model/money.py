"""Money as decimal text: read exactly, written in one form, never a binary float."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated

from pydantic import StringConstraints

Amount = Annotated[str, StringConstraints(pattern=r"^-?(0|[1-9][0-9]*)\.[0-9]{2}([0-9]*[1-9])?$")]
"""``"4.50"``: at least two decimals, more only where they carry value, so that equal amounts are
equal text. The currency stands beside it, once per document."""

ZERO: Amount = "0.00"

_CANONICAL = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{2}")
_DIGITS_BEFORE_POINT = 15
_DIGITS_AFTER_POINT = 60  # PHP prints rounding noise such as 5.551115123125783e-17


def decimal(value: object) -> Decimal | None:
    """The exact value of a JSON string or number, None for anything that is no amount of money.

    A float counts as the digits it is printed with: 11.25 is 11.25.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        return None
    if isinstance(value, str) and ("_" in value or not value.isascii()):
        return None  # digits to Decimal, but to no shop system
    try:
        parsed = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        return None
    return parsed if _is_reasonable(parsed) else None


def amount(value: Decimal) -> Amount:
    """The one way to write a value: 4.5 is ``"4.50"``, and minus zero ``"0.00"``."""
    if not value:
        return ZERO
    units, _, fraction = f"{value:f}".partition(".")
    return f"{units}.{fraction.rstrip('0').ljust(2, '0')}"


def canonical(value: object) -> Amount | None:
    """What a store says about money as an ``Amount`` of the same value, None if it is none."""
    if isinstance(value, str) and _CANONICAL.fullmatch(value) and value != "-0.00":
        return value
    parsed = decimal(value)
    return None if parsed is None else amount(parsed)


def negated(value: Amount) -> Amount:
    """The same with the other sign; zero has none."""
    return value.removeprefix("-") if value.startswith("-") or value == ZERO else f"-{value}"


def _is_reasonable(value: Decimal) -> bool:
    """False for NaN, infinity, and exponents that would fill memory with zeros."""
    if not value.is_finite():
        return False
    exponent = value.as_tuple().exponent
    return (
        isinstance(exponent, int)
        and exponent >= -_DIGITS_AFTER_POINT
        and value.adjusted() < _DIGITS_BEFORE_POINT
    )
