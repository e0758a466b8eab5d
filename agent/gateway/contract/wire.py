"""What goes over the wire around the canonical models: envelope, answers, pages, results.

The docstrings are the contract's own text: gateways are built from them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema

from agent.model.update import HIGHEST_VERSION, Code

_Absent = SkipJsonSchema[None]
"""Left out, never null."""
_Position = Annotated[int, Field(ge=0, lt=2**63)]
_Sequence = Annotated[str, StringConstraints(pattern=r"^[0-9]{19}$")]
_Uuid7 = Annotated[
    str,
    StringConstraints(
        pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
    ),
]
_TraceParent = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
]


class CloudEvent(BaseModel):
    """A CloudEvent 1.0 in JSON format. It is a snapshot of its subject, not a transition: upsert by
    ``subject``, unless you have a higher ``sequence`` for it."""

    specversion: Literal["1.0"]
    id: _Uuid7 = Field(description="The same in every repeat: the idempotency key.")
    source: str = Field(
        pattern=r"^urn:woo-agent:store:.+$", description="The store, named for good."
    )
    type: str = Field(
        pattern=r"^(retail\.[a-z]+\.[a-z]+|woocommerce(\.[A-Za-z0-9_-]+)+)\.v[1-9][0-9]*$",
        description="What `data` is, with its version. Types may be added: answer one that you do"
        " not know with `accepted` and put it aside, or name those you want in `accepts`.",
    )
    subject: str = Field(
        pattern=r"^[A-Za-z0-9_]+/.+$",
        description="What it is about: `order/1022`, `inventory/MUG-1`.",
    )
    time: AwareDatetime = Field(
        description="When the store last changed the subject, else when the agent heard of it."
    )
    datacontenttype: Literal["application/json"]
    dataschema: str | _Absent = Field(
        None, description="URN of the JSON Schema of `data`: `urn:woo-agent:schema:` and the type."
    )
    sequence: _Sequence = Field(
        description="Strictly rising per source, zero-padded: compare it as text."
    )
    recordedtime: AwareDatetime = Field(description="When the agent stored it.")
    correlationid: str = Field(
        min_length=1, description="The business object: an order and its refunds share it."
    )
    causationid: str | _Absent = Field(
        None, description="The id of the event that made this one (the order of a refund)."
    )
    replay: bool | _Absent = Field(
        None, description="true: sent again on purpose; process it even if you know its id."
    )
    backfill: bool | _Absent = Field(None, description="true: history, loaded on request.")
    conflict: bool | _Absent = Field(
        None,
        description="true: the store changed by hand what the ERP owns. Your figure still stands"
        " in your books, no longer in the store.",
    )
    erased: bool | _Absent = Field(
        None,
        description="true: the person was deleted or anonymised in the store, and what was personal"
        " is gone from `data`. Keep what you have of it for as long as your own duties ask.",
    )
    traceparent: _TraceParent | _Absent = Field(None, description="W3C trace context.")
    data: dict[str, Any] = Field(description="The document that `type` names.")


class EventStatus(StrEnum):
    """``accepted``: stored for good. ``duplicate``: you had its id. ``deferred``: send it again
    later. ``rejected``: never send it again, a person has to look."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    DEFERRED = "deferred"


class EventResult(BaseModel):
    """What became of one event of the batch."""

    id: str | None = Field(description="The event's id, null for something that has none.")
    status: EventStatus
    position: _Position | None = Field(
        None,
        description="Your journal's number of this event, given under a lock; a duplicate has the"
        " one that it got the first time. Stock figures refer to it.",
    )
    accepted_at: AwareDatetime | None = Field(
        None, description="By your clock; `as_of` of a stock update is compared with it."
    )
    code: str | None = Field(None, description="A stable word: why it was not accepted.")
    message: str | None = Field(None, description="The same for a person.")


class EventsAnswer(BaseModel):
    """One result per event, in any order; an event that is missing counts as deferred."""

    results: list[EventResult]
    journal: str | None = Field(
        None, description="An opaque name of your journal, new after a restored backup."
    )
    head_position: _Position | None = Field(None, description="The highest position given so far.")


