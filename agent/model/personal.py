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
        "avatar_url",
        "city",
        "company",
        "customer_ip_address",
        "customer_note",
        "customer_user_agent",
        "email",
        "first_name",
        "last_name",
        "line_1",
        "line_2",
        "note",
        "order_key",
        "payment_url",
        "phone",
        "postcode",
        "region",
        "transaction_id",
        "username",
    }
)


def masked(value: Any) -> Any:
    """The same JSON with every personal text replaced by ``•••``; empty text stays empty."""
    if isinstance(value, Mapping):
        return {
            name: MASK if name in _PERSONAL and isinstance(inner, str) and inner else masked(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    return value
