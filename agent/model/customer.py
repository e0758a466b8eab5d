"""A customer with an account. Guests are known by their orders alone."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel

from agent.model.address import Address
from agent.model.meta import Meta


class Customer(BaseModel, frozen=True, extra="forbid"):
    """One account as it stands now: a snapshot.

    ``id`` is the subject of its events, ``customer/3``, ``customer_id`` the store's own id, which
    orders name. ``email`` is the account's and ``billing_email`` the one given for billing, both
    trimmed and in lower case. ``role`` is the store's word. ``has_paid``: an order of this account
    was paid. Times are UTC. ``anomalies``: ``time_unreadable``; more may come.
    """

    id: str
    customer_id: int
    email: str | None
    billing_email: str | None
    username: str | None
    first_name: str | None
    last_name: str | None
    role: str | None
    has_paid: bool
    billing_address: Address | None
    shipping_address: Address | None
    created_at: AwareDatetime | None
    modified_at: AwareDatetime | None
    meta: tuple[Meta, ...]
    anomalies: tuple[str, ...]
