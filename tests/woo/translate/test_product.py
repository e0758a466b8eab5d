"""Products, variations, and the stock levels that they show."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from agent.model import content
from agent.model.inventory import InventoryLevel
from agent.woo.translate import figures, inventory, product
from tests import recordings
from tests.woo.translate import bodies

if TYPE_CHECKING:
    from agent.model.retail_product import Product


def _recorded(number: int) -> Product:
    return product.translate(recordings.webhook(number).json())


def test_a_recorded_product() -> None:
    told = json.loads(content.encoded(_recorded(38)))
    assert told["id"] == "product/10"
    assert (told["type"], told["sku"], told["gtin"], told["parent"]) == (
        "simple",
        "MUG-1",
        None,
        None,
    )
    body = recordings.webhook(38).json()
    assert (told["regular_price"], told["price"]) == (body["regular_price"], body["price"])
    assert (told["quantity"], told["manages_stock"], told["stock_status"]) == (
        body["stock_quantity"],
        "yes",
        "in_stock",
    )
    assert (told["published"], told["backorders"], told["anomalies"]) == (True, "no", [])
    assert told["categories"] == [{"term_id": 15, "name": "Uncategorized", "slug": "uncategorized"}]


def test_a_recorded_variable_product_and_its_variation() -> None:
    shirt, medium = _recorded(8), _recorded(10)
    assert (shirt.type, shirt.variation_ids, shirt.regular_price) == (
        "variable",
        (12, 13, 14),
        None,
    )
    [size] = shirt.attributes
    assert (size.name, size.options, size.for_variations) == ("Size", ("S", "M", "L"), True)
    assert (medium.type, medium.parent, medium.parent_id) == ("variation", "product/11", 11)
    [chosen] = medium.attributes
    assert (chosen.options, chosen.for_variations) == (("M",), True)


def test_a_recorded_sale_has_its_dates_in_utc() -> None:
    told = json.loads(content.encoded(_recorded(3)))
    assert (told["sale_from"], told["sale_to"]) == ("2026-11-27T00:00:00Z", "2026-11-30T23:59:59Z")
    assert (told["regular_price"], told["sale_price"], told["on_sale"]) == ("-5.00", None, False)
    assert (told["published"], told["store_status"]) == (False, "trash")


def test_a_variation_over_rest_has_one_image_and_says_its_parent() -> None:
    [large, *_] = bodies.rest("variations_list")
    pictured = product.translate(large | {"image": {"id": 4, "src": "https://shop/l.png"}})
    assert (pictured.images, pictured.parent_id) == (("https://shop/l.png",), 11)


def test_what_has_a_parent_and_tells_no_type_is_a_variation() -> None:
    row = bodies.rest("variations_list")[0] | {"parent_id": 11}
    typeless = {name: value for name, value in row.items() if name != "type"}
    assert product.translate(typeless) == product.translate(row | {"type": "variation"})
    alone = product.translate(typeless | {"parent_id": 0})
    assert (alone.type, alone.store_type) == ("other", None)


@pytest.mark.parametrize(
    ("field", "value", "told", "found"),
    [
        ("type", "subscription", "type", "other"),
        ("type", "subscription", "store_type", "subscription"),
        ("manage_stock", "parent", "manages_stock", "parent"),
        ("stock_quantity", 2.5, "quantity", 2.5),
        ("stock_quantity", "7", "quantity", 7),
        ("stock_quantity", -3, "quantity", -3),
        ("stock_quantity", None, "quantity", None),
        ("stock_status", "onbackorder", "stock_status", "on_backorder"),
        ("stock_status", "lowstock", "stock_status", None),
        ("backorders", "notify", "backorders", "notify"),
        ("backorders", "maybe", "backorders", None),
        ("global_unique_id", "4006381333931", "gtin", "4006381333931"),
        ("sku", "", "sku", None),
        ("price", "", "price", None),
        ("regular_price", "1500", "regular_price", "1500.00"),  # yen
        ("regular_price", "12.3450", "regular_price", "12.345"),
        ("regular_price", "abc", "anomalies", ["amount_unreadable"]),
        ("date_on_sale_to_gmt", "soon", "anomalies", ["time_unreadable"]),
        ("name", "Łódź 🚚", "name", "Łódź 🚚"),
    ],
)
def test_fields_whatever_stores_and_plugins_make_of_them(
    field: str, value: object, told: str, found: object
) -> None:
    body = recordings.webhook(7).json() | {field: value}
    assert json.loads(content.encoded(product.translate(body)))[told] == found


def test_figures_that_stay_apart_are_those_that_answers_to_writes_are_compared_by() -> None:
    """Whatever moves a canonical figure moves the digest of figures as well."""
    body = recordings.webhook(10).json()
    for field, value in {
        "price": "1",
        "regular_price": "1",
        "sale_price": "1",
        "date_on_sale_from_gmt": "2026-01-01T00:00:00",
        "date_on_sale_to_gmt": "2026-01-01T00:00:00",
        "on_sale": True,
        "stock_quantity": 1,
        "manage_stock": False,
        "stock_status": "outofstock",
    }.items():
        moved = body | {field: value}
        old, new = (product.translate(each).model_dump() for each in (body, moved))
        changed = {name for name in new if new[name] != old[name]}
        assert changed
        assert changed <= product.FIGURES, field
        assert figures.digest(moved) != figures.digest(body), field


def test_a_stock_level_names_product_and_variation_as_order_lines_do() -> None:
    mug, medium = inventory.level(_recorded(38)), inventory.level(_recorded(41))
    assert isinstance(mug, InventoryLevel)
    assert isinstance(medium, InventoryLevel)
    assert (mug.id, mug.product_id, mug.variation_id) == ("inventory/MUG-1", 10, None)
    assert (medium.id, medium.product_id, medium.variation_id) == ("inventory/SHIRT-M", 11, 13)
    assert (medium.quantity, medium.manages_stock, medium.stock_status) == (8, "yes", "in_stock")
    assert medium.changed_at == _recorded(41).modified_at


def test_what_has_no_sku_has_no_stock_level() -> None:
    assert inventory.level(product.translate({"id": 7})) is None
