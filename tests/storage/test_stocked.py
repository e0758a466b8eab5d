"""Stock that a product showed enters the line with the verdict on the product, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.events import verdicts
from agent.model.delivery import Judgement, Reading, Verdict
from agent.storage import outbox
from agent.storage.queues import Outbox
from tests.clock import FakeClock
from tests.storage import seeding
from tests.storage.seeding import select

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.model.delivery import Known, Received
    from agent.storage.database import Database

TOPIC = "product.updated"


def read(row: Received) -> Reading:
    """The body is the stock."""
    body = row.webhook.body
    if row.webhook.topic != TOPIC:
        return Reading("retail.inventory.snapshot.v1", "inventory/A", "inventory/A", snapshot=False)
    kind = "retail.product.snapshot.v1"
    more = {"digest": body, "stock": body, "inventory": body}
    return Reading(kind, "product/10", "product/10", 3, **more)  # type: ignore[arg-type]


class Line:
    """The judge's side of an outbox."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.outbox = Outbox(db, clock=FakeClock(), reread=read, version=1)
        self.broken = False

    async def take(self, *bodies: bytes) -> None:
        for number, body in enumerate(bodies):
            hook = seeding.webhook(body, topic=TOPIC)
            await self.outbox.append(f"id-{number}-{body.decode()}", hook)

    async def judge(self) -> None:
        batch = [verdicts.Read(row.sequence, read(row)) for row in await self.outbox.unjudged(50)]

        def decide(known: Mapping[str, Known]) -> Judgement:
            if self.broken:
                raise RuntimeError("it was killed")
            return verdicts.decide(batch, known, version=1)

        await self.outbox.judge(verdicts.subjects(batch), decide)


async def test_it_is_judged_next_with_its_cause_and_a_higher_number(db: Database) -> None:
    line = Line(db)
    await line.take(b"40", b"39", b"39")
    await line.judge()
    [stored] = await line.outbox.unjudged(50)
    assert (stored.webhook.topic, stored.webhook.body) == ("inventory.updated", b"39")
    assert stored.webhook.cause == "id-1-39"
    await line.judge()
    rows = await select(db, "SELECT subject, verdict FROM outbox ORDER BY sequence")
    assert rows == [
        ("product/10", Verdict.EVENT),
        ("product/10", Verdict.EVENT),
        ("product/10", Verdict.DUPLICATE),
        ("inventory/A", Verdict.EVENT),
    ]
    [event] = await db.read(outbox.events, [stored.sequence])
    assert event.cause == "id-1-39"
    assert await line.outbox.unjudged(50) == []


async def test_numbers_go_on_above_it(db: Database) -> None:
    line = Line(db)
    await line.take(b"40", b"39")
    await line.judge()
    await line.take(b"38")
    sequences = [sequence for (sequence,) in await select(db, "SELECT sequence FROM arrivals")]
    assert sequences == sorted(set(sequences))
    assert len(sequences) == 4


async def test_it_is_there_once_whatever_happens_to_the_judge(db: Database) -> None:
    line = Line(db)
    await line.take(b"40", b"39")
    line.broken = True
    with pytest.raises(RuntimeError):
        await line.judge()
    line.broken = False
    waiting = [verdicts.Read(row.sequence, read(row)) for row in await line.outbox.unjudged(50)]
    await line.judge()
    await line.outbox.judge(  # a call that was given up, and done after all
        verdicts.subjects(waiting), lambda known: verdicts.decide(waiting, known, version=1)
    )
    assert await select(db, "SELECT count(*) FROM arrivals WHERE cause <> ''") == [(1,)]
