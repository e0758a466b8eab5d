"""A page that was asked for before the gateway was restored belongs to the feed as it was: neither
its items nor its place in the feed count in the present one, which is read from its start."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent.model.delivery import Answer
from agent.storage import cursors, inbox, rewind
from agent.updates import puller
from tests.updates.rows import stock

if TYPE_CHECKING:
    from tests.updates.lines import Line


class Restored:
    """A gateway that says what a test says. While it holds a poll somebody else learns that it was
    restored, when the test says so."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.asked: list[str | None] = []
        self.says: dict[str, Any] = {}
        self.is_restored_to = ""

    async def get_updates(self, after: str | None, *, limit: int, wait_s: float) -> Answer:
        self.asked.append(after)
        if self.is_restored_to:
            assert await self.journal(self.is_restored_to, 0)
            self.is_restored_to = ""
        return Answer(200, body=self.says)

    async def journal(
        self, name: str, head_position: int | None, *, asked_in: int | None = None
    ) -> bool:
        since = self._line.clock.now() - timedelta(days=30)
        lost = await self._line.shelf._db.write(
            lambda tx: rewind.journal(
                tx, name, head_position, retained_since=since, asked_in=asked_in
            )
        )
        return lost is not None


def pulling(line: Line, gateway: Restored) -> puller.Puller:
    return puller.Puller(
        line.inbox,
        gateway,
        settings=lambda: line.settings,
        clock=line.clock,
        rng=random.Random(5),
        arrived=asyncio.Event(),
        journal=gateway.journal,
    )


async def is_catching_up(line: Line) -> bool:
    return bool(await line.shelf._db.read(cursors.get, inbox.CATCHING_UP))


@pytest.mark.parametrize("named", [{"journal": "first"}, {"journal": "second"}, {}])
@pytest.mark.parametrize("items", [[], [stock(2, 8)]])
async def test_a_late_page_moves_nothing(
    line: Line, named: dict[str, str], items: list[Any]
) -> None:
    gateway = Restored(line)
    pulls = pulling(line, gateway)
    gateway.says = {"updates": [stock(1, 7)], "cursor": "812", "journal": "first"}
    await pulls.run_once()
    assert not await is_catching_up(line)
    gateway.says = {"updates": items, "cursor": "815", **named}
    gateway.is_restored_to = "second"
    await pulls.run_once()
    assert await is_catching_up(line)
    assert await line.inbox.cursor() is None
    assert await line.inbox.journal() == 1  # it was restored once
    gateway.says = {"updates": [stock(3, 9)], "cursor": "701", "journal": "second"}
    await pulls.run_once()
    assert gateway.asked == [None, "812", None]
    assert not await is_catching_up(line)
    assert await line.inbox.cursor() == "701"
    assert sorted(one.update.id for one in await line.inbox.due(10)) == ["s-1", "s-3"]
