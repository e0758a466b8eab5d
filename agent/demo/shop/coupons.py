"""Coupons: ``/coupons``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.demo.shop import bodies, dates, php, query, totals
from agent.demo.shop.refusal import Refusal, already_trashed, invalid_id, missing_param
from agent.demo.shop.rest import EDIT, Answer, Call, Route, created

if TYPE_CHECKING:
    from datetime import datetime

    from agent.demo.shop.bodies import JSON
    from agent.demo.shop.state import Shop

_SORT_KEYS = {
    "date": lambda c: c.created,
    "modified": lambda c: c.modified,
    "id": lambda c: c.id,
}
_OWN = ("id", "code", "amount", "discount_type", "status", "usage_count", "used_by")


@dataclass
class Coupon:
    """``other`` is what is stored and shown, no more."""

    id: int
    code: str
    amount: str
    discount_type: str  # percent, fixed_cart, fixed_product
    created: datetime
    modified: datetime
    status: str = "publish"
    usage_count: int = 0
    other: dict[str, Any] = field(default_factory=dict)


def body(shop: Shop, coupon: Coupon) -> JSON:
    """The same keys over REST and in a webhook."""
    body = {
        **bodies.template("coupon"),
        **coupon.other,
        "id": coupon.id,
        "code": coupon.code,
        "amount": totals.money(coupon.amount),
        "discount_type": coupon.discount_type,
        "status": coupon.status,
        "usage_count": coupon.usage_count,
        **dates.pair("date_created", coupon.created, shop.utc_offset),
        **dates.pair("date_modified", coupon.modified, shop.utc_offset),
        "_links": bodies.links(shop.url(f"coupons/{coupon.id}"), shop.url("coupons")),
    }
    return shop.profile.shown("coupon", body)


def create(shop: Shop, sent: JSON) -> Coupon:
    """Fires coupon.created."""
    if not sent.get("code"):
        raise missing_param("code")
    coupon = Coupon(0, "", "0", "fixed_cart", shop.now(), shop.now())
    _apply(shop, coupon, sent)
    coupon.id = shop.post_id()
    shop.coupons[coupon.id] = coupon
    shop.emit("coupon.created", coupon.id)
    return coupon


def trash(shop: Shop, coupon: Coupon) -> None:
    """Fires product.deleted too: both topics hang on ``wp_trash_post`` (see webhooks/35, 36)."""
    coupon.status = "trash"
    coupon.modified = shop.now()
    shop.emit("coupon.deleted", coupon.id)
    shop.emit("product.deleted", coupon.id)


def _apply(shop: Shop, coupon: Coupon, sent: JSON) -> None:
    if sent.get("code") is not None:
        code = str(sent["code"]).lower()
        if any(c.code == code and c.id != coupon.id for c in shop.coupons.values()):
            message = "The coupon code already exists"
            raise Refusal("woocommerce_rest_coupon_code_already_exists", message, 400)
        coupon.code = code
    if sent.get("amount") is not None:
        coupon.amount = php.decimal_text(sent["amount"]) or "0"
    if sent.get("discount_type") is not None:
        coupon.discount_type = str(sent["discount_type"])
    template = bodies.template("coupon")
    stored = {k: v for k, v in sent.items() if k in template and k not in _OWN}
    coupon.other = {**coupon.other, **stored}
    coupon.modified = shop.now()


def _list(shop: Shop, call: Call) -> Answer:
    code = call.query.get("code", "").lower()
    include = query.ids(call.query, "include")
    rows = [
        c
        for c in shop.coupons.values()
        if c.status != "trash" and code in ("", c.code) and (not include or c.id in include)
    ]
    found = query.dated(shop, call.query, rows)
    page, headers = query.listed(shop, "coupons", call.query, found, _SORT_KEYS)
    return Answer([body(shop, coupon) for coupon in page], headers=headers)


def _get(shop: Shop, call: Call) -> Answer:
    return Answer(body(shop, _existing(shop, call, 404)))


def _create(shop: Shop, call: Call) -> Answer:
    coupon = create(shop, call.body)
    return created(shop, f"coupons/{coupon.id}", body(shop, coupon))


def _update(shop: Shop, call: Call) -> Answer:
    """Fires coupon.updated."""
    coupon = _existing(shop, call, 400)
    _apply(shop, coupon, call.body)
    shop.emit("coupon.updated", coupon.id)
    return Answer(body(shop, coupon))


def _delete(shop: Shop, call: Call) -> Answer:
    """By force it goes without a webhook."""
    coupon = _existing(shop, call, 404)
    before = body(shop, coupon)
    if call.forced:
        del shop.coupons[coupon.id]
    elif coupon.status == "trash":
        raise already_trashed("shop_coupon")
    else:
        trash(shop, coupon)
    return Answer(before)


def _existing(shop: Shop, call: Call, status: int) -> Coupon:
    coupon = shop.coupons.get(call.ids["id"])
    if coupon is None:
        raise invalid_id("shop_coupon", status)
    return coupon


ROUTES = [
    Route("GET", "coupons", _list),
    Route("POST", "coupons", _create),
    Route("GET", "coupons/{id}", _get),
    Route(EDIT, "coupons/{id}", _update),
    Route("DELETE", "coupons/{id}", _delete),
]
