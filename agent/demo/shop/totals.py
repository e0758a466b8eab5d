"""What an order costs: lines, coupons, one tax rate; every sum adds up to the cent."""

from __future__ import annotations

from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from agent.demo.shop.products import price_value

if TYPE_CHECKING:
    from agent.demo.shop.bodies import JSON
    from agent.demo.shop.coupons import Coupon
    from agent.demo.shop.state import Shop

_TAXED_COUNTRY = "DE"
_RATE = Decimal("0.19")
_RATE_ID = 1
_CENT = Decimal("0.01")
_KEPT = Decimal("0.000001")  # so exactly a shop with gross prices keeps net sums and taxes


def money(value: Decimal | str | float) -> str:
    """``"4.90"``, half cents away from zero."""
    return str(Decimal(str(value or 0)).quantize(_CENT, ROUND_HALF_UP))


def rate(fields: JSON) -> Decimal:
    """The tax rate where the order goes to; 0 where the store has none, as without an address."""
    country = fields["shipping"]["country"] or fields["billing"]["country"]
    return _RATE if country == _TAXED_COUNTRY else Decimal(0)


def net(shop: Shop, price: Decimal, quantity: int, tax_rate: Decimal) -> str:
    """The price of ``quantity`` pieces without tax, as an order line keeps it.

    Out of a gross price to more than cents: 9.99 is 8.394958 and 1.595042, shown as 8.39 and 1.60.
    """
    if not shop.prices_include_tax:
        return money(price * quantity)
    return _kept(price * quantity / (1 + tax_rate))


def shown(line: JSON) -> JSON:
    """A product line with its sums to the cent."""
    return {**line, "subtotal": money(line["subtotal"]), "total": money(line["total"])}


def discount(shop: Shop, fields: JSON, coupon: Coupon, line: JSON) -> None:
    """Takes the coupon off every product line and notes the sum in its own ``line``."""
    lines = [item for item in fields["line_items"] if Decimal(item["total"]) > 0]
    whole = sum((Decimal(item["subtotal"]) for item in lines), Decimal(0))
    left = Decimal(coupon.amount)
    taken = Decimal(0)
    for item in lines:
        subtotal, total = Decimal(item["subtotal"]), Decimal(item["total"])
        if coupon.discount_type == "percent":
            share = subtotal * Decimal(coupon.amount) / 100
        elif coupon.discount_type == "fixed_product":
            share = Decimal(coupon.amount) * item["quantity"]
        else:
            share = left if item is lines[-1] else Decimal(coupon.amount) * subtotal / whole
        share = min(Decimal(_rounded(shop, share)), total)
        item["total"] = _rounded(shop, total - share)
        left -= share
        taken += Decimal(money(total)) - Decimal(money(item["total"]))
    line["discount"] = str(price_value(taken))
    line["discount_tax"] = money(taken * rate(fields))


def recalculate(shop: Shop, fields: JSON) -> None:
    """Taxes of every line and all totals of the order, from the lines' own net sums."""
    tax_rate = rate(fields)
    for item in fields["line_items"]:
        subtotal_tax = Decimal(item["subtotal"]) * tax_rate
        item["subtotal_tax"] = _tax_money(shop, subtotal_tax)
        _tax(shop, item, tax_rate, _rounded(shop, subtotal_tax))
        item["price"] = price_value(Decimal(item["total"]) / max(1, item["quantity"]))
    for line in [*fields["shipping_lines"], *fields["fee_lines"]]:
        _tax(shop, line, tax_rate if line["tax_status"] == "taxable" else Decimal(0), "")
    cart = [*fields["line_items"], *fields["fee_lines"]]
    cart_tax = _sum(cart, "total_tax")
    shipping_tax = _sum(fields["shipping_lines"], "total_tax")
    discounts = _sum(fields["line_items"], "subtotal") - _sum(fields["line_items"], "total")
    fields["discount_total"] = money(discounts)
    fields["discount_tax"] = money(discounts * tax_rate)
    fields["shipping_total"] = money(_sum(fields["shipping_lines"], "total"))
    fields["shipping_tax"] = money(shipping_tax)
    fields["cart_tax"] = money(cart_tax)
    fields["total_tax"] = money(cart_tax + shipping_tax)
    nets = _sum(cart, "total") + _sum(fields["shipping_lines"], "total")
    fields["total"] = money(nets + cart_tax + shipping_tax)
    fields["tax_lines"] = _tax_lines(shop, fields, tax_rate, cart_tax, shipping_tax)


def _tax(shop: Shop, line: JSON, tax_rate: Decimal, subtotal: str) -> None:
    tax = Decimal(line["total"]) * tax_rate
    line["total_tax"] = _tax_money(shop, tax)
    entry = {"id": _RATE_ID, "total": _rounded(shop, tax), "subtotal": subtotal}
    line["taxes"] = [entry] if tax_rate else []


def _tax_money(shop: Shop, tax: Decimal) -> str:
    """Half a cent is the net sum's where prices are gross (wc_round_tax_total)."""
    if not shop.prices_include_tax:
        return money(tax)
    return str(Decimal(_kept(tax)).quantize(_CENT, ROUND_HALF_DOWN))


def _rounded(shop: Shop, value: Decimal) -> str:
    return _kept(value) if shop.prices_include_tax else money(value)


def _kept(value: Decimal) -> str:
    return f"{value.quantize(_KEPT, ROUND_HALF_UP).normalize():f}"


def _tax_lines(
    shop: Shop, fields: JSON, tax_rate: Decimal, cart_tax: Decimal, shipping_tax: Decimal
) -> list[JSON]:
    if not tax_rate:
        return []
    before: list[JSON] = fields["tax_lines"]
    return [
        {
            "id": before[0]["id"] if before else shop.item_id(),
            "rate_code": f"{_TAXED_COUNTRY}-VAT-1",
            "rate_id": _RATE_ID,
            "label": "VAT",
            "compound": False,
            "tax_total": money(cart_tax),
            "shipping_tax_total": money(shipping_tax),
            "rate_percent": price_value(tax_rate * 100),
            "meta_data": [],
        }
    ]


def _sum(lines: list[Any], name: str) -> Decimal:
    return sum((Decimal(money(line[name])) for line in lines), Decimal(0))
