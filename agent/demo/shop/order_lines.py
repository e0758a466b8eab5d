"""The lines of an order: products, shipping, fees and coupons, as sent and as kept."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agent.demo.shop import bodies, php, stock, totals
from agent.demo.shop.products import amount, price, price_value
from agent.demo.shop.refusal import Refusal

if TYPE_CHECKING:
    from agent.demo.shop.bodies import JSON
    from agent.demo.shop.catalog import Product
    from agent.demo.shop.coupons import Coupon
    from agent.demo.shop.state import Shop

KINDS = ("line_items", "shipping_lines", "fee_lines", "coupon_lines")


def add_all(shop: Shop, fields: JSON, sent: JSON) -> None:
    """The lines of a new order; coupons come off the product lines last."""
    for line in sent.get("line_items") or ():
        fields["line_items"].append(_product_line(shop, fields, line))
    for line in sent.get("shipping_lines") or ():
        fields["shipping_lines"].append(_shipping_line(shop, line))
    for line in sent.get("fee_lines") or ():
        fields["fee_lines"].append(_fee_line(shop, line))
    for line in sent.get("coupon_lines") or ():
        fields["coupon_lines"].append(_coupon_line(shop, fields, str(line.get("code", ""))))


def edit(shop: Shop, fields: JSON, sent: JSON) -> list[JSON]:
    """A line with an id is changed, or goes with quantity 0; one without is added.

    Hands back the product lines that were touched. New pieces of an old line cost nothing: the
    store leaves its totals alone unless they are sent too.
    """
    touched = []
    for posted in sent.get("line_items") or ():
        if not posted.get("id"):
            line = _product_line(shop, fields, posted)
            fields["line_items"].append(line)
        else:
            line = _line_with_id(fields["line_items"], posted["id"])
            _change(fields, line, posted)
        touched.append(line)
    add_all(shop, fields, {n: sent[n] for n in KINDS if n != "line_items" and sent.get(n)})
    return touched


def _change(fields: JSON, line: JSON, posted: JSON) -> None:
    removed = posted.get("quantity") == 0 or ("product_id" in posted and not posted["product_id"])
    line["quantity"] = 0 if removed else php.intval(posted.get("quantity", line["quantity"]))
    if removed:
        fields["line_items"].remove(line)
    for name in ("subtotal", "total"):
        if posted.get(name) is not None:
            line[name] = totals.money(str(posted[name]))


def _line_with_id(lines: list[JSON], line_id: int) -> JSON:
    for line in lines:
        if line["id"] == line_id:
            return line
    message = "Order item ID provided is not associated with order."
    raise Refusal("woocommerce_rest_invalid_item_id", message, 400)


def _product_line(shop: Shop, fields: JSON, sent: JSON) -> JSON:
    product = _product(shop, sent)
    parent = shop.catalog.parent(product)
    quantity = php.intval(sent.get("quantity", 1))
    costs = totals.net(shop, amount(price(shop, product)), quantity, totals.rate(fields))
    subtotal = totals.money(sent["subtotal"]) if sent.get("subtotal") else costs
    options = [
        shop.item_meta(a["slug"], a["option"], a["name"]) for a in product.attributes if parent
    ]
    own = [shop.item_meta(m["key"], m["value"]) for m in sent.get("meta_data") or ()]
    return {
        "id": shop.item_id(),
        "name": sent.get("name") or product.name,
        "product_id": parent.id if parent else product.id,
        "variation_id": product.id if parent else 0,
        "quantity": quantity,
        "tax_class": "",
        "subtotal": subtotal,
        "subtotal_tax": "0.00",
        "total": totals.money(sent["total"]) if sent.get("total") else subtotal,
        "total_tax": "0.00",
        "taxes": [],
        "meta_data": [*options, *own],
        "sku": product.sku,
        "global_unique_id": "",
        "price": 0,
        "image": {"id": 0 if parent else "", "src": ""},
        "parent_name": parent.name if parent else None,
    }


def _product(shop: Shop, sent: JSON) -> Product:
    if sent.get("sku"):
        product = shop.catalog.with_sku(str(sent["sku"]))
    else:
        product = shop.catalog.get(stock.product_id(sent))
    if product is None:
        message = "Product ID or SKU is required."
        raise Refusal("woocommerce_rest_required_product_reference", message, 400)
    return product


def _shipping_line(shop: Shop, sent: JSON) -> JSON:
    return {
        "id": shop.item_id(),
        "method_title": sent.get("method_title", ""),
        "method_id": sent.get("method_id", ""),
        "instance_id": "",
        "total": totals.money(sent.get("total", "0")),
        "total_tax": "0.00",
        "taxes": [],
        "tax_status": "taxable",
        "meta_data": [],
    }


def _fee_line(shop: Shop, sent: JSON) -> JSON:
    return {
        "id": shop.item_id(),
        "name": sent.get("name", ""),
        "tax_class": "",
        "tax_status": sent.get("tax_status", "taxable"),
        "amount": "",
        "total": totals.money(sent.get("total", "0")),
        "total_tax": "0.00",
        "taxes": [],
        "meta_data": [],
    }


def _coupon_line(shop: Shop, fields: JSON, code: str) -> JSON:
    coupon = next((c for c in shop.coupons.values() if c.code == code.lower()), None)
    if coupon is None:
        message = f'Coupon "{code}" cannot be applied because it does not exist.'
        raise Refusal("woocommerce_rest_invalid_coupon", message, 400)
    nominal = price_value(Decimal(coupon.amount))
    line: JSON = {
        "id": shop.item_id(),
        "code": coupon.code,
        "discount": "0",
        "discount_tax": "0",
        "meta_data": [_coupon_meta(shop, coupon, nominal)],
        "discount_type": coupon.discount_type,
        "nominal_amount": nominal,
        "free_shipping": False,
    }
    totals.discount(shop, fields, coupon, line)
    coupon.usage_count += 1
    return line


def _coupon_meta(shop: Shop, coupon: Coupon, nominal: Any) -> JSON:
    """What the line keeps of the coupon as it was: a short text, or once all of it."""
    if not shop.profile.coupon_copied:
        info = [coupon.id, coupon.code, coupon.discount_type, nominal]
        return shop.item_meta("coupon_info", php.json_bytes(info).decode())
    kept = {
        **bodies.template("coupon_data"),
        "id": coupon.id,
        "code": coupon.code,
        "amount": str(nominal),
        "discount_type": coupon.discount_type,
    }
    return shop.item_meta("coupon_data", kept)
