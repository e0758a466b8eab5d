"""Personal data, by the names of its fields: what is not shown unless somebody asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

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
    return _replaced(value, _hidden)


def erased(value: Any) -> Any:
    """The same JSON with everything personal emptied: text is ``""``, a number or a flag null, a
    list or an object has nothing in it."""
    return _replaced(value, _emptied)


def _replaced(value: Any, by: Callable[[Any], Any]) -> Any:
    if isinstance(value, Mapping):
        # Meta data of any plugin: a tax number, an engraving. The units out of stock are ours.
        is_meta = "key" in value and value["key"] != "_reduced_stock"
        hidden = _META_VALUES if is_meta else frozenset[str]()
        return {
            name: by(inner) if name in _PERSONAL or name in hidden else _replaced(inner, by)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_replaced(inner, by) for inner in value]
    return value


def _hidden(value: Any) -> Any:
    """A plugin may make a number of a postcode, or a list of an address."""
    if isinstance(value, Mapping):
        return {name: _hidden(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_hidden(inner) for inner in value]
    return value if value is None or value == "" else MASK


def _emptied(value: Any) -> Any:
    """Names below may be personal too: a plugin keys a list of notes by who wrote them."""
    if isinstance(value, Mapping):
        return {}
    if isinstance(value, list):
        return []
    return "" if isinstance(value, str) else None
