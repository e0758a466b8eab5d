"""Personal data, by the names of its fields: what is not shown unless somebody asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MASK = "•••"

# WooCommerce's names and ours. Country and currency say nothing about a person.
_PERSONAL = frozenset(
    {
        "address_1",
        "address_2",
        "allowed_emails",
        "avatar_url",
        "billing_email",
        "city",
        "company",
        "customer_ip_address",
        "customer_note",
        "customer_user_agent",
        "email",
        "email_restrictions",
        "first_name",
        "last_name",
        "line_1",
        "line_2",
        "note",
        "order_key",
        "payment_url",
        "phone",
        "postcode",
        "reason",
        "region",
        "transaction_id",
        "used_by",
        "username",
    }
)


_META_VALUES = frozenset({"value", "display_value"})


def masked(value: Any) -> Any:
    """The same JSON with everything personal replaced by ``•••``; what is empty stays empty."""
    if isinstance(value, Mapping):
        # Meta data of any plugin: a tax number, an engraving. The units out of stock are ours.
        is_meta = "key" in value and value["key"] != "_reduced_stock"
        hidden = _META_VALUES if is_meta else frozenset[str]()
        return {
            name: _hidden(inner) if name in _PERSONAL or name in hidden else masked(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    return value


def _hidden(value: Any) -> Any:
    """A plugin may make a number of a postcode, or a list of an address."""
    if isinstance(value, Mapping):
        return {name: _hidden(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_hidden(inner) for inner in value]
    return value if value is None or value == "" else MASK
