"""A code that takes something off an order."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel

from agent.model.meta import Meta
from agent.model.money import Amount


class DiscountType(StrEnum):
    """What ``amount`` is taken off: ``percent`` of each line, ``fixed_cart`` once per order,
    ``fixed_product`` from each unit; ``other`` is of a plugin's making."""

    PERCENT = "percent"
    FIXED_CART = "fixed_cart"
    FIXED_PRODUCT = "fixed_product"
    OTHER = "other"


class Coupon(BaseModel, frozen=True, extra="forbid"):
    """One coupon as it stands now: a snapshot.

    ``id`` is the subject of its events, ``coupon/7``, ``coupon_id`` the store's own id; discount
    lines of orders name the ``code``. ``amount`` is money in the store's currency or, with
    ``percent``, a percentage in the form of an amount, ``"10.00"``. Limits, and the order's
    ``minimum_amount`` and ``maximum_amount``, are null where there is none. Empty lists of products
    and categories allow all. ``allowed_emails`` are trimmed, in lower case, and may hold ``*``.
    ``enabled``: it can be used as far as its dates allow; ``store_type`` and ``store_status`` are
    the store's own words. Times are UTC. ``anomalies``: ``amount_unreadable``,
    ``time_unreadable``; more may come.
    """

    id: str
    coupon_id: int
    code: str | None
    description: str | None
    discount_type: DiscountType
    store_type: str | None
    enabled: bool
    store_status: str | None
    amount: Amount
    minimum_amount: Amount | None
    maximum_amount: Amount | None
    free_shipping: bool
    individual_use: bool
    exclude_sale_items: bool
    usage_count: int
    usage_limit: int | None
    usage_limit_per_customer: int | None
    usage_limit_units: int | None
    product_ids: tuple[int, ...]
    excluded_product_ids: tuple[int, ...]
    category_ids: tuple[int, ...]
    excluded_category_ids: tuple[int, ...]
    allowed_emails: tuple[str, ...]
    expires_at: AwareDatetime | None
    created_at: AwareDatetime | None
    modified_at: AwareDatetime | None
    meta: tuple[Meta, ...]
    anomalies: tuple[str, ...]
