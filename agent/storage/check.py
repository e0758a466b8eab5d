"""Looks through the whole state: is the file sound, and do its tables agree with each other?"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.storage import faults, outbox_view

if TYPE_CHECKING:
    from datetime import datetime

    import aiosqlite

MOST_PROBLEMS = 20
BEHIND_S = 60.0
RESTART = "what can be read is salvaged at the next start: systemctl restart 'woo-agent@*'"
SET_CLOCK = "numbers rise all the same, but times are wrong: timedatectl"
REPORT = "keep a copy, and report it: woo-agent outbox export"

_DISAGREEMENTS = {
    "tally of {} rows in state {} is off by {}": (
        "SELECT verdict, state, sum(n) AS off FROM (SELECT coalesce(verdict, '') AS verdict, state,"
        " count(*) AS n FROM outbox GROUP BY 1, 2 UNION ALL SELECT verdict, state, -n FROM"
        " outbox_tally) GROUP BY verdict, state HAVING off <> 0"
    ),
    "lane {} begins with {}, but its oldest pending event is {}": (
        "SELECT lane, ifnull(head, 'nothing'), ifnull(oldest, 'none') FROM (SELECT lane, max(head)"
        " AS head, max(oldest) AS oldest FROM (SELECT lane, head, NULL AS oldest FROM lanes"
        " UNION ALL SELECT lane, NULL, min(sequence) FROM outbox WHERE state = 'pending'"
        " AND verdict = 'event' GROUP BY lane) GROUP BY lane) WHERE head IS NOT oldest"
    ),
    "lines of order {} came with webhook {}, which is not there": (
        "SELECT DISTINCT order_id, sequence FROM stock_ledger AS l WHERE NOT aged"
        " AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.sequence = l.sequence)"
        " AND NOT EXISTS (SELECT 1 FROM stock_ledger AS later"
        "  WHERE later.order_id = l.order_id AND later.sequence > l.sequence)"
    ),
    "webhook {} ({}) was passed over by the judge": (
        "SELECT sequence, topic FROM arrivals WHERE sequence <="
        " (SELECT value FROM counters WHERE name = 'judged')"
        " AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.sequence = arrivals.sequence)"
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. ``is_broken``: the file itself."""

    what: str
    next_step: str
    is_broken: bool = False


async def findings(db: aiosqlite.Connection, now: datetime) -> list[Finding]:
    """Everything that is wrong, at most some of each kind; raises sqlite3.Error where the database
    can't be read for another reason than being broken."""
    try:
        await db.execute("BEGIN")  # one view of it all, while the daemon goes on writing
        problems = await _problems(db)
        return problems or [*await _disagreements(db), *await _of_clock(db, now)]
    except sqlite3.DatabaseError as error:
        if not faults.is_corruption(error):
            raise
        return [Finding(str(error), RESTART, is_broken=True)]
    finally:
        if db.in_transaction:
            await db.execute("ROLLBACK")


async def _problems(db: aiosqlite.Connection) -> list[Finding]:
    rows = await db.execute_fetchall(f"PRAGMA integrity_check({MOST_PROBLEMS})")
    lines = [line for (text,) in rows for line in str(text).splitlines() if text != "ok"]
    return [Finding(line, RESTART, is_broken=True) for line in lines[:MOST_PROBLEMS]]


async def _disagreements(db: aiosqlite.Connection) -> list[Finding]:
    found = [
        Finding(f"a row of {table} belongs to none of {parent}", REPORT)
        for table, _, parent, _ in await db.execute_fetchall("PRAGMA foreign_key_check")
    ][:MOST_PROBLEMS]
    for told, query in _DISAGREEMENTS.items():
        rows = await db.execute_fetchall(f"{query} LIMIT {MOST_PROBLEMS}")
        found += [Finding(told.format(*row), REPORT) for row in rows]
    return found


async def _of_clock(db: aiosqlite.Connection, now: datetime) -> list[Finding]:
    behind_s = await outbox_view.clock_behind_s(db, now)
    told = f"the clock is {behind_s:.0f} s behind the newest event"
    return [Finding(told, SET_CLOCK)] if behind_s >= BEHIND_S else []
