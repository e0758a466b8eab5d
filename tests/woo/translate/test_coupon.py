from __future__ import annotations

import json
from typing import Any

import pytest

from agent.demo.shop import bodies as templates
from agent.model import content
from agent.woo.translate import coupon


def _told(**changed: object) -> Any:
    body = templates.template("coupon") | {"id": 7, "code": "welcome10"} | changed
    return json.loads(content.encoded(coupon.translate(body)))


def test_a_coupon_without_limits_says_so() -> None:
    told = _told(amount="10", discount_type="percent", date_created_gmt="2026-11-23T20:15:52")
    assert told == {
        "id": "coupon/7",
        "coupon_id": 7,
        "code": "welcome10",
        "description": None,
        "discount_type": "percent",
        "store_type": "percent",
        "enabled": True,
        "store_status": "publish",
        "amount": "10.00",
        "minimum_amount": None,
        "maximum_amount": None,
        "free_shipping": False,
        "individual_use": False,
        "exclude_sale_items": False,
        "usage_count": 0,
        "usage_limit": None,
        "usage_limit_per_customer": None,
        "usage_limit_units": None,
        "product_ids": [],
        "excluded_product_ids": [],
        "category_ids": [],
        "excluded_category_ids": [],
        "allowed_emails": [],
        "expires_at": None,
        "created_at": "2026-11-23T20:15:52Z",
        "modified_at": None,
        "meta": [],
        "anomalies": [],
    }


@pytest.mark.parametrize(
    ("field", "value", "told", "found"),
    [
        ("discount_type", "sign_up_fee", "discount_type", "other"),
        ("discount_type", "sign_up_fee", "store_type", "sign_up_fee"),
        ("status", "draft", "enabled", False),
        ("status", None, "enabled", True),  # WooCommerce 8.3 and before
        ("minimum_amount", "20", "minimum_amount", "20.00"),
        ("amount", "ten", "anomalies", ["amount_unreadable"]),
        ("usage_limit", 5, "usage_limit", 5),
        ("usage_limit_per_user", 1, "usage_limit_per_customer", 1),
        ("limit_usage_to_x_items", 3, "usage_limit_units", 3),
        ("product_ids", [10, "11", 0, "x"], "product_ids", [10, 11]),
        ("product_ids", {"1": 10}, "product_ids", [10]),
        ("email_restrictions", [" A@Example.com ", "*@b.de", None], "allowed_emails",
         ["a@example.com", "*@b.de"]),
        ("date_expires_gmt", "2026-12-31T23:00:00", "expires_at", "2026-12-31T23:00:00Z"),
    ],
)  # fmt: skip
def test_fields_whatever_stores_and_plugins_make_of_them(
    field: str, value: object, told: str, found: object
) -> None:
    assert _told(**{field: value})[told] == found