class UpdatesPage(BaseModel):
    """The updates after the cursor that was given, oldest first."""

    updates: list[dict[str, Any]] = Field(
        description="Each a stock update, a price update or a request to resend. One that does not"
        " fit gets a `rejected` result; the others go on."
    )
    cursor: str | None = Field(
        description="Opaque, printable and at most 1,000 characters; the agent gives it back as"
        " `after`. null only on a page without updates."
    )
    journal: str | None = Field(None, description="As in the answers to events.")
    head_position: _Position | None = None


class ResultStatus(StrEnum):
    """``waiting`` and ``held`` are not the last word, all others are."""

    WAITING = "waiting"
    HELD = "held"
    APPLIED = "applied"
    UNCHANGED = "unchanged"
    WOULD_APPLY = "would_apply"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"
    FAILED = "failed"
    REVERTED = "reverted"


class Result(BaseModel):
    """What became of one update. A later result of the same update has a higher ``n``."""

    id: str = Field(
        description="The update's. What had none gets `invalid-` and a digest of its content."
    )
    sku: str = Field(description="Empty where the item named none.")
    kind: str = Field(description="As the item said it: stock, price, resend, or anything else.")
    version: Annotated[int, Field(ge=0, le=HIGHEST_VERSION)] | None = None
    n: int = Field(ge=1, description="Counts the results of this id; ignore a lower one.")
    status: ResultStatus
    code: str | None = Field(
        None,
        description=f"Why: {', '.join(Code)}. More may come.",
    )
    message: str | None = Field(None, description="The same for a person.")
    store: dict[str, Any] | None = Field(
        None,
        description="What the store says now, in the update's own fields; for would_apply and held"
        " what it would say.",
    )
    before: dict[str, Any] | None = Field(None, description="What the store said before.")
    correlation_id: str | None = Field(None, description="As the update gave it.")
    at: AwareDatetime


class Results(BaseModel):
    """At most 200; they are kept and sent again until a 2xx with a JSON object, or a 204, comes."""

    results: list[Result]


class StoreDescription(BaseModel):
    """What the gateway says of itself and of what it has of this store. Nothing is required."""

    name: str | None = Field(None, description="For people: which system this is.")
    environment: str | None = Field(None, description="For people: production, test, sandbox.")
    accepts: list[str] | None = Field(
        None,
        description="The event types you want; absent: all of them. Others are set aside, and sent"
        " once you name them.",
    )
    max_batch_bytes: Annotated[int, Field(gt=0)] | None = Field(
        None, description="The largest body that you take."
    )
    journal: str | None = None
    head_position: _Position | None = None
    last_sequence: _Sequence | Annotated[int, Field(ge=0)] | None = Field(
        None, description="The highest one you have of this store: the agent's own goes on above."
    )


class HealthStatus(StrEnum):
    """``warn``: a person should look. ``fail``: something does not work."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"


class HealthCheck(BaseModel):
    """One thing that was looked at; ``output`` has the cause and the next command."""

    observedValue: Any = None
    observedUnit: str | None = None
    status: HealthStatus
    time: AwareDatetime
    output: str | None = None


class Heartbeat(BaseModel):
    """The agent's health as ``application/health+json``; ``status`` is the worst of its checks.

    Checks come and go with the agent's version: show them, do not depend on a name.
    """

    status: HealthStatus
    version: str
    releaseId: str = Field(description="The agent's version.")
    serviceId: str = Field(description="The store.")
    description: str
    checks: dict[str, list[HealthCheck]]


class Problem(BaseModel):
    """RFC 9457, as ``application/problem+json``. It has ``code`` or ``type``: without them a 400 or
    422 is taken for the word of a proxy, and no event is blamed for it."""

    type: str | None = Field(
        None, description="A URI; what follows its last slash is the code where `code` is missing."
    )
    title: str | None = None
    status: int | None = None
    code: str | None = Field(
        None, description="A stable word; the agent knows another_instance and cursor_unknown."
    )
    detail: str | None = Field(None, description="What a person needs to know.")
