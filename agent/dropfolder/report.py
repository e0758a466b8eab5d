"""What became of a file: how much of it was taken in, and every bad line. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from agent.dropfolder.rows import Bad, Line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.model.update import Taken

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

    def add(self, pieces: Sequence[Line | Bad], taken: Taken) -> None:
        """The next lines, and what the door made of their items."""
        for piece in pieces:
            self.lines += 1
            if isinstance(piece, Bad):
                self._refuse([piece])
                continue
            ids = [item["id"] for item in piece.items]
            faults = [
                Bad(piece.number, None, f"{refusal.code}: {refusal.message}")
                for refusal in (taken.refused.get(name) for name in ids)
                if refusal is not None
            ]
            known = sum(name in taken.known for name in ids)
            self.known += known
            self.taken += len(ids) - known - len(faults)
            self._good = self._good or len(faults) < len(ids)
            self._refuse(faults)

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
