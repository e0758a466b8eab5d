"""The way back of the gateway stand-in: updates for a store, and what the store says of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.demo.journal_file import JournalFile, dumps, opaque

if TYPE_CHECKING:
    from collections.abc import Iterable


class CursorUnknownError(Exception):
    """The cursor is none that this feed has given out."""


@dataclass(frozen=True, slots=True)
class Page:
    """Updates after a cursor, the cursor that follows them, and how far the journal goes."""

    updates: list[Any]
    cursor: str
    journal: str
    head_position: int


class Feed:
    """Updates, results and heartbeats of any number of stores, in one file."""

    def __init__(self, file: JournalFile) -> None:
        self._file = file
        self._db = file.db

    def publish(self, store: str, updates: Iterable[dict[str, Any]]) -> None:
        """Appends updates."""
        with self._file.transaction(store):
            (last,) = self._db.execute(
                "SELECT max(number) FROM feed WHERE store = ?", (store,)
            ).fetchone()
            self._db.executemany(
                "INSERT INTO feed (store, number, entry) VALUES (?, ?, ?)",
                [
                    (store, number, dumps(update))
                    for number, update in enumerate(updates, (last or 0) + 1)
                ],
            )

    def page(self, store: str, after: str | None, limit: int) -> Page:
        """At most ``limit`` updates after a cursor, or from the start; CursorUnknownError."""
        with self._file.transaction(store):
            journal, head, feed, last = self._db.execute(
                "SELECT journal, head_position, feed,"
                " (SELECT coalesce(max(number), 0) FROM feed WHERE store = :store)"
                " FROM stores WHERE store = :store",
                {"store": store},
            ).fetchone()
            start = 0 if after is None else _number(after, feed, last)
            found = self._db.execute(
                "SELECT number, entry FROM feed WHERE store = ? AND number > ?"
                " ORDER BY number LIMIT ?",
                (store, start, limit),
            ).fetchall()
        end = found[-1][0] if found else start
        return Page([json.loads(entry) for _, entry in found], f"{feed}.{end}", journal, head)

    def forget_cursors(self, store: str) -> None:
        """Every cursor given out so far is unknown from now on."""
        with self._file.transaction(store):
            self._db.execute("UPDATE stores SET feed = ? WHERE store = ?", (opaque(), store))

    def add_results(self, store: str, results: Iterable[dict[str, Any]]) -> None:
        """Logs results; one whose ``id`` and ``n`` are known changes nothing."""
        with self._file.transaction(store):
            self._db.executemany(
                "INSERT INTO results (store, id, n, result) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                [(store, result["id"], result["n"], dumps(result)) for result in results],
            )

    def results(self, store: str) -> list[dict[str, Any]]:
        """All of them, in the order of their first arrival."""
        found = self._db.execute(
            "SELECT result FROM results WHERE store = ? ORDER BY arrival", (store,)
        )
        return [json.loads(result) for (result,) in found]

    def answered(self, store: str) -> int:
        """The number of updates with at least one result."""
        (count,) = self._db.execute(
            "SELECT count(DISTINCT id) FROM results WHERE store = ?", (store,)
        ).fetchone()
        return int(count)

    def result(self, store: str, update_id: str) -> dict[str, Any] | None:
        """The result with the highest ``n`` of one update."""
        found = self._db.execute(
            "SELECT result FROM results WHERE store = ? AND id = ? ORDER BY n DESC LIMIT 1",
            (store, update_id),
        ).fetchone()
        return _loaded(found)

    def put_heartbeat(self, store: str, document: dict[str, Any]) -> None:
        """Replaces the last one."""
        with self._file.transaction(store):
            self._db.execute(
                "UPDATE stores SET heartbeat = ? WHERE store = ?", (dumps(document), store)
            )

    def heartbeat(self, store: str) -> dict[str, Any] | None:
        """The last document, if there was one."""
        found = self._db.execute(
            "SELECT heartbeat FROM stores WHERE store = ? AND heartbeat IS NOT NULL", (store,)
        ).fetchone()
        return _loaded(found)


def _loaded(found: tuple[str] | None) -> dict[str, Any] | None:
    if found is None:
        return None
    document: dict[str, Any] = json.loads(found[0])
    return document


def _number(cursor: str, feed: str, last: int) -> int:
    of, _, number = cursor.partition(".")
    if of != feed or not (number.isascii() and number.isdigit()) or int(number) > last:
        raise CursorUnknownError
    return int(number)
