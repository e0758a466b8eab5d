"""Both ends of a comparison in memory: a store that shows lists, and what was told of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent.model.listed import Listed, Told
from agent.reconcile.budget import Budget
from tests.woo.shops import HurriedClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence

    from agent.model.delivery import Look

AT = datetime(2026, 11, 24, 8, tzinfo=UTC)


def listed(subject: str, **more: Any) -> Listed:
    """As it is shown: created and changed at ``AT``."""
    given: dict[str, Any] = {"status": "processing", "created_at": AT, "changed_at": AT}
    return Listed(subject, int(subject.partition("/")[2]), **(given | more))


def told(subject: str, **more: Any) -> Told:
    """As it was told: accepted, changed at ``AT``."""
    given: dict[str, Any] = {
        "sequence": 1,
        "changed_at": AT,
        "deleted": False,
        "figures": b"",
        "parent": "",
        "state": "accepted",
        "code": None,
    }
    return Told(subject, **(given | more))


class Ends:
    """Both. ``pages`` are shown by the names of lists, ``known`` was told, ``dead`` lies dead;
    ``asked_for`` is everything that was asked for, ``waiting`` what of it is not read yet."""

    def __init__(self, *known: Told, **pages: Sequence[Sequence[Listed]]) -> None:
        self.clock = HurriedClock()
        self.budget = Budget(per_minute=lambda: 6000, busy=lambda: False, clock=self.clock)
        self.pages = {name.replace("_", " "): shown for name, shown in pages.items()}
        self.trouble: dict[str, Exception] = {}
        self.reading_s = 0.0
        self.listings: list[tuple[str, datetime | None]] = []
        self.known = {one.subject: one for one in known}
        self.dead: dict[str, str] = {}
        self.live = AT
        self.last = 100
        self.asked_for: list[tuple[str, str, int, bool]] = []
        self.waiting: set[tuple[str, str]] = set()
        self.refunds: list[tuple[str, int, datetime | None, str, str, str]] = []

    async def listed(
        self, listing: str, since: datetime | None = None
    ) -> AsyncIterator[Sequence[Listed]]:
        self.listings.append((listing, since))
        self.clock.advance(self.reading_s)
        for page in self.pages.get(listing, ()):
            yield page
        if listing in self.trouble:
            raise self.trouble[listing]

    async def told(self, subjects: Collection[str]) -> Mapping[str, Told]:
        return {name: one for name, one in self.known.items() if name in subjects}

    async def told_after(self, resource: str, subject: str, most: int) -> Sequence[Told]:
        names = sorted(n for n in self.known if n.startswith(f"{resource}/") and n > subject)
        return [self.known[name] for name in names[:most]]

    async def unsent(self, subjects: Collection[str]) -> Mapping[str, str]:
        return {name: why for name, why in self.dead.items() if name in subjects}

    async def asked(self, look: Look, subjects: Collection[str]) -> Collection[str]:
        return {name for kind, name in self.waiting if kind == look and name in subjects}

    async def go_live(self) -> datetime:
        return self.live

    async def last_sequence(self) -> int:
        return self.last

    async def ask(self, asked: Sequence[tuple[Look, str, int]], *, backfill: bool = False) -> None:
        self.asked_for += [(look.value, name, cause, backfill) for look, name, cause in asked]
        self.waiting |= {(look.value, name) for look, name, _ in asked}

    async def accepted_refunds(
        self, after: str, most: int
    ) -> Sequence[tuple[str, int, datetime | None, str, str, str]]:
        return [row for row in sorted(self.refunds, key=lambda row: row[0]) if row[0] > after][:2]

    def read(self, *told_now: Told) -> None:
        """What was asked for is read: ``told_now`` is what that gave, and the rest stands as it
        was."""
        self.waiting.clear()
        self.known |= {one.subject: one for one in told_now}

    def accepted(self, subject: str, **more: Any) -> None:
        """What waited is accepted."""
        self.known[subject] = replace(self.known[subject], state="accepted", **more)

    @property
    def subjects(self) -> list[str]:
        """What was asked for."""
        return [subject for _, subject, _, _ in self.asked_for]
