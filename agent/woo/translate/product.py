"""A WooCommerce product or variation (webhook or REST) as a canonical product. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agent.model import money
from agent.model.inventory import Backorders, ManagesStock, StockStatus
from agent.model.retail_product import Product, ProductType
from agent.woo.translate import fields, figures, parts
from agent.woo.translate.rules import PLAIN

if TYPE_CHECKING:
    from agent.woo.translate.parts import Part
    from agent.woo.translate.rules import Rules

_STOCK_STATUS = {
    "instock": StockStatus.IN_STOCK,
    "outofstock": StockStatus.OUT_OF_STOCK,
    "onbackorder": StockStatus.ON_BACKORDER,
}
_MANAGES: Mapping[bool | str, ManagesStock] = {
    False: ManagesStock.NO,
    True: ManagesStock.YES,
    "parent": ManagesStock.PARENT,
}
FIGURES = frozenset(
    {
        *("price", "regular_price", "sale_price", "sale_from", "sale_to", "on_sale"),
        *("quantity", "manages_stock", "stock_status"),
    }
)
"""Canonical fields whose content ``agent/woo/translate/figures.py`` tells apart."""


def translate(body: Mapping[str, Any], rules: Rules = PLAIN) -> Product:
    """The product; ``Untranslatable`` without id."""
    unreadable = fields.Unreadable()
    product_id = fields.essential(body, "id", fields.reference)
    parent_id = fields.reference(body.get("parent_id"))
    status = fields.text(body.get("status"))
    store_type = fields.text(body.get("type")) or (ProductType.VARIATION if parent_id else None)
    data = {
        "id": f"product/{product_id}",
        "product_id": product_id,
        "type": fields.one_of(store_type, ProductType) or ProductType.OTHER,
        "store_type": store_type,
        "parent": parent_id and f"product/{parent_id}",
        "parent_id": parent_id,
        "sku": fields.text(body.get("sku")),
        "gtin": fields.text(body.get("global_unique_id")),
        "name": fields.text(body.get("name")),
        "description": fields.text(body.get("description")),
        "short_description": fields.text(body.get("short_description")),
        "url": fields.text(body.get("permalink")),
        "published": status == "publish",
        "store_status": status,
        "tax_status": fields.text(body.get("tax_status")),
        "tax_class": fields.text(body.get("tax_class")),
        "low_stock_amount": fields.whole(body.get("low_stock_amount")),
        "virtual": body.get("virtual") is True,
        "downloadable": body.get("downloadable") is True,
        "weight": fields.text(body.get("weight")),
        "dimensions": _dimensions(fields.mapping(body.get("dimensions"))),
        "shipping_class": fields.text(body.get("shipping_class")),
        "categories": _terms(body.get("categories")),
        "brands": _terms(body.get("brands")),
        "tags": _terms(body.get("tags")),
        "images": _images(body),
        "attributes": [_attribute(row) for row in fields.rows(body.get("attributes"))],
        "variation_ids": fields.references(body.get("variations")),
        "created_at": unreadable.moment(body, "date_created_gmt"),
        "modified_at": unreadable.moment(body, "date_modified_gmt"),
        "meta": parts.meta(body, rules),
    }
    data |= _prices(body, unreadable) | _stock(body, unreadable)
    return Product.model_validate(data | {"anomalies": tuple(sorted(unreadable))})


def _prices(body: fields.Row, unreadable: fields.Unreadable) -> Part:
    prices = {
        name: unreadable.figure(body, name, figures.price)
        for name in ("price", "regular_price", "sale_price")
    }
    return {
        **{name: money.canonical(value) for name, value in prices.items()},
        **{
            name: unreadable.figure(
                body, f"date_on_{name}_gmt", figures.moment, anomaly="time_unreadable"
            )
            for name in ("sale_from", "sale_to")
        },
        "on_sale": body.get("on_sale") is True,
    }


def _stock(body: fields.Row, unreadable: fields.Unreadable) -> Part:
    managed = unreadable.figure(body, "manage_stock", figures.manages_stock) or False
    return {
        "quantity": unreadable.figure(body, "stock_quantity", figures.quantity),
        "manages_stock": _MANAGES[managed],
        "stock_status": _STOCK_STATUS.get(fields.text(body.get("stock_status")) or ""),
        "backorders": fields.one_of(body.get("backorders"), Backorders),
    }


def _dimensions(row: fields.Row) -> Part:
    return {side: fields.text(row.get(side)) for side in ("length", "width", "height")}


def _terms(value: object) -> list[Part]:
    return [
        {
            "term_id": fields.reference(row.get("id")),
            "name": fields.text(row.get("name")),
            "slug": fields.text(row.get("slug")),
        }
        for row in fields.rows(value)
    ]


def _images(body: fields.Row) -> list[str]:
    """Variations have one ``image`` over REST; ``images`` elsewhere."""
    listed = [*fields.rows(body.get("images")), fields.mapping(body.get("image"))]
    return [address for row in listed if (address := fields.text(row.get("src")))]


def _attribute(row: fields.Row) -> Part:
    """A product lists ``options``, a variation has one ``option``."""
    listed = [*(fields.listed(row.get("options")) or ()), row.get("option")]
    return {
        "attribute_id": fields.reference(row.get("id")),
        "name": fields.text(row.get("name")),
        "options": [option for one in listed if (option := fields.text(one))],
        "for_variations": row.get("variation") is True or "option" in row,
    }
