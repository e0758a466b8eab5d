"""The journal of the gateway stand-in: every event of a store, once, under a rising position."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.demo.journal_file import JournalFile, dumps, opaque

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Head:
    """How far a store's journal goes; ``last_sequence`` as the events write it."""

    journal: str
    position: int
    last_sequence: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """Where an event stands in the journal."""

    position: int
    accepted_at: str
    duplicate: bool = False


class Sent(NamedTuple):
    """An event, and its text as it came."""

    event: Any
    text: str


class Journal:
    """Events of any number of stores, in one file."""

    def __init__(self, file: JournalFile) -> None:
        self._file = file
        self._db = file.db

    def head(self, store: str) -> Head:
        """Where the store's journal stands."""
        with self._file.transaction(store):
            row = self._db.execute(
                "SELECT journal, head_position,"
                " (SELECT max(sequence) FROM events WHERE store = :store)"
                " FROM stores WHERE store = :store",
                {"store": store},
            ).fetchone()
        return Head(*row)

    def append(
        self, store: str, events: Sequence[Sent], accepted_at: str
    ) -> tuple[list[Entry], str, int]:
        """Stores events in one transaction: their entries, the journal's id, its head position.

        A known id is a duplicate and keeps its first entry, unless ``replay`` asks to process it
        again: that gives it a further entry.
        """
        rows = []
        again = []
        entries = []
        with self._file.transaction(store):
            journal, head = self._db.execute(
                "SELECT journal, head_position FROM stores WHERE store = ?", (store,)
            ).fetchone()
            known = self._known(store, [sent.event["id"] for sent in events])
            for sent in events:
                event = sent.event
                first = known.get(event["id"])
                if first is not None and not event.get("replay"):
                    again.append((store, first.position))
                    entries.append(first)
                    continue
                head += 1
                rows.append(_row(store, head, sent, accepted_at))
                entries.append(Entry(head, accepted_at))
                known.setdefault(event["id"], Entry(head, accepted_at, duplicate=True))
            self._db.executemany(
                "INSERT INTO events (store, position, id, subject, sequence, accepted_at, event)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            self._db.executemany(
                "UPDATE events SET received = received + 1 WHERE store = ? AND position = ?", again
            )
            self._db.execute("UPDATE stores SET head_position = ? WHERE store = ?", (head, store))
        return entries, journal, head

    def events(self, store: str, after: int = 0) -> list[dict[str, Any]]:
        """In order of position, each with ``position``, ``accepted_at``, ``received`` (times)."""
        found = self._db.execute(
            "SELECT position, accepted_at, received, event FROM events"
            " WHERE store = ? AND position > ? ORDER BY position",
            (store, after),
        )
        return [
            json.loads(event)
            | {"position": position, "accepted_at": accepted_at, "received": received}
            for position, accepted_at, received, event in found
        ]

    def subjects(self, store: str) -> dict[str, dict[str, Any]]:
        """The event with the highest ``sequence`` of every subject, deletions included."""
        found = self._db.execute(
            "SELECT subject, event FROM (SELECT subject, event, row_number() OVER"
            " (PARTITION BY subject ORDER BY sequence DESC, position DESC) AS age"
            " FROM events WHERE store = ?) WHERE age = 1 ORDER BY subject",
            (store,),
        )
        return {subject: json.loads(event) for subject, event in found}

    def rewind(self, store: str, to_position: int) -> None:
        """What is above is forgotten; the journal has a new id, and every cursor is unknown."""
        with self._file.transaction(store):
            self._db.execute(
                "DELETE FROM events WHERE store = ? AND position > ?", (store, to_position)
            )
            self._db.execute(
                "UPDATE stores SET journal = ?, feed = ?, head_position = min(head_position, ?)"
                " WHERE store = ?",
                (opaque(), opaque(), to_position, store),
            )

    def _known(self, store: str, ids: list[str]) -> dict[str, Entry]:
        found = self._db.execute(
            "SELECT id, min(position), accepted_at FROM events INDEXED BY events_by_id"
            " WHERE store = ? AND id IN (SELECT value FROM json_each(?)) GROUP BY id",
            (store, dumps(ids)),
        )
        return {
            event_id: Entry(position, accepted_at, duplicate=True)
            for event_id, position, accepted_at in found
        }


def _row(store: str, position: int, sent: Sent, accepted_at: str) -> tuple[Any, ...]:
    named = (sent.event["id"], sent.event["subject"], sent.event["sequence"])
    return (store, position, *named, accepted_at, sent.text)
