"""The settings that matter and ``/system_status``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.demo.shop import bodies, php, products
from agent.demo.shop.rest import EDIT, Answer, Call, Route

if TYPE_CHECKING:
    from agent.demo.shop.state import Shop


def _currency(shop: Shop, _: Call) -> Answer:
    return _setting(shop, "general", "currency", shop.currency)


def _set_currency(shop: Shop, call: Call) -> Answer:
    shop.currency = str(call.body.get("value") or shop.currency)
    return _currency(shop, call)


def _prices_include_tax(shop: Shop, _: Call) -> Answer:
    return _setting(shop, "tax", "prices_include_tax", "yes" if shop.prices_include_tax else "no")


def _set_prices_include_tax(shop: Shop, call: Call) -> Answer:
    shop.prices_include_tax = php.boolean(call.body.get("value", shop.prices_include_tax))
    return _prices_include_tax(shop, call)


def _general(shop: Shop, call: Call) -> Answer:
    return Answer([_currency(shop, call).body])


def _tax(shop: Shop, call: Call) -> Answer:
    return Answer([_prices_include_tax(shop, call).body])


def _products(_: Shop, __: Call) -> Answer:
    """Of each no more than its id and value."""
    chosen = {"manage_stock": "yes", "hold_stock_minutes": "60", "notify_low_stock_amount": "2"}
    return Answer([{"id": f"woocommerce_{name}", "value": value} for name, value in chosen.items()])


def _setting(shop: Shop, group: str, name: str, value: str) -> Answer:
    url = shop.url(f"settings/{group}")
    links = bodies.links(f"{url}/woocommerce_{name}", url, allow=f"GET {EDIT}")
    body = {**bodies.template(f"setting_{name}"), "value": value, "_links": links}
    return Answer(shop.profile.shown("setting", body))


def _system_status(shop: Shop, _: Call) -> Answer:
    """Only ``environment`` and ``settings``, of which there is a recording."""
    recorded = bodies.template(shop.profile.system_status)
    currency = {"currency": shop.currency, "currency_symbol": products.currency_symbol(shop)}
    home = {"home_url": shop.home(), "site_url": shop.home()}
    return Answer(
        {
            "environment": {**recorded["environment"], **home},
            "settings": {**recorded["settings"], **currency},
        }
    )


ROUTES = [
    Route("GET", "settings/general", _general),
    Route("GET", "settings/tax", _tax),
    Route("GET", "settings/products", _products),
    Route("GET", "settings/general/woocommerce_currency", _currency),
    Route(EDIT, "settings/general/woocommerce_currency", _set_currency),
    Route("GET", "settings/tax/woocommerce_prices_include_tax", _prices_include_tax),
    Route(EDIT, "settings/tax/woocommerce_prices_include_tax", _set_prices_include_tax),
    Route("GET", "system_status", _system_status),
]
