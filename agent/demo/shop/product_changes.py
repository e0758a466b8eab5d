"""What a write to a product does to it, coercions and silences included.

WC:includes/rest-api/Controllers/Version3/class-wc-rest-products-controller.php and, for
variations, class-wc-rest-product-variations-controller.php, both ``prepare_object_for_database``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.demo.shop import bodies, dates, php
from agent.demo.shop.products import amount
from agent.demo.shop.refusal import Refusal, invalid_params

if TYPE_CHECKING:
    from agent.demo.shop.bodies import JSON
    from agent.demo.shop.catalog import Product
    from agent.demo.shop.state import Shop

_STRINGS = ("name", "sku", "regular_price", "sale_price", "description", "short_description")
_INTEGERS = ("stock_quantity", "low_stock_amount", "menu_order", "parent_id")
_ENUMS = {
    "type": ("simple", "grouped", "external", "variable"),
    "status": ("draft", "pending", "private", "publish", "future", "auto-draft", "trash"),
    "stock_status": ("instock", "outofstock", "onbackorder"),
    "backorders": ("no", "notify", "yes"),
    "catalog_visibility": ("visible", "catalog", "search", "hidden"),
}
# Shown by the template but not to be written: computed, or kept by a field of their own.
_NOT_STORED = {
    *("id", "slug", "permalink", "type", "status", "sku", "price", "regular_price", "sale_price"),
    *("on_sale", "purchasable", "total_sales", "manage_stock", "stock_quantity", "stock_status"),
    *("backorders", "backorders_allowed", "backordered", "parent_id", "variations", "attributes"),
    *("meta_data", "name", "price_html", "related_ids", "has_options", "average_rating"),
    *("rating_count", "shipping_required", "shipping_taxable", "image"),
}


def check(sent: JSON) -> None:
    """The schema, which only the single endpoints know: in a batch nothing is checked."""
    problems: dict[str, tuple[str, str]] = {}
    for name, value in sent.items():
        problem = None if value is None else _problem(name, value)
        if problem:
            problems[name] = problem
    if problems:
        raise invalid_params(problems)


def apply(shop: Shop, product: Product, sent: JSON) -> None:
    """Changes ``product``, a draft; raises ``Refusal`` for a SKU that is taken."""
    is_variation = product.type == "variation"
    if not is_variation and sent.get("type"):
        product.type = str(sent["type"])
    _set_sku(shop, product, sent)
    for name in ("name", "status"):
        if sent.get(name) is not None and not (is_variation and name == "name"):
            setattr(product, name, str(sent[name]))
    _set_prices(shop, product, sent)
    (_set_variation_stock if is_variation else _set_stock)(product, sent)
    product.settle_stock_status()
    _set_attributes(product, sent)
    if sent.get("meta_data"):
        product.meta_data = shop.merged_meta(product.meta_data, sent["meta_data"])
    template = bodies.template("product")
    stored = {
        name: value
        for name, value in sent.items()
        if name in template and name not in _NOT_STORED and not name.startswith("date_")
    }
    product.other = {**product.other, **stored}
    product.modified = shop.now()


def _problem(name: str, value: Any) -> tuple[str, str] | None:
    if name in _STRINGS and not isinstance(value, str):
        return "rest_invalid_type", f"{name} is not of type string."
    if name in _INTEGERS and not php.is_integer(value):
        return "rest_invalid_type", f"{name} is not of type integer."
    if name in _ENUMS and value not in _ENUMS[name]:
        return "rest_not_in_enum", f"{name} is not one of {', '.join(_ENUMS[name])}."
    return None


def _set_sku(shop: Shop, product: Product, sent: JSON) -> None:
    if sent.get("sku") is None:
        return
    sku = str(sent["sku"]).strip()
    owner = shop.catalog.with_sku(sku) if sku else None
    if owner is not None and owner.id != product.id:
        number = 1
        while shop.catalog.with_sku(f"{sku}-{number}"):
            number += 1
        raise Refusal(
            "product_invalid_sku",
            "Invalid or duplicated SKU.",
            400,
            resource_id=owner.id,
            unique_sku=f"{sku}-{number}",
        )
    product.sku = sku


def _set_prices(shop: Shop, product: Product, sent: JSON) -> None:
    """A variable or grouped product has no price of its own, and nobody says so."""
    if product.type in ("variable", "grouped"):
        product.regular_price = product.sale_price = ""
        return
    if sent.get("regular_price") is not None:
        product.regular_price = php.decimal_text(sent["regular_price"])
    if sent.get("sale_price") is not None:
        product.sale_price = php.decimal_text(sent["sale_price"])
    for end in ("from", "to"):
        for name, offset in (
            (f"date_on_sale_{end}", shop.utc_offset),
            (f"date_on_sale_{end}_gmt", shop.utc_offset * 0),
        ):
            if sent.get(name) is not None:
                setattr(product, f"sale_{end}", dates.parse(str(sent[name]), offset))
    sale, regular = amount(product.sale_price), amount(product.regular_price)
    if not product.regular_price or sale == 0 or sale >= regular:
        product.sale_price = ""


def _set_stock(product: Product, sent: JSON) -> None:
    if sent.get("manage_stock") is not None:
        product.manage_stock = php.boolean(sent["manage_stock"])
    if sent.get("backorders") is not None:
        product.backorders = str(sent["backorders"])
    if sent.get("stock_status") is not None:
        product.stock_status = str(sent["stock_status"])
    if product.manage_stock:
        _set_quantity(product, sent)
    else:
        product.stock, product.backorders = None, "no"


def _set_variation_stock(variation: Product, sent: JSON) -> None:
    """With ``"parent"`` a quantity is taken and changes nothing that anybody can see."""
    if sent.get("manage_stock") is not None:
        own = sent["manage_stock"]
        variation.manage_stock = own != "parent" and php.boolean(own)
    if sent.get("stock_status") is not None:
        variation.stock_status = str(sent["stock_status"])
    if sent.get("backorders") is not None:
        variation.backorders = str(sent["backorders"])
    if variation.manage_stock:
        _set_quantity(variation, sent)
    else:
        variation.stock, variation.backorders = None, "no"


def _set_quantity(product: Product, sent: JSON) -> None:
    if sent.get("stock_quantity") is not None:
        product.stock = php.intval(sent["stock_quantity"])
    elif sent.get("inventory_delta") is not None:
        product.stock = (product.stock or 0) + php.intval(sent["inventory_delta"])


def _set_attributes(product: Product, sent: JSON) -> None:
    if sent.get("attributes") is None:
        return
    if product.type == "variation":
        product.attributes = [
            {
                "id": a.get("id", 0),
                "name": a.get("name", ""),
                "slug": str(a.get("name", "")).lower(),
                "option": a.get("option", ""),
            }
            for a in sent["attributes"]
        ]
        return
    product.attributes = [
        {
            "id": a.get("id", 0),
            "name": a.get("name", ""),
            "slug": a.get("name", ""),
            "position": a.get("position", place),
            "visible": a.get("visible", False),
            "variation": a.get("variation", False),
            "options": a.get("options", []),
        }
        for place, a in enumerate(sent["attributes"])
    ]
