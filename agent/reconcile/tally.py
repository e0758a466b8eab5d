"""Counts what a comparison finds of one kind of resource. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.model.report import NAMED, Compared, NotAccepted
from agent.reconcile import differences

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from agent.model.listed import Listed, Told


@dataclass
class Tally:
    """``shown`` are the ids that the store shows, ``open`` the subjects of which the gateway does
    not have the newest content, with the reason."""

    in_store: int = 0
    shown: set[int] = field(default_factory=set)
    open: dict[str, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)

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
            if known is None and row.subject in dead:
                self.open[row.subject] = dead[row.subject]
            elif differences.differ(row, known, since):
                self.open[row.subject] = "missing" if known is None else "changed"
                different.append(row.subject)
            elif known is not None and not known.is_accepted:
                self.open[row.subject] = reason(known)
        return different

    def again(self, told: Mapping[str, Told], dead: Mapping[str, str]) -> None:
        """Brings what was open up to date, after what differs was read."""
        for subject in list(self.open):
            known = told.get(subject)
            if subject in dead and (known is None or not known.is_accepted):
                self.open[subject] = dead[subject]
            elif known is not None and known.is_accepted:
                del self.open[subject]
            elif known is not None:
                self.open[subject] = reason(known)

    def told(self) -> Compared:
        """How it stands."""
        return Compared(
            in_store=self.in_store,
            accepted=self.in_store - len(self.open),
            not_accepted=_named(self.open.items()),
            gone=len(self.gone),
        )


def reason(told: Told) -> str:
    """Why the gateway does not have it."""
    return told.code or "dead" if told.state == "dead" else str(told.state)


def _named(found: Iterable[tuple[str, str]]) -> tuple[NotAccepted, ...]:
    named = [NotAccepted(subject=subject, reason=why) for subject, why in found]
    return tuple(named[:NAMED])
