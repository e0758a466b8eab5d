"""Items of a file go through the same door as those of the feed, some hundred at a time. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.model.inbox import Taken
from agent.model.update import Code, Refusal, UpdateState
from agent.updates import intake

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from typing import Literal

    from agent.model.inbox import Intake, KnownVersions


class Piece:
    """Some items of a file: what must be looked up for them, and what became of them."""

    def __init__(
        self,
        items: Sequence[object],
        *,
        unversioned: Literal["refuse", "accept"],
        now: datetime,
        before: Collection[str] = (),
    ) -> None:
        """``before``: ids that count as taken in, beside those that are."""
        self._page = intake.entries(items)
        self._rule: Literal["refuse", "accept"] = unversioned
        self._now = now
        self._before = before
        self.ids = [entry.id for entry in self._page]
        self.skus = intake.skus(self._page)
        self.versions = intake.version_numbers(self._page)
        self.unversioned = intake.unversioned(self._page)
        self.taken = Taken()

    def decide(self, seen: frozenset[str], known: KnownVersions) -> Intake:
        """What the piece adds to the inbox; ``taken`` tells of it afterwards."""
        before = seen.union(self._before).intersection(self.ids)
        added = intake.decide(self._page, before, known, self._now, self._rule)
        self.taken = Taken(
            before,
            {
                row.id: Refusal(Code(row.code), row.message or "")
                for row in added.rows
                if row.state is UpdateState.REJECTED and row.code is not None
            },
        )
        return added
