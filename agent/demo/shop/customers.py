"""Customers: ``/customers``."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.demo.shop import bodies, dates, query
from agent.demo.shop.refusal import Refusal, missing_param, trash_not_supported
from agent.demo.shop.rest import EDIT, Answer, Call, Route, created

if TYPE_CHECKING:
    from datetime import datetime

    from agent.demo.shop.bodies import JSON
    from agent.demo.shop.state import Shop

_SORT_KEYS = {
    "id": lambda c: c.id,
    "name": lambda c: f"{c.fields['first_name']} {c.fields['last_name']}",
    "registered_date": lambda c: c.created,
}


@dataclass
class Customer:
    """``fields`` is its body but for dates, avatar and links."""

    id: int
    fields: dict[str, Any]
    created: datetime
    modified: datetime


def body(shop: Shop, customer: Customer) -> JSON:
    """The same keys over REST and in a webhook."""
    email = str(customer.fields["email"]).strip().lower()
    digest = hashlib.sha256(email.encode()).hexdigest()
    body = {
        **bodies.template("customer"),
        **customer.fields,
        "id": customer.id,
        **dates.pair("date_created", customer.created, shop.utc_offset),
        **dates.pair("date_modified", customer.modified, shop.utc_offset),
        "avatar_url": f"https://secure.gravatar.com/avatar/{digest}?s=96&d=mm&r=g",
        "_links": bodies.links(shop.url(f"customers/{customer.id}"), shop.url("customers")),
    }
    return shop.profile.shown("customer", body)


def create(shop: Shop, sent: JSON) -> Customer:
    """Fires customer.created and customer.updated."""
    email = str(sent.get("email") or "")
    if not email:
        raise missing_param("email")
    _check_email(shop, email, None)
    template = bodies.template("customer")
    fields = {name: template[name] for name in ("billing", "shipping", "is_paying_customer")}
    fields |= {"email": email, "username": sent.get("username") or email.partition("@")[0]}
    fields |= {"first_name": "", "last_name": "", "meta_data": []}
    customer = Customer(shop.customer_id(), fields, shop.now(), shop.now())
    _apply(shop, customer, sent)
    shop.customers[customer.id] = customer
    shop.emit("customer.created", customer.id)
    shop.emit("customer.updated", customer.id)
    return customer


def _apply(shop: Shop, customer: Customer, sent: JSON) -> None:
    fields = customer.fields
    for name in ("email", "first_name", "last_name"):
        if sent.get(name) is not None:
            fields[name] = str(sent[name])
    for name in ("billing", "shipping"):
        if isinstance(sent.get(name), dict):
            known = {k: str(v) for k, v in sent[name].items() if k in fields[name]}
            fields[name] = {**fields[name], **known}
    if sent.get("meta_data"):
        fields["meta_data"] = shop.merged_meta(fields["meta_data"], sent["meta_data"])
    customer.modified = shop.now()


def _check_email(shop: Shop, email: str, own_id: int | None) -> None:
    for other in shop.customers.values():
        if other.id != own_id and str(other.fields["email"]).lower() == email.lower():
            message = "An account is already registered with your email address."
            raise Refusal("registration-error-email-exists", message, 400)


def _list(shop: Shop, call: Call) -> Answer:
    include, email = query.ids(call.query, "include"), call.query.get("email")
    rows = [
        c
        for c in shop.customers.values()
        if (not include or c.id in include) and (not email or c.fields["email"] == email)
    ]
    page, headers = query.listed(
        shop, "customers", call.query, rows, _SORT_KEYS, orderby="name", order="asc"
    )
    return Answer([body(shop, customer) for customer in page], headers=headers)


def _get(shop: Shop, call: Call) -> Answer:
    return Answer(body(shop, _existing(shop, call, 404)))


def _create(shop: Shop, call: Call) -> Answer:
    customer = create(shop, call.body)
    return created(shop, f"customers/{customer.id}", body(shop, customer))


def _update(shop: Shop, call: Call) -> Answer:
    """Fires customer.updated."""
    customer = _existing(shop, call, 400)
    if call.body.get("email"):
        _check_email(shop, str(call.body["email"]), customer.id)
    _apply(shop, customer, call.body)
    shop.emit("customer.updated", customer.id)
    return Answer(body(shop, customer))


def _delete(shop: Shop, call: Call) -> Answer:
    """Fires customer.deleted, although it is by force."""
    customer = _existing(shop, call, 404)
    if not call.forced:
        raise trash_not_supported("Customers do not support trashing.")
    gone = body(shop, customer)
    del shop.customers[customer.id]
    shop.emit("customer.deleted", customer.id)
    return Answer(gone)


def _existing(shop: Shop, call: Call, status: int) -> Customer:
    customer = shop.customers.get(call.ids["id"])
    if customer is None:
        raise Refusal("woocommerce_rest_invalid_id", "Invalid resource ID.", status)
    return customer


ROUTES = [
    Route("GET", "customers", _list),
    Route("POST", "customers", _create),
    Route("GET", "customers/{id}", _get),
    Route(EDIT, "customers/{id}", _update),
    Route("DELETE", "customers/{id}", _delete),
]
