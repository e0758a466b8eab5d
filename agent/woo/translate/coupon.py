"""A WooCommerce coupon as a canonical coupon. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.model import money
from agent.model.coupon import Coupon, DiscountType
from agent.woo.translate import fields, parts
from agent.woo.translate.rules import PLAIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.woo.translate.rules import Rules


def translate(body: Mapping[str, Any], rules: Rules = PLAIN) -> Coupon:
    """The coupon; ``Untranslatable`` without id. WooCommerce writes no limit as 0 or null."""
    unreadable = fields.Unreadable()
    coupon_id = fields.essential(body, "id", fields.reference)
    store_type, status = fields.text(body.get("discount_type")), fields.text(body.get("status"))
    emails = map(fields.email, fields.listed(body.get("email_restrictions")) or ())
    data = {
        "id": f"coupon/{coupon_id}",
        "coupon_id": coupon_id,
        "code": fields.text(body.get("code")),
        "description": fields.text(body.get("description")),
        "discount_type": fields.one_of(store_type, DiscountType) or DiscountType.OTHER,
        "store_type": store_type,
        # Before 8.4 the body has no status: only published coupons are told.
        "enabled": status in (None, "publish"),
        "store_status": status,
        "amount": unreadable.amount(body, "amount"),
        "minimum_amount": _limit(body, "minimum_amount", unreadable),
        "maximum_amount": _limit(body, "maximum_amount", unreadable),
        "free_shipping": body.get("free_shipping") is True,
        "individual_use": body.get("individual_use") is True,
        "exclude_sale_items": body.get("exclude_sale_items") is True,
        "usage_count": max(0, fields.whole(body.get("usage_count")) or 0),
        "usage_limit": fields.reference(body.get("usage_limit")),
        "usage_limit_per_customer": fields.reference(body.get("usage_limit_per_user")),
        "usage_limit_units": fields.reference(body.get("limit_usage_to_x_items")),
        "product_ids": fields.references(body.get("product_ids")),
        "excluded_product_ids": fields.references(body.get("excluded_product_ids")),
        "category_ids": fields.references(body.get("product_categories")),
        "excluded_category_ids": fields.references(body.get("excluded_product_categories")),
        "allowed_emails": [email for email in emails if email],
        "expires_at": unreadable.moment(body, "date_expires_gmt"),
        "created_at": unreadable.moment(body, "date_created_gmt"),
        "modified_at": unreadable.moment(body, "date_modified_gmt"),
        "meta": parts.meta(body, rules),
    }
    return Coupon.model_validate(data | {"anomalies": tuple(sorted(unreadable))})


def _limit(body: Mapping[str, Any], key: str, unreadable: fields.Unreadable) -> money.Amount | None:
    limit = unreadable.amount_or_none(body, key)
    return None if limit == money.ZERO else limit
