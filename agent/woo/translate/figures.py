"""Stock and prices of a product, whatever PHP or a plugin made of their type: the one reader of
them, and digests of what our writes change and their answers show. Pure.

The same fields with the same values are in the answers of ``products/batch`` and
``variations/batch`` and in the webhooks that follow (recordings products_batch_mixed and 38,
variations_batch_mixed and 40, 41), whatever else differs between the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from agent.model import content, money
from agent.woo.translate import fields
from agent.woo.translate.errors import UnreadableFigureError

_FIELDS = (
    *("price", "regular_price", "sale_price", "date_on_sale_from_gmt", "date_on_sale_to_gmt"),
    *("on_sale", "purchasable", "manage_stock", "stock_quantity", "stock_status", "backordered"),
)
# The dates in site time say the same as those in UTC.
NAMES = frozenset({*_FIELDS, "date_on_sale_from", "date_on_sale_to"})
_STOCK = ("manage_stock", "stock_quantity", "stock_status")
_DECIMAL = re.compile(r"-?([0-9]+\.?[0-9]*|\.[0-9]+)")
_BLANKS = " \t\r\n"
_YES = frozenset({"yes", "true", "1", "on"})  # as WooCommerce's wc_string_to_bool
_NO = frozenset({"no", "false", "0", "off", ""})


def price(value: object) -> str | None:
    """Decimal text: as it stands where WooCommerce may have written it, in canonical form where a
    plugin made a number of it, or another spelling. None for no price. Commas are not guessed at.
    Raises UnreadableFigureError."""
    if _is_none(value):
        return None
    exact = money.decimal(value)
    if exact is None:
        raise UnreadableFigureError
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return value
    return money.amount(exact)


def quantity(value: object) -> int | float | None:
    """Stock, an int where it is whole; None for none. Raises UnreadableFigureError."""
    if _is_none(value):
        return None
    units = fields.number(value)
    if units is None:
        raise UnreadableFigureError
    return units


def manages_stock(value: object) -> bool | str:
    """True, False, or ``"parent"`` for a variation whose parent does it. Raises
    UnreadableFigureError."""
    if value is None or isinstance(value, bool):
        return value is True
    word = value.strip(_BLANKS).lower() if isinstance(value, str) else str(fields.whole(value))
    if word == "parent":
        return word
    if word not in _YES | _NO:
        raise UnreadableFigureError
    return word in _YES


def moment(value: object) -> datetime | None:
    """A ``*_gmt`` date; None for none, which MySQL may write as the year 0. Raises
    UnreadableFigureError."""
    if _is_none(value) or (isinstance(value, str) and value.startswith("0000-00-00")):
        return None
    at = fields.moment(value)
    if at is None:
        raise UnreadableFigureError
    return at


def stock(product: Mapping[str, Any]) -> bytes:
    """Equal for equal stock, whatever the prices."""
    return content.digest([_plain(product, name) for name in _STOCK])


def digest(product: Mapping[str, Any]) -> bytes:
    """Equal for equal figures, in an answer and in a webhook."""
    return content.digest([_plain(product, name) for name in _FIELDS])


_READERS: Mapping[str, Callable[[object], object]] = {
    "price": price,
    "regular_price": price,
    "sale_price": price,
    "stock_quantity": quantity,
    "manage_stock": manages_stock,
}


def _plain(product: Mapping[str, Any], name: str) -> object:
    """The value as WooCommerce itself would show it; as it stands where there is none, or none that
    can be read."""
    value = product.get(name)
    reader = _READERS.get(name)
    if reader is None or _is_none(value):
        return value
    try:
        return reader(value)
    except UnreadableFigureError:
        return value


def _is_none(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip(_BLANKS))
