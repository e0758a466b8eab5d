"""What became of a file: how much of it was taken in, and every bad line. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from agent.dropfolder.rows import Bad, Line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.model.inbox import Taken

MOST_NAMED = 1000


class Report:
    """Grows with the file. A line is good if at least one of its updates was taken in, now or
    before; a bad one may have several faults."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.lines = 0
        self.taken = 0
        self.known = 0
        self.refused = 0
        self._good = False
        self._cut = 0
        self._named: list[Bad] = []

    def add(self, pieces: Sequence[Line | Bad], taken: Taken) -> list[Mapping[str, Any]]:
        """The next lines, and what the door made of their items; those that were taken in. Of
        items with one id the first counts."""
        added: list[Mapping[str, Any]] = []
        known = set(taken.known)
        for piece in pieces:
            self.lines += 1
            if isinstance(piece, Bad):
                self._refuse([piece])
                continue
            faults = []
            for item in piece.items:
                refusal = taken.refused.get(item["id"])
                if refusal is not None:
                    reason = f"{refusal.code}: {refusal.message}"
                    faults.append(Bad(piece.number, None, reason))
                elif item["id"] in known:
                    self.known += 1
                else:
                    added.append(item)
                known.add(item["id"])
            self._good = self._good or len(faults) < len(piece.items)
            self._refuse(faults)
        self.taken += len(added)
        return added

    @property
    def is_rejected(self) -> bool:
        """No line of it was good."""
        return self.refused > 0 and not self._good

    def document(self) -> dict[str, Any]:
        """As it is written beside the file: counts of lines and updates, and the faults, of which
        ``cut`` more were found than are named."""
        return {
            "file": self._name,
            "lines": self.lines,
            "updates_taken": self.taken,
            "updates_known_before": self.known,
            "lines_refused": self.refused,
            "refused": [asdict(bad) for bad in self._named],
            "cut": self._cut,
        }

    def _refuse(self, faults: Sequence[Bad]) -> None:
        self.refused += bool(faults)
        room = MOST_NAMED - len(self._named)
        self._named += faults[:room]
        self._cut += len(faults[room:])
