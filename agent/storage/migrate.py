"""Brings a database to the newest shape: numbered SQL files, each in a transaction of its own."""

from __future__ import annotations

import sqlite3
from importlib import resources
from typing import TYPE_CHECKING

from agent import errors

if TYPE_CHECKING:
    from pathlib import Path

AUTO_VACUUM_INCREMENTAL = 2


def migrate(path: Path) -> None:
    """Creates or upgrades the database at ``path``.

    Raises StartError for a file that a newer version of the agent wrote.
    """
    connection = sqlite3.connect(path, isolation_level=None, timeout=10)
    try:
        [(version,)] = connection.execute("PRAGMA user_version")
        numbered = _migrations()
        if version > len(numbered):
            raise errors.StartError(
                f"{path} was written by a newer woo-agent (schema {version})",
                hint="install that version again; nothing was changed",
            )
        # Space is given back in small steps only if this is set before the first table is made.
        connection.execute(f"PRAGMA auto_vacuum = {AUTO_VACUUM_INCREMENTAL}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        for number, sql in enumerate(numbered[version:], start=version + 1):
            connection.executescript(
                f"BEGIN IMMEDIATE; {sql} PRAGMA user_version = {number}; COMMIT;"
            )
    finally:
        connection.close()


def _migrations() -> list[str]:
    files = resources.files("agent.storage.migrations").iterdir()
    return [
        file.read_text(encoding="utf-8")
        for file in sorted(files, key=lambda file: file.name)
        if file.name.endswith(".sql")
    ]
