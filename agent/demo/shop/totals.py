"""What an order costs: lines, coupons, one tax rate; every sum adds up to the cent."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
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


def money(value: Decimal | str | float) -> str:
    """``"4.90"``, half cents away from zero."""
    return str(Decimal(str(value or 0)).quantize(_CENT, ROUND_HALF_UP))


def rate(fields: JSON) -> Decimal:
    """The tax rate where the order goes to; 0 where the store has none, as without an address."""
    country = fields["shipping"]["country"] or fields["billing"]["country"]
    return _RATE if country == _TAXED_COUNTRY else Decimal(0)


def net(shop: Shop, price: Decimal, quantity: int, tax_rate: Decimal) -> str:
    """The price of ``quantity`` pieces without tax, as an order line keeps it."""
    divisor = 1 + tax_rate if shop.prices_include_tax else 1
    return money(price * quantity / divisor)


def discount(fields: JSON, coupon: Coupon, line: JSON) -> None:
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
        share = min(Decimal(money(share)), total)
        item["total"] = money(total - share)
        left -= share
        taken += share
    line["discount"] = str(price_value(taken))
    line["discount_tax"] = money(taken * rate(fields))


def recalculate(shop: Shop, fields: JSON) -> None:
    """Taxes of every line and all totals of the order, from the lines' own net sums."""
    tax_rate = rate(fields)
    for item in fields["line_items"]:
        item["subtotal_tax"] = money(Decimal(item["subtotal"]) * tax_rate)
        _tax(item, tax_rate, item["subtotal_tax"])
        item["price"] = price_value(Decimal(item["total"]) / max(1, item["quantity"]))
    for line in [*fields["shipping_lines"], *fields["fee_lines"]]:
        _tax(line, tax_rate if line["tax_status"] == "taxable" else Decimal(0), "")
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


def _tax(line: JSON, tax_rate: Decimal, subtotal: str) -> None:
    line["total_tax"] = money(Decimal(line["total"]) * tax_rate)
    entry = {"id": _RATE_ID, "total": line["total_tax"], "subtotal": subtotal}
    line["taxes"] = [entry] if tax_rate else []


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
    return sum((Decimal(line[name]) for line in lines), Decimal(0))
