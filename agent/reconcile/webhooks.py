"""What the store has registered against what it should have, and what to do about it. Pure.

Ours are those that deliver to our address, and those that we made, wherever they deliver to now.
All others are never touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent.model.registration import LOSING, NAME_PREFIX, TOPICS, Found

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from agent.model.registration import Records, Registration

AGAIN_AFTER = timedelta(hours=1)
"""One is not made again for the same reason before: where that did not help, it would be made
without end."""
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Topic:
    """How it stands with a topic (``webhook`` is the one that counts), and what is to be done.

    ``make`` a fresh one, ``activate`` or ``record`` the one that counts, and when that is done
    ``delete`` others.
    """

    topic: str
    webhook: Registration | None = None
    found: Found | None = None
    make: bool = False
    activate: bool = False
    record: bool = False
    delete: tuple[int, ...] = ()

    @property
    def is_losing(self) -> bool:
        """What happens in the store is not told."""
        return self.found in LOSING

    @property
    def is_repairable(self) -> bool:
        """Something is to be done."""
        return self.make or self.activate or self.record or bool(self.delete)


def plan(
    listed: Sequence[Registration], records: Records, delivery_url: str, now: datetime
) -> list[Topic]:
    """Every topic, in order; then what we made that has come to tell of something else."""
    ours = [one for one in listed if _is_ours(one, records, delivery_url)]
    told = _Ours({one.id for one in ours}, records, delivery_url, now)
    topics = [_topic(topic, [one for one in ours if one.topic == topic], told) for topic in TOPICS]
    return topics + [
        Topic(one.topic, one, Found.OTHER_TOPIC, delete=(one.id,))
        for one in ours
        if one.topic not in TOPICS and one.id in records.made
    ]


def same_url(one: str, other: str) -> bool:
    """Whether both name the same address, however it is written."""
    return _plain(one) == _plain(other)


def _plain(url: str) -> tuple[object, ...]:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return (url,)
    return (parts.scheme, parts.hostname, port, parts.path.rstrip("/"), parts.query)


def _is_ours(one: Registration, records: Records, delivery_url: str) -> bool:
    """A store that was restored gives ids again: what we made also has our name."""
    made = one.id in records.made and one.name.startswith(NAME_PREFIX)
    return made or same_url(one.delivery_url, delivery_url)


@dataclass(frozen=True, slots=True)
class _Ours:
    """What tells good ones from others."""

    ids: set[int]
    records: Records
    delivery_url: str
    now: datetime

    def is_made(self, one: Registration) -> bool:
        return one.id in self.records.made or one.name.startswith(NAME_PREFIX)

    def is_right(self, one: Registration) -> bool:
        return same_url(one.delivery_url, self.delivery_url)

    def is_blind(self, one: Registration) -> bool:
        """All webhooks of a kind that were there when one of them sent a broken body; a body of one
        that is gone says nothing of those that are there."""
        made, kind = self.records.made.get(one.id), one.topic.partition(".")[0]
        return any(
            blind.resource == kind
            and blind.webhook_id in self.ids
            and (made is None or made.made_at < blind.received_at)
            for blind in self.records.blind
        )

    def is_tried(self, topic: str, found: Found) -> bool:
        """One was made for the same reason, and not long ago. One that is missing may have been
        deleted by somebody; two in a row the store does not show us."""
        tried = sum(
            made.topic == topic and made.found == found and self.now - made.made_at < AGAIN_AFTER
            for made in self.records.made.values()
        )
        return tried >= (2 if found is Found.MISSING else 1)

    def found(self, one: Registration) -> Found | None:
        if not self.is_right(one):
            return Found.OTHER_URL
        if self.is_blind(one):
            return Found.ERROR_BODIES
        if one.status == "active":
            return None
        return Found.PAUSED if one.status == "paused" else Found.DISABLED


def _topic(topic: str, ours: Sequence[Registration], told: _Ours) -> Topic:
    # Of several the one that was made for this topic counts, then one that was made, then the
    # oldest.
    ours = sorted(
        ours, key=lambda o: (o.name != f"{NAME_PREFIX}{topic}", not told.is_made(o), o.id)
    )
    found = {one.id: told.found(one) for one in ours}
    for wanted in (None, Found.PAUSED):
        for one in ours:
            if found[one.id] is wanted:
                return _kept(topic, one, [o for o in ours if o is not one], found, told)
    first = ours[0] if ours else None
    wrong = found[first.id] if first else None
    reason = wrong or Found.MISSING
    if told.is_tried(topic, reason):
        return Topic(topic, first, reason)
    return Topic(topic, first, reason, make=True, delete=tuple(one.id for one in ours))


def _kept(
    topic: str,
    kept: Registration,
    others: Sequence[Registration],
    found: dict[int, Found | None],
    told: _Ours,
) -> Topic:
    """What somebody made by hand, and works, is theirs to delete."""
    useless = {Found.DISABLED, Found.ERROR_BODIES, Found.OTHER_URL}
    delete = tuple(o.id for o in others if told.is_made(o) or found[o.id] in useless)
    if found[kept.id] is Found.PAUSED:
        return Topic(topic, kept, Found.PAUSED, activate=True, delete=delete)
    record = kept.id not in told.records.made and told.is_made(kept)
    if record:
        return Topic(topic, kept, Found.UNRECORDED, record=True, delete=delete)
    return Topic(topic, kept, Found.DUPLICATE if others else None, delete=delete)
