from __future__ import annotations

import json
from typing import Any

import pytest

from agent.model import content
from agent.woo.translate import store
from agent.woo.translate.errors import Untranslatable
from tests.woo.translate import bodies

_STATUS = bodies.rest("system_status_fields")
_SETTINGS = [
    bodies.rest("setting_currency"),
    {"id": "woocommerce_calc_taxes", "value": "yes"},
    {"id": "woocommerce_prices_include_tax", "value": "no"},
    {"id": "woocommerce_default_country", "value": "DE:DE-BE"},
    {"id": "woocommerce_weight_unit", "value": "kg"},
    {"id": "woocommerce_dimension_unit", "value": "cm"},
    {"id": "woocommerce_manage_stock", "value": "yes"},
    {"id": "woocommerce_hold_stock_minutes", "value": "60"},
    {"id": "woocommerce_notify_low_stock_amount", "value": "2"},
    {"id": "woocommerce_notify_no_stock_amount", "value": "0"},
]
_INDEX = {"name": "Shop", "timezone_string": "Europe/Berlin", "gmt_offset": 1}


def _told(**changed: Any) -> Any:
    given = {"status": _STATUS, "settings": _SETTINGS, "index": _INDEX} | changed
    return json.loads(content.encoded(store.translate("brand-de", **given)))


def test_a_store_says_what_all_its_figures_have_in_common() -> None:
    assert _told() == {
        "id": "store/brand-de",
        "store_id": "brand-de",
        "name": "Shop",
        "url": _STATUS["environment"].get("home_url"),
        "currency": "EUR",
        "decimals": 2,
        "prices_include_tax": False,
        "taxes_enabled": True,
        "country": "DE",
        "timezone": "Europe/Berlin",
        "language": "en_US",
        "weight_unit": "kg",
        "dimension_unit": "cm",
        "order_tables": True,
        "stock": {"managed": True, "hold_minutes": 60, "low_amount": 2, "out_amount": 0},
        "versions": {
            "woocommerce": "10.5.0",
            "wordpress": "6.9.7",
            "php": "8.2.36",
            "database": "10.11.19-MariaDB-0+deb12u1",
        },
    }


def test_what_the_store_does_not_tell_is_null() -> None:
    told = _told(status={"settings": {"currency": "JPY"}}, settings=(), index=None)
    assert told["currency"] == "JPY"
    assert told["stock"] == dict.fromkeys(told["stock"])
    assert (told["order_tables"], told["prices_include_tax"], told["url"]) == (None, None, None)


@pytest.mark.parametrize(
    ("index", "zone"),
    [
        ({"timezone_string": "", "gmt_offset": 5.5}, "+05:30"),
        ({"timezone_string": "", "gmt_offset": "-5"}, "-05:00"),
        ({"gmt_offset": 0}, "+00:00"),
        ({"gmt_offset": 500}, None),
        ({"gmt_offset": "summer"}, None),
    ],
)
def test_a_store_without_the_name_of_a_zone_has_an_offset(
    index: dict[str, Any], zone: str | None
) -> None:
    assert _told(index=index)["timezone"] == zone


def test_without_a_currency_no_figure_means_anything() -> None:
    with pytest.raises(Untranslatable, match=r"settings\.currency"):
        store.translate("brand-de", status={})
