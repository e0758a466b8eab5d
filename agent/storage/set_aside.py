"""Events of types that the gateway does not accept: discarded, and pending again once it does."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from agent import clock as times
from agent.storage import erasures, outbox, settling

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    import aiosqlite

    from agent.clock import Clock
    from agent.model.delivery import Event
    from agent.storage.database import Database
    from agent.storage.writer import Tx

NOT_ACCEPTED = "not_accepted"
AT_ONCE = 500
_MESSAGE = "the gateway does not name this type among those it accepts"
_ASIDE = f"state = 'discarded' AND code = 'not_accepted' AND NOT {erasures.GONE}"


class SetAside:
    """For the events line; each step is one transaction."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._db = database
        self._clock = clock

    async def set_aside(self, events: Sequence[Event]) -> None:
        """Raises StorageError."""
        now = self._clock.now()
        await self._db.writer.write(lambda tx: put(tx, events, now))

    async def bring_back(self, takes: Callable[[str], bool]) -> int:
        """How many are pending again; raises StorageError."""
        count = 0
        for kind in await self._db.read(kinds):
            if not takes(kind):
                continue
            while some := await self._db.writer.write(functools.partial(take, kind=kind)):
                count += some
        return count


async def put(tx: Tx, events: Sequence[Event], now: datetime) -> None:
    """Their lanes go on."""
    await tx.executemany(
        "UPDATE outbox SET state = 'discarded', code = ?, message = ?, settled_at = ?, replay = 0"
        " WHERE sequence = ? AND state = 'pending'",
        [(NOT_ACCEPTED, _MESSAGE, times.micros(now), event.sequence) for event in events],
    )
    await settling.advance(tx, [event.lane for event in events])


async def kinds(db: aiosqlite.Connection) -> list[str]:
    """The types of what was put aside."""
    rows = await db.execute_fetchall(f"SELECT DISTINCT type FROM outbox WHERE {_ASIDE}")
    return [kind for (kind,) in rows]


async def take(tx: Tx, kind: str) -> int:
    """The oldest of that type are pending again, each in its place; how many."""
    rows = await tx.execute_fetchall(
        f"SELECT sequence FROM outbox WHERE {_ASIDE} AND type = ? ORDER BY sequence LIMIT ?",
        (kind, AT_ONCE),
    )
    sequences = [sequence for (sequence,) in rows]
    await outbox.requeue(tx, sequences, replay=False)
    return len(sequences)
