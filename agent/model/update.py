"""What the store is to be told: stock and price updates, their states, and their results."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

HIGHEST_VERSION = 2**53 - 1
_HIGHEST_SEQUENCE = 2**63 - 1
_LARGEST_QUANTITY = 10**9
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class UpdateState(StrEnum):
    """Where an update stands. The first three are open, the others final."""

    PENDING = "pending"
    WAITING = "waiting"  # for its product, or for its time
    HELD = "held"  # for somebody's approval
    APPLIED = "applied"
    UNCHANGED = "unchanged"
    WOULD_APPLY = "would_apply"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"
    FAILED = "failed"
    REVERTED = "reverted"


class Code(StrEnum):
    """Why an update was not applied (gateway protocol, results)."""

    INVALID = "invalid"
    EXPIRED = "expired"
    UNKNOWN_SKU = "unknown_sku"
    DUPLICATE_SKU = "duplicate_sku"
    UNKNOWN_KIND = "unknown_kind"
    UNVERSIONED = "unversioned"
    VERSION_CONFLICT = "version_conflict"
    NOT_OWNED = "not_owned"
    WRONG_CURRENCY = "wrong_currency"
    WRONG_TAX = "wrong_tax"
    STOCK_NOT_MANAGED = "stock_not_managed"
    SALE_CLEARED = "sale_cleared"
    NOT_APPLIED = "not_applied"
    NOT_DUE = "not_due"
    ZERO_PRICE = "zero_price"
    PRICE_CHANGE = "price_change"
    MANY_ZEROED = "many_zeroed"
    NOT_APPROVED = "not_approved"


def _storable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable text")
    return text


def _trace(value: object) -> str | None:
    """W3C: what is no trace context counts as none."""
    return value if isinstance(value, str) and _TRACEPARENT.fullmatch(value) else None


def _sequence(value: object) -> object:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        return int(value)
    if type(value) is int:
        return value
    raise ValueError("must be a number, or its digits as text")


def _utc(value: object) -> datetime:
    """One moment is one value, whatever zone it was written in; a bare number is no moment."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except OverflowError:
        pass  # year 0, or 10000
    raise ValueError("must be an RFC 3339 time with a zone, as 2026-11-27T00:00:00Z")


Text = Annotated[
    str, StringConstraints(strict=True, min_length=1, max_length=200), AfterValidator(_storable)
]
Moment = Annotated[AwareDatetime, BeforeValidator(_utc)]
Traceparent = Annotated[str | None, BeforeValidator(_trace)]
# A decimal with a point. WooCommerce would store "15,75" as 1575 and "abc" as no price at all
# (recordings product_update_price_comma and product_update_price_garbage_blanks_price).
Price = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9]{1,12}(\.[0-9]{1,6})?$")]


Rank = tuple[int, int]
"""(version, n): the n-th update without version that came after that version, 0 for the version
itself. The higher one is the newer one."""
UNKNOWN: Rank = (-1, 0)
"""Below every version."""


class _Update(BaseModel):
    """What stock and price updates have in common. Unknown fields are ignored: more may come."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    id: Text
    """The idempotency key: an id that came before does nothing, but with ``approved`` it lifts a
    hold."""
    sku: Text
    version: Annotated[StrictInt, Field(ge=0, le=HIGHEST_VERSION)] | None = None
    """Rising per kind and SKU; the time of writing in microseconds will do. The feed's updates need
    one, lines of a file may come without."""
    effective_at: Moment | None = None
    """Waits until then; absent: takes effect at once."""
    expires_at: Moment | None = None
    """Not written any more from then on, but rejected."""
    approved: StrictBool = False
    """Somebody said yes: no guardrail holds it."""
    correlation_id: Text | None = None
    """Comes back in its results."""
    traceparent: Traceparent | None = None
    """W3C trace context: its results and log lines belong to that trace."""
    rank_given: SkipJsonSchema[Rank | None] = None
    """Given at the door to one without version."""

    @property
    def rank(self) -> Rank:
        """How new it is, among those of its kind and SKU."""
        return (self.version, 0) if self.version is not None else self.rank_given or UNKNOWN


class AtSequence(BaseModel):
    """One event of a subject."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    subject: Text
    sequence: Annotated[int, BeforeValidator(_sequence), Field(ge=0, le=_HIGHEST_SEQUENCE)]
    """As the event's attribute gives it: text of 19 digits, or the number that it is."""


