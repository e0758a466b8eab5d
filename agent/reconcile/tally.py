"""Counts what a comparison finds of one kind of resource. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.model.report import NAMED, Compared, NotAccepted
from agent.reconcile import differences

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from agent.model.listed import Listed, Told


@dataclass
class Tally:
    """``shown`` are the ids that the store shows, ``open`` the subjects of which the gateway does
    not have the newest content, with the reason; what is ``gone`` may be among them.
    ``began`` is the newest number when the lists began to be read."""

    in_store: int = 0
    shown: set[int] = field(default_factory=set)
    open: dict[str, str] = field(default_factory=dict)
    began: int = 0
    gone: set[str] = field(default_factory=set)

    def page(
        self,
        rows: Sequence[Listed],
        told: Mapping[str, Told],
        dead: Mapping[str, str],
        since: datetime,
    ) -> list[str]:
        """Takes a page in; the subjects that differ and are to be read."""
        different: list[str] = []
        for row in rows:
            if row.number in self.shown:
                continue
            self.shown.add(row.number)
            known = told.get(row.subject)
            if not differences.is_ours(row, known, since):
                continue
            self.in_store += 1
            if differences.differ(row, known, since, began=self.began):
                why = "missing" if known is None else "changed"
                self.open[row.subject] = dead.get(row.subject, why)
                if row.subject not in dead:
                    different.append(row.subject)
            elif known is not None and not known.is_accepted:
                self.open[row.subject] = reason(known)
        return different

    def went(self, subjects: Iterable[str]) -> None:
        """Those are not shown any more; the gateway has to be told."""
        for subject in subjects:
            self.gone.add(subject)
            self.open[subject] = "gone"

    def again(
        self,
        subjects: Iterable[str],
        told: Mapping[str, Told],
        dead: Mapping[str, str],
        unread: Collection[str],
    ) -> None:
        """Brings those that were open up to date, after what differs was read; of what is still
        ``unread`` nothing new is known."""
        for subject in subjects:
            known = told.get(subject)
            if subject in dead:
                self.open[subject] = dead[subject]
                continue
            if known is None or subject in unread:
                continue
            if not known.deleted:
                self.gone.discard(subject)  # it is there, and no list shows it
            if known.is_accepted:
                del self.open[subject]
            else:
                self.open[subject] = reason(known)

    def told(self) -> Compared:
        """How it stands."""
        return Compared(
            in_store=self.in_store,
            accepted=self.in_store - len(self.open.keys() - self.gone),
            not_accepted=_named(self.open.items()),
            gone=len(self.gone),
        )


def reason(told: Told) -> str:
    """Why the gateway does not have it."""
    return told.code or "dead" if told.state == "dead" else str(told.state)


def _named(found: Iterable[tuple[str, str]]) -> tuple[NotAccepted, ...]:
    named = [NotAccepted(subject=subject, reason=why) for subject, why in found]
    return tuple(named[:NAMED])
