"""Adds an order up again: which of its totals its parts do not give."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agent.woo.translate import fields

_FORMATTED_ALIKE = ("total", "total_tax", "discount_total", "shipping_total")
_MOST_PLACES = 8


def added(parts: Iterable[Mapping[str, Any]], key: str) -> Decimal:
    """The sum of one amount over canonical parts."""
    return sum((Decimal(part[key]) for part in parts), Decimal(0))


def mismatches(data: Mapping[str, Any], *, unit: Decimal) -> set[str]:
    """The anomalies of a canonical order; ``unit`` is the last place of its amounts.

    WooCommerce rounds each part on its own and the total from exact figures, so that n parts may
    miss it by n half units; more is no rounding.
    """
    lines, totals = data["lines"], {key: Decimal(text) for key, text in data["totals"].items()}
    priced = [*lines, *data["shipping_lines"], *data["fee_lines"]]
    taxed = data["tax_lines"]
    goods = added(lines, "total")

    def misses(total: str, value: Decimal, parts: int) -> bool:
        return abs(totals[total] - value) > parts * unit / 2

    found = set()
    charged = goods + totals["fees"] + totals["shipping"] + totals["tax"]
    if misses("total", charged, len(priced) + 1):
        found.add("total_mismatch")
    taken_off = added(lines, "subtotal_tax") - added(lines, "total_tax")
    if misses("discount", totals["subtotal"] - goods, 2 * len(lines)) or misses(
        "discount_tax", taken_off, 2 * len(lines)
    ):
        found.add("discount_mismatch")
    shipping = data["shipping_lines"]
    if misses("shipping", added(shipping, "total"), len(shipping)) or misses(
        "shipping_tax", added(shipping, "total_tax"), len(shipping)
    ):
        found.add("shipping_mismatch")
    by_rate = added(taxed, "amount") + added(taxed, "shipping_amount")
    if misses("tax", added(priced, "total_tax"), len(priced)) or misses(
        "tax", by_rate, 2 * len(taxed)
    ):
        found.add("tax_mismatch")
    if totals["refunded"] > totals["total"]:
        found.add("refund_exceeds_total")
    return found


def last_place(body: fields.Row) -> Decimal:
    """0.01 where the store writes ``"56.41"``, 1 where it keeps no decimals (yen)."""
    written = [value for key in _FORMATTED_ALIKE if isinstance(value := body.get(key), str)]
    places = max((len(value.partition(".")[2]) for value in written), default=2)
    return Decimal(1).scaleb(-min(places, _MOST_PLACES))
