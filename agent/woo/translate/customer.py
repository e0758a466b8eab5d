"""A WooCommerce customer as a canonical customer. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.model.customer import Customer
from agent.woo.translate import fields, parts
from agent.woo.translate.rules import PLAIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.woo.translate.rules import Rules


def translate(body: Mapping[str, Any], rules: Rules = PLAIN) -> Customer:
    """The customer; ``Untranslatable`` without id."""
    unreadable = fields.Unreadable()
    customer_id = fields.essential(body, "id", fields.reference)
    billing = fields.mapping(body.get("billing"))
    data = {
        "id": f"customer/{customer_id}",
        "customer_id": customer_id,
        "email": fields.email(body.get("email")),
        "billing_email": fields.email(billing.get("email")),
        "username": fields.text(body.get("username")),
        "first_name": fields.text(body.get("first_name")),
        "last_name": fields.text(body.get("last_name")),
        "role": fields.text(body.get("role")),
        "has_paid": body.get("is_paying_customer") is True,
        "billing_address": parts.address(billing),
        "shipping_address": parts.address(fields.mapping(body.get("shipping"))),
        "created_at": unreadable.moment(body, "date_created_gmt"),
        "modified_at": unreadable.moment(body, "date_modified_gmt"),
        "meta": parts.meta(body, rules),
    }
    return Customer.model_validate(data | {"anomalies": tuple(sorted(unreadable))})
