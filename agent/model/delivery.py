"""A webhook on its way from the store to the gateway: the outbox row, its states and how it ends.

It is *received* (stored, not judged), then *judged* (an event to send, or a reason not to), and a
sent event is *settled* by what the gateway answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from agent.model.product import StoreProduct
    from agent.model.stock import HeldLine


class State(StrEnum):
    """Where a row stands. ``accepted``, ``discarded`` and ``skipped`` are settled."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DEAD = "dead"
    DISCARDED = "discarded"
    SKIPPED = "skipped"


class Verdict(StrEnum):
    """What the judge found a stored webhook to be. All but ``event`` are never sent."""

    EVENT = "event"
    DUPLICATE = "duplicate"  # the content we already have
    ECHO = "echo"  # the content we already have, its figures written by us
    STALE = "stale"  # older than what we already have
    FOREIGN_SOURCE = "foreign_source"  # signed with our secret, but not sent by our store
    ERROR_BODY = "error_body"  # an error, or a body of an old API version, in place of a resource
    OTHER_KIND = "other_kind"  # about something else than its topic says
    DRAFT = "draft"  # a checkout that is not yet an order


READ_BY_US = "rest"
"""Stands for the webhook's id where a body was read over REST; ``delivery_id`` then holds the
number of the newest arrival at the time when that read began."""
BACKFILL = "backfill"
"""The same, of what was read as history on request."""
OURS = frozenset({READ_BY_US, BACKFILL})


STOCK_TOPIC = "inventory.updated"
"""Of what we take in ourselves when a product shows other stock than before."""


class Webhook(NamedTuple):
    """What the receiver stores: the body as it came, and the headers that say what it is. ``cause``
    is the id of the event that made us ask for it."""

    received_at: datetime
    topic: str
    source: str
    webhook_id: str
    delivery_id: str
    body: bytes
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """A stored webhook without a verdict yet."""

    sequence: int
    id: str
    webhook: Webhook


@dataclass(frozen=True, slots=True)
class Reading:
    """What a body says about itself, before it is compared with what is known.

    ``digest`` stands for the content: volatile keys are left out, so equal content gives equal
    digests. A product's ``figures`` are not in it, they have a digest of their own; an order's are
    in it, and are what a list shows of one. ``product`` is what writing to it needs to know.
    ``resource`` is the kind that the topic names, ``read_after`` the newest arrival when a read
    over REST began. ``created_at`` and ``lines`` are those of an order, ``refunds`` the subjects
    of those that it names, each with its amount: what their own ``figures`` are. ``parent`` is the
    subject that one belongs to. ``stock`` is the digest of a product's stock alone, ``inventory``
    what an event of that stock is made of. ``verdict`` is set where the body alone decides,
    ``reason`` tells people why; ``gone``: there is no such resource. ``untranslatable`` says why it
    can't become an event.
    ``data`` is what the event carries where there is a model of ours, as JSON.
    """

    type: str = ""
    subject: str = ""
    lane: str = ""
    priority: int = 9
    changed_at: datetime | None = None
    digest: bytes = b""
    figures: bytes = b""
    resource: str = ""
    product: StoreProduct | None = None
    read_after: int | None = None
    deletion: bool = False
    revives: bool = False
    snapshot: bool = True
    verdict: Verdict | None = None
    reason: str = ""
    gone: bool = False
    untranslatable: str = ""
    created_at: datetime | None = None
    lines: tuple[HeldLine, ...] = ()
    refunds: tuple[tuple[str, bytes], ...] = ()
    parent: str = ""
    stock: bytes = b""
    inventory: bytes = b""
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Known:
    """The newest content of a subject that is known to both sides.

    ``ours``: its ``figures`` were last set by a write of ours. ``last_body`` is the number of the
    newest body about it, whatever its verdict. ``parent`` and ``stock`` are as in its reading.
    """

    sequence: int
    digest: bytes
    version: int
    changed_at: datetime | None
    deleted: bool
    figures: bytes = b""
    ours: bool = False
    last_body: int = 0
    parent: str = ""
    stock: bytes = b""


