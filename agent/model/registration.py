"""The webhooks that the store has registered, and those that it should have."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

TOPICS = (
    *(f"order.{event}" for event in ("created", "updated", "deleted", "restored")),
    *(f"product.{event}" for event in ("created", "updated", "deleted", "restored")),
    *(f"customer.{event}" for event in ("created", "updated", "deleted")),
    *(f"coupon.{event}" for event in ("created", "updated", "deleted")),
)
NAME_PREFIX = "woo-agent "
"""What the names of webhooks that an agent made begin with."""


class Found(StrEnum):
    """What is wrong with the webhooks of a topic."""

    MISSING = "missing"
    DISABLED = "disabled"
    PAUSED = "paused"
    OTHER_URL = "other_url"  # one that we made does not deliver to us any more
    OTHER_TOPIC = "other_topic"  # one that we made tells of something that nobody asked for
    ERROR_BODIES = "error_bodies"  # it sends error objects, or bodies of an older API version
    DUPLICATE = "duplicate"
    UNRECORDED = "unrecorded"  # made by an agent, but nothing is known of that here


# The others send too much, or as they should.
LOSING = frozenset(
    {Found.MISSING, Found.DISABLED, Found.PAUSED, Found.OTHER_URL, Found.ERROR_BODIES}
)


@dataclass(frozen=True, slots=True)
class Registration:
    """One row of the store's list; nobody can read its secret, its user or its failures."""

    id: int
    name: str
    topic: str
    status: str
    delivery_url: str


@dataclass(frozen=True, slots=True)
class Made:
    """A webhook that we made, of what topic, when, and because of what."""

    webhook_id: int
    topic: str
    found: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Blind:
    """The newest body of that kind of resource was one that its webhook is to blame for."""

    resource: str
    webhook_id: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Records:
    """What is remembered of the webhooks; ``made`` is by their ids."""

    made: Mapping[int, Made]
    blind: Sequence[Blind] = ()
