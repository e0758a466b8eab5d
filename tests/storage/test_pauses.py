"""A line that somebody holds up: for how long, across restarts, and what goes on meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from agent.model.delivery import Reading
from agent.model.inbox import Intake, NewRow
from agent.model.pause import Line, Pause
from agent.model.update import UpdateState
from agent.storage import audit, database, inbox_queue, outbox, pauses, queues
from tests.clock import FakeClock
from tests.storage import seeding

if TYPE_CHECKING:
    from pathlib import Path

    from agent.storage.database import Database


class Lines:
    """Both lines with something to do, and a hand on them."""

    def __init__(self, db: Database) -> None:
        self.db, self.clock = db, FakeClock()
        self.outbox = queues.Outbox(db, clock=self.clock, reread=lambda _: Reading(), version=1)
        self.inbox = inbox_queue.Inbox(db, clock=self.clock)

    async def fill(self) -> None:
        await seeding.events(self.db, "order/1")
        body = '{"id": "u", "kind": "stock", "sku": "MUG-1", "version": 1, "quantity": 5}'
        row = NewRow("u", "stock", "MUG-1", 1, body, UpdateState.PENDING, self.clock.now())
        await self.inbox.take_in(["u"], ["MUG-1"], lambda *_: Intake((row,)), None)

    async def begin(self, line: Line, span_s: float | None = None, reason: str = "why") -> None:
        now = self.clock.now()
        until = None if span_s is None else now + timedelta(seconds=span_s)
        begun = Pause(line, now, until, "ada", reason)
        await self.db.writer.write(lambda tx: pauses.begin(tx, begun))

    async def end(self, line: Line) -> bool:
        now = self.clock.now()
        return await self.db.writer.write(lambda tx: pauses.end(tx, line, who="bob", now=now))

    async def moving(self) -> set[Line]:
        """The lines that hand something out."""
        found = {
            Line.EVENTS: await self.outbox.ready(5, ()),
            Line.UPDATES: await self.inbox.open_for_work() and await self.inbox.due(5),
        }
        return {line for line, work in found.items() if work}

    async def told(self) -> list[str]:
        return [pause.told() for pause in await self.db.read(pauses.in_force, self.clock.now())]


@pytest.fixture
async def lines(db: Database) -> Lines:
    made = Lines(db)
    await made.fill()
    return made


@pytest.mark.parametrize("line", Line)
async def test_a_line_that_is_held_up_hands_nothing_out_and_the_other_one_does(
    lines: Lines, line: Line
) -> None:
    await lines.begin(line)
    lines.clock.advance(10**6)
    assert await lines.moving() == set(Line) - {line}
    assert await lines.end(line)
    assert await lines.moving() == set(Line)
    assert not await lines.end(line)


async def test_taking_in_goes_on(lines: Lines) -> None:
    await lines.begin(Line.EVENTS)
    await seeding.events(lines.db, "order/2")
    assert await lines.moving() == {Line.UPDATES}
    await lines.end(Line.EVENTS)
    assert [head.lane for head in await lines.outbox.ready(5, ())] == ["order/1", "order/2"]


@pytest.mark.parametrize("line", Line)
async def test_a_pause_for_a_time_ends_by_itself(lines: Lines, line: Line) -> None:
    await lines.begin(line, 7200)
    lines.clock.advance(7199.9)
    assert line not in await lines.moving()
    assert await lines.told() == ["paused by ada until 2026-11-24T10:00:00Z: why"]
    lines.clock.advance(0.1)
    assert await lines.moving() == set(Line)
    assert await lines.told() == []
    assert not await lines.end(line)


async def test_the_last_word_counts(lines: Lines) -> None:
    await lines.begin(Line.EVENTS, 60)
    await lines.begin(Line.EVENTS, None, "longer than we thought")
    lines.clock.advance(61)
    assert await lines.told() == ["paused by ada: longer than we thought"]
    await lines.begin(Line.EVENTS, 60)
    lines.clock.advance(61)
    assert await lines.told() == []


async def test_a_pause_outlives_the_process(directory: Path) -> None:
    async with database.opened(directory) as db:
        lines = Lines(db)
        await lines.fill()
        await lines.begin(Line.EVENTS)
    async with database.opened(directory) as db:
        assert await Lines(db).moving() == {Line.UPDATES}
        assert await db.read(outbox.heads, 5)  # it is the pause that holds them


async def test_who_paused_and_resumed_is_written_down(lines: Lines) -> None:
    await lines.begin(Line.UPDATES, 60, "stocktaking")
    lines.clock.advance(5)
    await lines.end(Line.UPDATES)
    await lines.end(Line.UPDATES)  # was not paused any more: nobody did anything
    at = {"target": "updates"}
    assert await lines.db.read(audit.rows, 10) == [
        at | {"at": "2026-11-24T08:00:05Z", "who": "bob", "action": "resume", "reason": ""},
        at | {"at": "2026-11-24T08:00:00Z", "who": "ada", "action": "pause"}
        | {"reason": "stocktaking"},
    ]  # fmt: skip
