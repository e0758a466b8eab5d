"""A database that is broken is set aside, and what can be read of it goes into a fresh one.

Only when a second connection finds it broken too: a failing disk, a lock or a permission is no
reason. What says how far we are goes first (cursors, fences, what figures are made of,
counters), then the inbox, then events; what the store can be asked for again comes last.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from agent import clock
from agent.storage import acceptances, faults, migrate
from agent.storage.outbox import marks

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

log = logging.getLogger(__name__)

LOST = "lost"
"""The cursor that names what could not be read."""

# Each with its key, in the order in which they are saved. Lanes and tally follow from the outbox,
# translations from the arrivals.
_TABLES = {
    "cursors": "name",
    "journals": "number",
    "fences": "kind, sku, field",
    "stock_in_force": "sku",
    "stock_ledger": "item_id, line_id, sequence",
    "acceptances": "sequence, journal",
    "stock_checks": "product_id",
    "stock_bases": "product_id",
    "counters": "name",
    "register": "subject",
    "pauses": "line",
    "inbox": "number",
    "results": "number",
    "zeroed": "sku",
    "audit": "number",
    "resources": "resource",
    "followups": "kind, subject",
    "arrivals": "sequence",
    "outbox": "sequence",
    "attempts": "sequence, n",
    "erasures": "customer_id",
    "to_erase": "sequence",
    "erasure_orders": "subject",
    "conflicts": "sequence",
    "catalogue": "product_id",
    "sku_lookups": "sku",
    "webhooks_made": "webhook_id",
}
_LANES = (
    "INSERT INTO lanes SELECT lane, min(sequence), priority, NULL FROM outbox"
    " WHERE state = 'pending' AND verdict = 'event' GROUP BY lane"
)
# Webhooks whose row is lost are judged again.
_JUDGED = (
    "UPDATE counters SET value = min(value, coalesce((SELECT min(sequence) - 1 FROM arrivals"
    " WHERE sequence NOT IN (SELECT sequence FROM outbox)), value)) WHERE name = 'judged'"
)
# Orders whose event is lost are read again, and sent, whatever is known of their content.
_LOST = "FROM stock_ledger WHERE NOT aged AND sequence NOT IN (SELECT sequence FROM arrivals)"
_UNKNOWN = f"DELETE FROM register WHERE subject IN (SELECT 'order/' || order_id {_LOST})"
_READ_AGAIN = (
    "INSERT OR IGNORE INTO followups (kind, subject, due_at, cause)"
    f" SELECT 'resource', 'order/' || order_id, 0, max(sequence) {_LOST} GROUP BY order_id"
)
# Orders whose lines are lost are in the store still.
_BASELINE = "DELETE FROM cursors WHERE name = 'baseline'"
# What is known of acceptances may be lost, or was never written by an older program: events tell
# what became of them, and a ledger row whose event is gone was accepted some time, or lost.
_ACCEPTED = acceptances.adopting("SELECT sequence FROM stock_ledger WHERE NOT aged")
_AGED = (
    "INSERT OR IGNORE INTO acceptances (sequence, journal, certain) SELECT DISTINCT sequence,"
    " number, 0 FROM stock_ledger JOIN journals WHERE aged"
)
# Every figure that orders bear on is computed again, and compared with what the store shows.
_COMPARED = (
    "INSERT INTO stock_checks (product_id, due_at) SELECT product_id, 0 FROM catalogue"
    " WHERE sku IN (SELECT sku FROM stock_in_force) AND (product_id IN"
    " (SELECT item_id FROM stock_ledger) OR product_id IN (SELECT parent_id FROM stock_ledger))"
    " ON CONFLICT DO UPDATE SET due_at = 0, compare = 1, marks = marks + 1"
)
_NUMBERS = "UPDATE counters SET value = max(value, ?) WHERE name = 'sequence'"


def suspect(path: Path) -> None:
    """The next start looks at it thoroughly."""
    with suppress(OSError):
        _mark(path).touch()


def is_suspected(path: Path) -> bool:
    """Whether it was found broken since the last start."""
    return _mark(path).exists()


def set_aside(path: Path) -> list[str]:
    """Broken databases that nobody has removed yet."""
    return sorted(
        file.name
        for file in path.parent.glob(f"{path.name}.corrupt-*")
        if not file.name.endswith(("-wal", "-shm"))
    )


def is_broken(path: Path) -> bool:
    """What a new connection finds. Raises sqlite3.Error where it can't be read for another reason:
    that says nothing about the file."""
    try:
        with closing(_opened(path)) as db:
            return bool(db.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",))
    except sqlite3.DatabaseError as error:
        if faults.is_corruption(error):
            return True
        raise


def if_suspected(path: Path, now: datetime) -> None:
    """Salvages what was found broken before, if it is; ends what a salvage has begun."""
    fresh = _fresh(path)
    if fresh.exists() and not path.exists():
        _swap(path, fresh, now)
    if _mark(path).exists():
        if path.exists() and is_broken(path):
            salvage(path, now)
        _mark(path).unlink()


def salvage(path: Path, now: datetime) -> None:
    """Sets the database aside under ``….corrupt-<UTC time>`` and puts what is left in its place.

    At any moment there is either the broken one in its place, or a complete fresh one beside it.
    """
    fresh = _fresh(path)
    for left in (fresh, *_logs(fresh)):
        left.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    migrate.migrate(fresh)
    with closing(sqlite3.connect(fresh, isolation_level=None)) as to:
        to.execute("PRAGMA foreign_keys = ON")
        to.execute("BEGIN")
        lost = _copy(path, to, clock.micros(now))
        to.execute("COMMIT")
    _swap(path, fresh, now)
    log.error("the database was broken; set aside as %s; lost: %s", set_aside(path)[-1], lost)


def _copy(path: Path, to: sqlite3.Connection, least: int) -> str:
    """What was lost, in words. Numbers go on above ``least`` and above all that were seen."""
    with closing(_opened(path)) as broken:
        copies = [_Copy(broken, to, table, key.split(", ")) for table, key in _TABLES.items()]
        lost = [copy.lost for copy in copies if copy.lost]
        if any(copy.lost and copy.table == "stock_ledger" for copy in copies):
            to.execute(_BASELINE)
    to.execute(_UNKNOWN)
    to.execute(_READ_AGAIN)
    if any(copy.lost and copy.table == "acceptances" for copy in copies):
        to.execute(_AGED)
    to.execute(_ACCEPTED)
    to.execute(_COMPARED)
    to.execute(_LANES)
    to.execute(_JUDGED)
    to.execute(_NUMBERS, (max(least, *(copy.highest for copy in copies)),))
    told = ", ".join(lost) or "nothing"
    to.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?)", (LOST, told))
    return told


class _Copy:
    """One table, read from its start to where it breaks, then from its end back to there."""

    def __init__(
        self, broken: sqlite3.Connection, to: sqlite3.Connection, table: str, key: list[str]
    ) -> None:
        self._to, self.table = to, table
        self._taken = 0
        self.highest = 0  # sequence that was seen, also in rows that could not be kept
        names = _columns(broken, table)
        self._columns = [name for name in _columns(to, table) if name in names]
        self._key = [self._columns.index(name) for name in key if name in self._columns]
        self._newest: tuple[Any, ...] | None = None
        complete = bool(self._columns) and (
            self._scan(broken, key, None) or self._scan(broken, key, self._newest, back=True)
        )
        self.lost = self._told(_count(broken, table), complete)

    def _scan(
        self,
        broken: sqlite3.Connection,
        key: list[str],
        until: tuple[Any, ...] | None,
        *,
        back: bool = False,
    ) -> bool:
        """Takes rows up to the one with the key ``until``; False where it breaks before."""
        way, beyond = (" DESC", "<") if back else ("", ">")
        rows = f"SELECT {', '.join(self._columns)} FROM {self.table} NOT INDEXED"
        order = f"ORDER BY {', '.join(name + way for name in key)}"
        self._newest = None
        try:
            for row in broken.execute(f"{rows} {order}"):
                if self._take(row, until):
                    return True
            return True
        except sqlite3.DatabaseError as error:
            if not faults.is_corruption(error):
                raise
        # The cursor reads one row ahead: with the broken one it loses the sound one before it.
        after = ""
        if self._newest is not None:
            after = f"WHERE ({', '.join(key)}) {beyond} ({marks(key)})"
        with suppress(sqlite3.DatabaseError):
            for row in broken.execute(f"{rows} {after} {order} LIMIT 1", self._newest or ()):
                self._take(row, until)
        return False

    def _take(self, row: tuple[Any, ...], until: tuple[Any, ...] | None) -> bool:
        """Whether it is the one with the key ``until``, which was taken before."""
        self._newest = tuple(row[at] for at in self._key)
        if self._newest == until:
            return True
        if not any(map(_has_hole, self._columns, row)):
            self._put(row)
        return False

    def _put(self, row: tuple[Any, ...]) -> None:
        if "sequence" in self._columns:
            self.highest = max(self.highest, row[self._columns.index("sequence")])
        into = f"{self.table} ({', '.join(self._columns)})"
        with suppress(sqlite3.IntegrityError):  # an event without its webhook, or nonsense
            self._to.execute(f"INSERT OR REPLACE INTO {into} VALUES ({marks(row)})", row)
            self._taken += 1

    def _told(self, count: int | None, complete: bool) -> str:
        missing = "some" if count is None else max(0, count - self._taken)
        return f"{missing} of {self.table}" if missing and (count or not complete) else ""


def _has_hole(column: str, value: object) -> bool:
    """Where the file is too short SQLite reads zeros: no text of ours has one, and no JSON."""
    if isinstance(value, bytes):
        return column == "body" and 0 in value
    return isinstance(value, str) and "\0" in value


def _columns(db: sqlite3.Connection, table: str) -> list[str]:
    """None of them where not even the schema can be read."""
    try:
        return [name for _, name, *_ in db.execute(f"PRAGMA table_info({table})")]
    except sqlite3.DatabaseError as error:
        if not faults.is_corruption(error):
            raise
        return []


def _count(db: sqlite3.Connection, table: str) -> int | None:
    """How many rows it had, as far as an index can tell."""
    try:
        [(count,)] = db.execute(f"SELECT count(*) FROM {table}")
    except sqlite3.DatabaseError:
        return None
    return int(count)


def _opened(path: Path) -> sqlite3.Connection:
    """Reading alone: closing it must not write the log into the broken file."""
    db = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)
    with suppress(sqlite3.DatabaseError):
        db.execute("PRAGMA writable_schema = ON")  # reads on where the file is too short
    return db


def _swap(path: Path, fresh: Path, now: datetime) -> None:
    aside = path.with_name(f"{path.name}.corrupt-{now:%Y%m%dT%H%M%SZ}")
    pairs = zip((path, *_logs(path)), (aside, *_logs(aside)), strict=True)
    for file, name in pairs:
        with suppress(FileNotFoundError):
            file.rename(name)
    fresh.rename(path)


def _logs(path: Path) -> tuple[Path, Path]:
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


def _fresh(path: Path) -> Path:
    return path.with_name(f"{path.name}.salvaged")


def _mark(path: Path) -> Path:
    return path.with_name(f"{path.name}.suspect")
