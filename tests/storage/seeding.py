"""Rows in every place of their life, made through the same steps as the daemon's."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent.model import envelope
from agent.model.delivery import (
    Attempt,
    Event,
    Judged,
    Judgement,
    Known,
    Outcome,
    Reading,
    Received,
    Verdict,
    Webhook,
)
from agent.storage import judging, outbox, settling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.storage.database import Database

AT = datetime(2026, 11, 24, 8, tzinfo=UTC)
SNAPSHOT = "retail.order.snapshot.v1"
_bits = itertools.count()


def webhook(
    body: bytes = b'{"id":1}', *, at: datetime = AT, topic: str = "order.updated"
) -> Webhook:
    return Webhook(at, topic, "https://shop.example/", "3", "delivery", body)


async def append(db: Database, *webhooks: Webhook) -> list[Received]:
    """What was stored, oldest first."""
    pairs = [(envelope.event_id(hook.received_at, next(_bits)), hook) for hook in webhooks]
    await db.writer.write(lambda tx: outbox.append(tx, pairs))
    ids = {event_id for event_id, _ in pairs}
    return [row for row in await db.read(outbox.unjudged, 10_000) if row.id in ids]


def reading(subject: str, *, lane: str = "", priority: int = 0, **more: Any) -> Reading:
    """An order snapshot of that subject, unless ``more`` says otherwise."""
    given: dict[str, Any] = {"type": SNAPSHOT, "lane": lane or subject, "priority": priority}
    return Reading(subject=subject, **(given | more))


async def judge(
    db: Database,
    *judged: Judged,
    learned: Mapping[str, Known] | None = None,
    unsure: Sequence[tuple[int, str]] = (),
) -> None:
    """Writes those verdicts as the judge would."""
    judgement = Judgement(judged, dict(learned or {}), tuple(unsure))
    await db.writer.write(
        lambda tx: judging.judge(
            tx, [], lambda _: judgement, reread=lambda _: Reading(), version=1, now=AT
        )
    )


async def events(
    db: Database, *subjects: str, lane: str = "", priority: int = 0, at: datetime = AT
) -> list[Event]:
    """A pending event for each subject, in that order."""
    rows = await append(db, *[webhook(at=at) for _ in subjects])
    readings = [reading(subject, lane=lane, priority=priority) for subject in subjects]
    await judge(
        db,
        *[
            Judged(row.sequence, Verdict.EVENT, said)
            for row, said in zip(rows, readings, strict=True)
        ],
    )
    return await db.read(outbox.events, [row.sequence for row in rows])


async def settle(
    db: Database,
    event: Event,
    outcome: Outcome,
    *,
    at: datetime = AT,
    status: int | None = 200,
) -> None:
    """The gateway answered."""
    await db.writer.write(lambda tx: settling.settle(tx, [Attempt(event, at, outcome, status)]))


async def ready(db: Database) -> list[str]:
    """The lanes that have something to send now, in the order in which they are sent."""
    return [head.lane for head in await db.read(outbox.heads, 1000)]


async def select(db: Database, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """Rows as plain tuples."""
    return [tuple(row) for row in await db.reader.execute_fetchall(query, values)]
