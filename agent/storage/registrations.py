"""What is remembered of the store's webhooks, and what is asked for once one was put right."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from agent import clock
from agent.model.delivery import OURS, Look
from agent.model.registration import Blind, Made, Records
from agent.storage import audit, baseline, cursors, followups
from agent.storage.resources import FIRST_LOOK, OVERLAP

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import aiosqlite

    from agent.clock import Clock
    from agent.model.registration import Found
    from agent.storage.writer import Step, Tx

T = TypeVar("T")

_ACTION = "repair webhooks"
_OURS = ", ".join(f"'{one}'" for one in sorted(OURS))
_NEWEST = 10_000  # rows that are looked through: a topic that is not among them is a rare one


class State(Protocol):
    """The open database, of the daemon or of a command."""

    async def read(self, query: Callable[[aiosqlite.Connection], Awaitable[T]], /) -> T:
        """What it finds."""

    async def write(self, step: Step[T], /) -> T:
        """In one transaction."""


class Book:
    """Each method is one transaction or one read. ``by`` is the person who repairs by hand."""

    def __init__(
        self,
        state: State,
        is_its_webhooks_fault: Callable[[str, bytes], bool],
        *,
        clock: Clock,
        by: str = "",
    ) -> None:
        """``is_its_webhooks_fault``: whether a fresh webhook would have sent a better body of that
        kind."""
        self._state = state
        self._is_its_fault = is_its_webhooks_fault
        self._clock = clock
        self._by = by

    async def records(self) -> Records:
        return await self._state.read(lambda db: records(db, self._is_its_fault))

    async def made(self, webhook_id: int, topic: str, found: Found) -> None:
        now = self._clock.now()

        async def step(tx: Tx) -> None:
            await tx.execute(
                "INSERT OR REPLACE INTO webhooks_made VALUES (?, ?, ?, ?)",
                (webhook_id, topic, found, clock.micros(now)),
            )
            await _ask(tx, topic, now)
            await self._record(tx, topic, f"{found}: {webhook_id} made", now)

        await self._state.write(step)

    async def activated(self, webhook_id: int, topic: str) -> None:
        now = self._clock.now()

        async def step(tx: Tx) -> None:
            await _ask(tx, topic, now)
            await self._record(tx, topic, f"{webhook_id} activated", now)

        await self._state.write(step)

    async def deleted(self, webhook_id: int, topic: str) -> None:
        now = self._clock.now()

        async def step(tx: Tx) -> None:
            await tx.execute("DELETE FROM webhooks_made WHERE webhook_id = ?", (webhook_id,))
            await self._record(tx, topic, f"{webhook_id} deleted", now)

        await self._state.write(step)

    async def _record(self, tx: Tx, topic: str, reason: str, now: datetime) -> None:
        if self._by:
            await audit.record(
                tx, who=self._by, action=_ACTION, targets=[topic], reason=reason, now=now
            )


async def records(
    db: aiosqlite.Connection, is_its_webhooks_fault: Callable[[str, bytes], bool]
) -> Records:
    """What is remembered, and the newest bodies of their kinds that a webhook is to blame for."""
    made = await db.execute_fetchall("SELECT webhook_id, topic, found, made_at FROM webhooks_made")
    broken = await db.execute_fetchall(
        "SELECT resource, webhook_id, arrivals.received_at, body"
        " FROM resources JOIN arrivals ON sequence = error"
    )
    return Records(
        {
            number: Made(number, topic, found, clock.from_micros(at))
            for number, topic, found, at in made
        },
        [
            Blind(resource, int(number), clock.from_micros(at))
            for resource, number, at, body in broken
            if number.isdecimal() and is_its_webhooks_fault(resource, body)
        ],
    )


async def _ask(tx: Tx, topic: str, now: datetime) -> None:
    """All changes since the last good delivery are asked for. A look that is under way does not
    answer that: it has another cause."""
    resource = topic.partition(".")[0]
    since = min(await _last_good(tx, topic, resource, now), now)
    if (looked := await cursors.get(tx, f"{resource}s")) is not None:
        since = max(since, datetime.fromisoformat(looked))  # looks have found what was before
    since -= OVERLAP
    await followups.ask(tx, Look.CHANGES, resource, cause=clock.micros(now), due=now, since=since)


async def _last_good(tx: Tx, topic: str, resource: str, now: datetime) -> datetime:
    """Of the topic itself: others of its kind may have been delivered while it was disabled."""
    for query, about in (
        (
            f"SELECT newest.received_at FROM (SELECT * FROM outbox ORDER BY sequence DESC"
            f" LIMIT {_NEWEST}) AS newest JOIN arrivals USING (sequence)"
            " WHERE newest.topic = ? AND verdict NOT IN ('error_body', 'foreign_source')"
            f" AND webhook_id NOT IN ({_OURS}) ORDER BY sequence DESC LIMIT 1",
            topic,
        ),
        ("SELECT known_until FROM resources WHERE resource = ?", resource),
    ):
        for (at,) in await tx.execute_fetchall(query, (about,)):
            if at is not None:
                return clock.from_micros(at)
    return max(await baseline.go_live(tx), now - FIRST_LOOK)
