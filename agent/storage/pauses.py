"""Lines that somebody holds up, across restarts. A pause whose time is over is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent import clock
from agent.model.pause import Line, Pause
from agent.storage import audit

if TYPE_CHECKING:
    from datetime import datetime

    import aiosqlite

    from agent.storage.writer import Tx

_IN_FORCE = "(until IS NULL OR until > ?)"


async def begin(tx: Tx, pause: Pause) -> None:
    """Holds a line up; takes the place of an earlier pause of it."""
    await tx.execute(
        "INSERT OR REPLACE INTO pauses VALUES (?, ?, ?, ?, ?)",
        (
            pause.line,
            clock.micros(pause.since),
            clock.micros(pause.until) if pause.until else None,
            pause.who,
            pause.reason,
        ),
    )
    await audit.record(
        tx,
        who=pause.who,
        action="pause",
        targets=[pause.line],
        reason=pause.reason,
        now=pause.since,
    )


async def end(tx: Tx, line: Line, *, who: str, now: datetime) -> bool:
    """Lets a line go on; whether it was held up."""
    paused = await is_in_force(tx, line, now)
    await tx.execute("DELETE FROM pauses WHERE line = ?", (line,))
    if paused:
        await audit.record(tx, who=who, action="resume", targets=[line], reason="", now=now)
    return paused


async def is_in_force(db: aiosqlite.Connection, line: Line, now: datetime) -> bool:
    """Whether that line is held up."""
    found = await db.execute_fetchall(
        f"SELECT 1 FROM pauses WHERE line = ? AND {_IN_FORCE}", (line, clock.micros(now))
    )
    return bool(list(found))


async def in_force(db: aiosqlite.Connection, now: datetime) -> list[Pause]:
    """The lines that are held up."""
    rows = await db.execute_fetchall(
        f"SELECT line, since, until, who, reason FROM pauses WHERE {_IN_FORCE} ORDER BY line",
        (clock.micros(now),),
    )
    return [
        Pause(
            Line(line),
            clock.from_micros(since),
            None if until is None else clock.from_micros(until),
            who,
            reason,
        )
        for line, since, until, who, reason in rows
    ]
