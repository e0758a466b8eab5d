"""What bodies of several resources have in common: addresses, charges, meta data. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agent.woo.translate import fields
from agent.woo.translate.errors import Untranslatable

if TYPE_CHECKING:
    from agent.woo.translate.rules import Rules

Part = dict[str, Any]


def address(row: fields.Row) -> Part | None:
    """None where nothing was entered."""
    entered = {
        "first_name": fields.text(row.get("first_name")),
        "last_name": fields.text(row.get("last_name")),
        "company": fields.text(row.get("company")),
        "line_1": fields.text(row.get("address_1")),
        "line_2": fields.text(row.get("address_2")),
        "postcode": fields.text(row.get("postcode")),
        "city": fields.text(row.get("city")),
        "region": fields.text(row.get("state")),
        "country": fields.text(row.get("country")),
        "phone": fields.text(row.get("phone")),
    }
    return entered if any(entered.values()) else None


def charge(row: fields.Row, unreadable: fields.Unreadable) -> Part:
    """What goods, shipping and fees have in common; a tax without a total does not apply."""
    taxes = [
        {"rate_id": fields.reference(tax.get("id")), "amount": amount}
        for tax in fields.rows(row.get("taxes"))
        if (amount := unreadable.amount_or_none(tax, "total")) is not None
    ]
    return {
        "total": unreadable.amount(row, "total"),
        "total_tax": unreadable.amount(row, "total_tax"),
        "taxes": taxes,
    }


def article(row: fields.Row) -> Part:
    """What was sold, as lines of orders and refunds name it."""
    return {
        "product_id": fields.reference(row.get("product_id")),
        "variation_id": fields.reference(row.get("variation_id")),
        "sku": fields.text(row.get("sku")),
        "gtin": fields.text(row.get("global_unique_id")),
        "name": fields.text(row.get("name")),
    }


def meta(body: fields.Row, rules: Rules) -> list[Part]:
    """The entries whose keys are allowed, sorted: a plugin may write them in any order."""
    if not rules.meta:
        return []
    told = [
        {"key": fields.text(entry["key"]), "value": _value(entry.get("value"))}
        for entry in fields.rows(body.get("meta_data"))
        if isinstance(entry.get("key"), str) and entry["key"] in rules.meta
    ]
    return sorted(told, key=lambda entry: (entry["key"], entry["value"]))


def _value(value: Any) -> str:
    if isinstance(value, str) or value is None:
        return fields.text(value) or ""
    try:
        return json.dumps(value, separators=(",", ":"), sort_keys=True, default=str)
    except RecursionError:  # it could just be parsed
        raise Untranslatable("meta_data", "is nested too deeply") from None
