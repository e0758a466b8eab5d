"""After any history, the counts are the counts and every lane begins with its oldest event."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from agent.model.delivery import Accepted, Again, Dead, Event, Followup, Judged, Reading, Verdict
from agent.storage import ageing, dead_letters, followups, judging, outbox, replay
from tests.storage import seeding
from tests.storage.seeding import AT, select

if TYPE_CHECKING:
    from agent.storage.database import Database

_SUBJECTS = [f"order/{n}" for n in range(1, 6)]
_UNREADABLE = Reading(subject="order/1", untranslatable="id: is missing")


class History:
    """Random steps on a database, as the daemon and the command line take them."""

    def __init__(self, db: Database, rng: random.Random) -> None:
        self._db, self._rng = db, rng
        self._now = AT

    async def step(self) -> None:
        self._now += timedelta(seconds=self._rng.choice((0, 0.001, 1, 40)))
        often = (self._judge, self._send)
        rarely = (self._append, self._look, self._unpark, self._replay, self._age)
        await self._rng.choice((*often, *often, *rarely))()

    async def _append(self) -> None:
        hooks = [seeding.webhook(at=self._now)] * self._rng.randrange(1, 4)
        await seeding.append(self._db, *hooks)

    async def _judge(self) -> None:
        judged, unsure = [], []
        for row in await self._db.read(outbox.unjudged, self._rng.randrange(1, 5)):
            subject = self._rng.choice(_SUBJECTS)
            said = seeding.reading(subject, priority=int(subject[-1]) % 2)
            match self._rng.randrange(6):
                case 0:
                    judged.append(Judged(row.sequence, Verdict.DUPLICATE, said))
                case 1:
                    dead = Dead("untranslatable", "id: is missing")
                    judged.append(Judged(row.sequence, Verdict.EVENT, _UNREADABLE, dead))
                case 2:
                    unsure.append((row.sequence, subject))
                case _:
                    judged.append(Judged(row.sequence, Verdict.EVENT, said))
        await seeding.judge(self._db, *judged, unsure=unsure)

    async def _send(self) -> None:
        for head in await self._db.read(outbox.heads, 3):
            [event] = await self._db.read(outbox.events, [head.sequence])
            again = Again("deferred", "later", self._rng.choice((0.0, 30.0)))
            outcome = self._rng.choice((Accepted(), Dead("rejected", ""), again))
            await seeding.settle(self._db, event, outcome, at=self._now)

    async def _look(self) -> None:
        later = AT + timedelta(days=1)
        for followup in (await self._db.read(followups.due, later, 5))[:1]:
            found = self._rng.choice((Verdict.EVENT, Verdict.OTHER_KIND))
            await self._conclude(followup, found)

    async def _conclude(self, followup: Followup, found: Verdict) -> None:
        said = seeding.reading(followup.subject, priority=int(followup.subject[-1]) % 2)
        judged = Judged(followup.cause, found, said)
        await self._db.writer.write(
            lambda tx: judging.conclude(tx, followup, judged, version=1, now=self._now)
        )

    async def _unpark(self) -> None:
        await self._db.writer.write(lambda tx: outbox.unpark(tx, self._now))

    async def _replay(self) -> None:
        if self._rng.random() < 0.5:
            await self._db.writer.write(lambda tx: replay.dead(tx, who="me", now=AT))
        else:
            since = self._now - timedelta(seconds=60)
            await self._db.writer.write(lambda tx: replay.since(tx, since, None, who="m", now=AT))

    async def _age(self) -> None:
        if self._rng.random() < 0.5:
            await self._db.writer.write(
                lambda tx: dead_letters.discard_all(tx, None, who="me", reason="", now=self._now)
            )
        before = self._now - timedelta(seconds=60)
        old = await self._db.read(ageing.old_events, before)
        await self._db.writer.write(lambda tx: ageing.delete(tx, old, [], before))


@pytest.mark.parametrize("seed", range(8))
async def test_counts_and_lanes_hold_after_any_history(db: Database, seed: int) -> None:
    history = History(db, random.Random(seed))
    for _ in range(60):
        await history.step()
        counted = await select(
            db, "SELECT state, coalesce(verdict, ''), count(*) FROM outbox GROUP BY 1, 2"
        )
        kept = await select(db, "SELECT state, verdict, n FROM outbox_tally WHERE n <> 0")
        assert sorted(kept) == sorted(counted)
        oldest = await select(
            db,
            "SELECT lane, min(sequence), priority FROM outbox"
            " WHERE state = 'pending' AND verdict = 'event' GROUP BY lane",
        )
        lanes = await select(db, "SELECT lane, head, priority FROM lanes")
        assert sorted(lanes) == sorted(oldest)
        await _nothing_waits_for_ever(db)


async def _nothing_waits_for_ever(db: Database) -> None:
    """What has no verdict is the judge's to look at, or the store is still to be asked about it."""
    forgotten = await select(
        db,
        "SELECT sequence FROM outbox WHERE verdict IS NULL AND next_attempt_at IS NOT NULL"
        " AND subject NOT IN (SELECT subject FROM followups)",
    )
    assert forgotten == []
    unseen = "SELECT sequence FROM arrivals WHERE sequence NOT IN (SELECT sequence FROM outbox)"
    assert await select(db, unseen) == await select(db, "SELECT sequence FROM unjudged")


async def test_every_event_is_sent_once_and_a_lane_in_its_order(db: Database) -> None:
    rng = random.Random(11)
    stored: list[Event] = []
    for _ in range(20):
        stored += await seeding.events(db, *rng.choices(_SUBJECTS, k=3))
    sent: list[Event] = []
    while heads := await db.read(outbox.heads, 4):
        for event in await db.read(outbox.events, [head.sequence for head in heads]):
            sent.append(event)
            await seeding.settle(db, event, Accepted())
    assert sorted(event.sequence for event in sent) == [event.sequence for event in stored]
    for subject in _SUBJECTS:
        numbers = [event.sequence for event in sent if event.lane == subject]
        assert numbers == sorted(numbers)