@dataclass(frozen=True, slots=True)
class Dead:
    """It will not be sent again unless somebody replays it."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on one stored webhook; ``dead`` says why an event can't be sent."""

    sequence: int
    verdict: Verdict
    reading: Reading
    dead: Dead | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """The store sent a resource of that kind, or (not ``good``) an error object in its place, be it
    only because the resource is ``gone``."""

    sequence: int
    resource: str
    good: bool
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdicts on a batch, and what was learned from it.

    ``unsure``: rows the store is asked about first (deletions that may name something else);
    ``outdated``: rows whose subject is to be read again; ``refunded``: orders whose refunds are not
    those that are known, and their events; all as (sequence, subject). ``stocked``: what is taken
    in because of the stock that products show, as (sequence, body). ``fresh``: orders that the
    store told of, which are to be read once more when they have come to rest.
    """

    judged: tuple[Judged, ...]
    learned: dict[str, Known]
    unsure: tuple[tuple[int, str], ...] = ()
    outdated: tuple[tuple[int, str], ...] = ()
    heard: tuple[Heard, ...] = ()
    refunded: tuple[tuple[int, str], ...] = ()
    stocked: tuple[tuple[int, bytes], ...] = ()
    fresh: tuple[tuple[int, str], ...] = ()

    @property
    def asks(self) -> bool:
        """Whether it leaves questions for the store."""
        asked = self.unsure or self.outdated or self.refunded
        return bool(asked or not all(one.good for one in self.heard))


class Look(StrEnum):
    """What the store is asked."""

    DELETION = "deletion"  # what was it that was deleted?
    RESOURCE = "resource"  # how is it now?
    CHANGES = "changes"  # what changed of that kind?
    REFUNDS = "refunds"  # which refunds has that order?
    AGAIN = "again"  # how is it now that it has come to rest?


@dataclass(frozen=True, slots=True)
class Followup:
    """Something the store is to be asked about, and the outbox row that made us ask.

    ``subject`` is a resource (``order/1022``), or a kind of them for changes, which are asked for
    from ``since`` on. ``compared``: a comparison of both ends asks, and can wait. ``backfill``: it
    is history that somebody wants to have.
    """

    kind: str
    subject: str
    cause: int
    since: datetime | None = None
    compared: bool = False
    backfill: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """A judged row that is to be sent. ``body`` is empty where ``data`` was kept. ``conflict``: it
    shows an edit in the store of what the ERP owns. ``cause`` is the id of the event that it
    follows from. ``backfill``: it was read as history on request. ``erased``: what was personal in
    it is gone."""

    sequence: int
    id: str
    type: str
    subject: str
    lane: str
    topic: str
    received_at: datetime
    changed_at: datetime | None
    attempts: int
    replay: bool
    body: bytes
    data: bytes = b""
    cause: str = ""
    conflict: bool = False
    backfill: bool = False
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """The oldest pending event of a lane, without its body."""

    lane: str
    sequence: int
    size: int
    priority: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The gateway has it; ``position`` is the gateway's own journal number, if it tells one."""

    position: int | None = None
    accepted_at: str | None = None
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Again:
    """It is tried again, not before ``after_s`` seconds. ``doubtful``: the gateway may have it."""

    code: str
    message: str
    after_s: float
    doubtful: bool = False


Outcome = Accepted | Dead | Again


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one sending of one event ended.

    ``journal`` is the number of the gateway's journal that answered, or that there was when it was
    sent; None: the present one. What an earlier one accepted, the present one does not have.
    """

    event: Event
    at: datetime
    outcome: Outcome
    status: int | None
    journal: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request to the gateway.

    ``status`` is None where nothing usable came back, and ``failure`` then says why
    (``timeout``, ``unreachable``, ``tls``, ``interrupted``). ``body`` is the parsed JSON, None if
    there is none; ``excerpt`` the beginning of the text, for the person who has to find out, and
    ``why_not`` what makes it no JSON where the beginning hardly shows it.
    """

    status: int | None
    failure: str = ""
    body: Any = None
    excerpt: str = ""
    retry_after_s: float | None = None
    why_not: str = ""
