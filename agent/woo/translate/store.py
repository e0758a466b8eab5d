"""What a store says about itself over REST as a canonical store. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.model.store import Store
from agent.woo.translate import fields
from agent.woo.translate.rules import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agent.woo.translate.rules import Rules

_ENVIRONMENT = (
    *("home_url", "version", "wp_version", "language"),
    *("php_version", "mysql_version_string"),
)
_SHOWN = ("currency", "number_of_decimals", "HPOS_enabled")
_CHOSEN = frozenset(
    f"woocommerce_{name}"
    for name in (
        *("currency", "default_country", "prices_include_tax", "calc_taxes"),
        *("weight_unit", "dimension_unit", "manage_stock", "hold_stock_minutes"),
        *("notify_low_stock_amount", "notify_no_stock_amount"),
    )
)
_YES_NO = {"yes": True, "no": False}


def translate(
    store_id: str,
    *,
    status: Mapping[str, Any],
    settings: Iterable[Mapping[str, Any]] = (),
    index: Mapping[str, Any] | None = None,
) -> Store:
    """The store; ``Untranslatable`` without its currency.

    ``status`` is the answer of ``system_status`` (``environment``, ``settings``), ``settings`` are
    rows of ``settings/general``, ``settings/tax`` and ``settings/products``, ``index`` is the
    answer of ``/wp-json/``: what is missing there is null.
    """
    environment = fields.mapping(status.get("environment"))
    shown = fields.mapping(status.get("settings"))
    chosen = {row["id"]: row.get("value") for row in settings if isinstance(row.get("id"), str)}
    site = index or {}
    if (currency := fields.word(chosen.get("woocommerce_currency"))) is None:
        currency = fields.essential(shown, "currency", fields.word, within="settings.")
    country = fields.word(chosen.get("woocommerce_default_country"))
    order_tables = shown.get("HPOS_enabled")
    return Store.model_validate(
        {
            "id": f"store/{store_id}",
            "store_id": store_id,
            "name": fields.text(site.get("name")),
            "url": fields.text(environment.get("home_url")) or fields.text(site.get("home")),
            "currency": currency,
            "decimals": fields.whole(shown.get("number_of_decimals")),
            "prices_include_tax": _flag(chosen, "woocommerce_prices_include_tax"),
            "taxes_enabled": _flag(chosen, "woocommerce_calc_taxes"),
            "country": country and country.partition(":")[0],  # DE:BE is Berlin
            "timezone": _timezone(site),
            "language": fields.text(environment.get("language")),
            "weight_unit": fields.text(chosen.get("woocommerce_weight_unit")),
            "dimension_unit": fields.text(chosen.get("woocommerce_dimension_unit")),
            "order_tables": order_tables if isinstance(order_tables, bool) else None,
            "stock": {
                "managed": _flag(chosen, "woocommerce_manage_stock"),
                "hold_minutes": fields.whole(chosen.get("woocommerce_hold_stock_minutes")),
                "low_amount": fields.whole(chosen.get("woocommerce_notify_low_stock_amount")),
                "out_amount": fields.whole(chosen.get("woocommerce_notify_no_stock_amount")),
            },
            "versions": {
                "woocommerce": fields.text(environment.get("version")),
                "wordpress": fields.text(environment.get("wp_version")),
                "php": fields.text(environment.get("php_version")),
                "database": fields.text(environment.get("mysql_version_string")),
            },
        }
    )


def gathered(store_id: str, status: Any, settings: Iterable[Any], index: Any) -> dict[str, Any]:
    """One body of what the store answered, without all that is not told: paths, and addresses."""
    answered = fields.mapping(status)
    environment = fields.mapping(answered.get("environment"))
    shown = fields.mapping(answered.get("settings"))
    return {
        "id": store_id,
        "status": {
            "environment": {name: environment.get(name) for name in _ENVIRONMENT},
            "settings": {name: shown.get(name) for name in _SHOWN},
        },
        "settings": [
            {"id": row["id"], "value": row.get("value")}
            for row in fields.rows(list(settings))
            if row.get("id") in _CHOSEN
        ],
        "index": fields.mapping(index),
    }


def of_body(body: Mapping[str, Any], _: Rules = PLAIN) -> Store:
    """The store in a body that was ``gathered``."""
    return translate(
        fields.essential(body, "id", fields.word),
        status=fields.mapping(body.get("status")),
        settings=fields.rows(body.get("settings")),
        index=fields.mapping(body.get("index")),
    )


def _flag(chosen: Mapping[str, Any], key: str) -> bool | None:
    value = chosen.get(key)
    return _YES_NO.get(value) if isinstance(value, str) else None


def _timezone(site: Mapping[str, Any]) -> str | None:
    """A name; without one WordPress has an offset in hours, 5.5 for India."""
    if name := fields.word(site.get("timezone_string")):
        return name
    hours = fields.number(site.get("gmt_offset"))
    if hours is None or abs(hours) > 14:
        return None
    minutes = round(abs(hours) * 60)
    return f"{'-' if hours < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"