Named = Text | AtSequence


class StockUpdate(_Update):
    """``quantity`` is what this store may sell."""

    kind: Literal["stock"]
    quantity: Annotated[StrictInt, Field(ge=-_LARGEST_QUANTITY, le=_LARGEST_QUANTITY)]
    """On hand, minus every order of this store that was seen, from its acceptance on, minus what
    other channels hold."""
    seen_position: Annotated[StrictInt, Field(ge=0)] | None = None
    """The quantity takes every event of this store up to this position into account, and none
    after it."""
    seen: tuple[Named, ...] = ()
    """Subjects (``order/1022``) above ``seen_position`` that it takes into account all the same, as
    of their latest event accepted by ``as_of``, or as of the event whose ``sequence`` is named."""
    unseen: tuple[Named, ...] = ()
    """Subjects at or below ``seen_position`` that it does not take into account, or single events
    of them."""
    as_of: Moment | None = None
    """Without ``seen_position``: when the quantity was right, by the gateway's clock."""

    def values(self) -> dict[str, Any]:
        """Field → value, for the fields this update sets."""
        return {"quantity": self.quantity}


class PriceUpdate(_Update):
    """Absent fields stay as they are; ``sale_price: null`` ends a sale."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": [name]}
                for name in ("regular_price", "sale_price", "sale_from", "sale_to")
            ]
        }
    )

    kind: Literal["price"]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    """Must be the store's, if it is given."""
    tax: Literal["included", "excluded"] | None = None
    """Whether the prices contain tax; must be how the store enters them, if it is given."""
    regular_price: Price | SkipJsonSchema[None] = None
    sale_price: Price | None = None
    sale_from: Moment | None = None
    sale_to: Moment | None = None

    @model_validator(mode="after")
    def _sets_something(self) -> PriceUpdate:
        if "regular_price" in self.model_fields_set and self.regular_price is None:
            raise ValueError(
                "regular_price must not be null: a product without a price can't be sold"
            )
        if not self.values():
            raise ValueError("sets neither regular_price nor sale_price, sale_from or sale_to")
        if self.sale_from and self.sale_to and self.sale_to < self.sale_from:
            raise ValueError("sale_to is before sale_from")
        return self

    def values(self) -> dict[str, Any]:
        """Field → value, for the fields this update sets."""
        fields = ("regular_price", "sale_price", "sale_from", "sale_to")
        return {name: getattr(self, name) for name in fields if name in self.model_fields_set}


Update = StockUpdate | PriceUpdate
_KINDS: dict[str, type[Update]] = {"stock": StockUpdate, "price": PriceUpdate}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an update is not applied."""

    code: Code
    message: str


def read(item: object) -> Update | Refusal:
    """An update as it stands in a feed or file, or why it can't be one. Never raises."""
    if not isinstance(item, Mapping):
        return Refusal(Code.INVALID, "an update is a JSON object")
    kind = item.get("kind")
    model = _KINDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        return Refusal(Code.UNKNOWN_KIND, "kind is neither stock nor price")
    try:
        return model.model_validate(item)
    except ValidationError as error:
        return invalid(error)


def invalid(error: ValidationError) -> Refusal:
    """The first thing that is wrong with an item, and where."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return Refusal(Code.INVALID, f"{place}: {first['msg']}" if place else first["msg"])


def identity(item: object) -> str:
    """The id an update was given; where there is none, one made of its content, so that it can be
    answered and the same item again does nothing."""
    given = item.get("id") if isinstance(item, Mapping) else None
    if isinstance(given, str) and 0 < len(given) <= 200 and given.isprintable():
        return given
    text = json.dumps(item, sort_keys=True, default=str)
    return "invalid-" + hashlib.sha256(text.encode()).hexdigest()[:16]


def claimed(item: object, name: str) -> str:
    """What an item that can't be read says of itself, cut to a storable size."""
    value = item.get(name) if isinstance(item, Mapping) else None
    return value[:200] if isinstance(value, str) and value.isprintable() else ""
