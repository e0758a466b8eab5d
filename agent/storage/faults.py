"""What SQLite says when it can't write, told apart: whom it concerns, and what to do about it."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from agent import errors

if TYPE_CHECKING:
    from pathlib import Path

_PRIMARY = 0xFF  # of an extended result code, https://sqlite.org/rescode.html
_WAITED_FOR = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL)
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_HINTS = {
    sqlite3.SQLITE_BUSY: "another process holds it, see which: fuser -v {file}",
    sqlite3.SQLITE_LOCKED: "another process holds it, see which: fuser -v {file}",
    sqlite3.SQLITE_FULL: "make room: df -h {folder}",
    sqlite3.SQLITE_READONLY: "is it mounted read-only, or another user's? findmnt -T {file}",
    sqlite3.SQLITE_CANTOPEN: "is it there, and this user's? ls -la {folder}",
    sqlite3.SQLITE_PERM: "is it there, and this user's? ls -la {folder}",
    sqlite3.SQLITE_IOERR: "the disk fails, see what the kernel says: dmesg",
    sqlite3.SQLITE_CORRUPT: "see what is broken, then restart the agent: woo-agent outbox check",
    sqlite3.SQLITE_NOTADB: "see what is broken, then restart the agent: woo-agent outbox check",
}


def concerns_all(error: Exception) -> bool:
    """Not a row that is refused, but a database that can't be written now."""
    if isinstance(error, (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.ProgrammingError)):
        return False
    return isinstance(error, sqlite3.DatabaseError)


def spoils_the_handle(error: Exception) -> bool:
    """After a failed fsync nobody knows what the kernel kept: a second try on that handle may say
    that all is well where it is not. Only what can be waited for is tried again on it."""
    return concerns_all(error) and _code(error) not in _WAITED_FOR


def is_corruption(error: Exception) -> bool:
    """The file is not what it was: never said of I/O, permissions or locks."""
    return isinstance(error, sqlite3.DatabaseError) and _code(error) in _BROKEN


def explained(error: sqlite3.Error, path: Path) -> errors.StorageError:
    """The error as one line and the next command."""
    told = errors.StorageError(
        f"the database could not be written: {error}", hint=hint(error, path)
    )
    told.__cause__ = error
    return told


def hint(error: Exception, path: Path) -> str:
    """What to do about it, with a command."""
    text = _HINTS.get(_code(error), "check the disk and the file's owner: ls -la {folder}")
    return text.format(file=path, folder=path.parent)


def _code(error: Exception) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
