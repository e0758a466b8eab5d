"""The SQLite file the gateway stand-in keeps its stores in."""

from __future__ import annotations

import json
import secrets
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from agent.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS stores (
    store TEXT PRIMARY KEY,
    journal TEXT NOT NULL,
    feed TEXT NOT NULL,
    head_position INTEGER NOT NULL DEFAULT 0,
    heartbeat TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS events (
    store TEXT NOT NULL,
    position INTEGER NOT NULL,
    id TEXT NOT NULL,
    subject TEXT NOT NULL,
    sequence TEXT NOT NULL,
    accepted_at TEXT NOT NULL,
    received INTEGER NOT NULL DEFAULT 1,
    event TEXT NOT NULL,
    PRIMARY KEY (store, position)
) STRICT;
CREATE INDEX IF NOT EXISTS events_by_id ON events (store, id);
CREATE INDEX IF NOT EXISTS events_by_sequence ON events (store, sequence);
CREATE TABLE IF NOT EXISTS feed (
    store TEXT NOT NULL,
    number INTEGER NOT NULL,
    entry TEXT NOT NULL,
    PRIMARY KEY (store, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS results (
    arrival INTEGER PRIMARY KEY,
    store TEXT NOT NULL,
    id TEXT NOT NULL,
    n INTEGER NOT NULL,
    result TEXT NOT NULL,
    UNIQUE (store, id, n)
) STRICT;
"""


class JournalFile:
    """Opens or creates ``path``, or StorageError. What is asked of ``db`` blocks: keep it small."""

    def __init__(self, path: Path) -> None:
        try:
            self.db = sqlite3.connect(path, isolation_level=None)
            self.db.execute("PRAGMA journal_mode = WAL")
            # A killed process loses nothing with OFF, only a power cut does: nobody's books are
            # kept here, and a benchmark should measure the agent's writes, not the stand-in's.
            self.db.execute("PRAGMA synchronous = OFF")
            self.db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise StorageError(
                f"{path}: {error}", hint="name a file in a directory that exists and is writable"
            ) from error

    def close(self) -> None:
        """The file stays; nothing can be asked any more."""
        self.db.close()

    @contextmanager
    def transaction(self, store: str) -> Iterator[None]:
        """One transaction, in which the store has its row."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            self.db.execute(
                "INSERT INTO stores (store, journal, feed) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (store, opaque(), opaque()),
            )
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")


def opaque() -> str:
    """A fresh identity. Not from a seed: a file and its restored self must never share one."""
    return secrets.token_hex(8)


def dumps(value: Any) -> str:
    """Compact JSON, in ASCII: SQLite takes no lone surrogates, JSON does."""
    return json.dumps(value, separators=(",", ":"))
