"""What a comparison of both ends came to: the store's owner's proof that they agree."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel

from agent.model.money import Amount

NAMED = 100
"""How many of what does not agree are named; the counts are of all."""

KINDS = ("orders", "refunds", "products", "customers", "coupons")
"""What is compared one by one: fields of the report that are a ``Compared``."""


_NOT_COMPARED = ": not compared, "


def not_compared(listing: str, why: str) -> str:
    """What ``hidden`` says of a list that is not whole."""
    return f"{listing}{_NOT_COMPARED}{why}"


def is_not_compared(hidden: str) -> bool:
    """Whether it says that, and not that a kind is hidden."""
    return _NOT_COMPARED in hidden


class DriftCause(StrEnum):
    """Why the store shows another figure than it should."""

    CHANGED_IN_STORE = "changed_in_store"  # saved there after our last write
    WRITTEN_BY_OTHERS = "written_by_others"  # past WooCommerce: no date of a change tells of it
    NEVER_APPLIED = "never_applied"  # the store refused it, or it was only observed
    ERP_NEWER = "erp_newer"  # a newer figure is on its way


class NotAccepted(BaseModel, frozen=True, extra="forbid"):
    """A resource of which the gateway does not have the newest content.

    ``reason``: ``missing`` (never told, asked for now), ``changed`` (told otherwise, asked for
    now), ``gone`` (not in the store any more, asked for now), ``pending`` (waits for the gateway),
    ``discarded``, or the code of a dead letter.
    """

    subject: str
    reason: str


class RefundDay(BaseModel, frozen=True, extra="forbid"):
    """Refunds made on a day (UTC) in one currency: how many and their sum, in the store and as the
    gateway accepted them."""

    day: str
    currency: str
    store_count: int
    store_amount: Amount
    gateway_count: int
    gateway_amount: Amount


class Drifted(BaseModel, frozen=True, extra="forbid"):
    """A figure that is not what it should be. ``field`` is ``quantity`` or one of prices; for those
    ``intended`` is null: the newest update says it."""

    sku: str
    product_id: int
    field: str
    shown: str | None
    intended: str | None
    cause: DriftCause


class Compared(BaseModel, frozen=True, extra="forbid"):
    """One kind of resource: how many the store shows since it went live, of how many the gateway
    has the newest content, and which not. ``gone``: told once, and not in the store any more."""

    in_store: int
    accepted: int
    not_accepted: tuple[NotAccepted, ...]
    gone: int


class ReconciliationReport(BaseModel, frozen=True, extra="forbid"):
    """Both ends compared: a snapshot, one a day and one for each comparison that was asked for.

    ``id`` is the subject of its events, ``report/2026-11-25``. ``agreed``: all that the
    store shows is accepted with its newest content, sums of refunds are equal, and every stock
    figure and price is the intended one. ``skus`` are
    those with a figure of the ERP that the store shows, ``accurate`` those whose figure is the
    intended one, ``accuracy`` their share from 0 to 1. ``hidden`` names kinds of which the store
    suddenly showed so much less than before that nothing was taken for deleted; figures of
    ``unchecked_skus`` seemed wrong, and could not be asked for once more.
    ``oldest_unsettled_seconds`` is the age of the oldest event that waits, null if none does;
    ``held_updates`` wait for somebody's approval. ``requests`` is what comparing cost the store.
    Times are UTC.
    """

    id: str
    store_id: str
    made_at: AwareDatetime
    since: AwareDatetime
    agreed: bool
    orders: Compared | None
    refunds: Compared | None
    refund_days: tuple[RefundDay, ...]
    products: Compared | None
    customers: Compared | None
    coupons: Compared | None
    skus: int
    accurate: int
    accuracy: float | None
    drifted: tuple[Drifted, ...]
    drifted_count: int
    hidden: tuple[str, ...]
    unchecked_skus: int
    oldest_unsettled_seconds: float | None
    held_updates: int
    requests: int
