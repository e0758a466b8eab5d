"""Orders whose webhook was lost are looked for at start and every so often."""

from __future__ import annotations

from datetime import timedelta

from agent import errors
from agent.reconcile.catch_up import KNOWN_SOON_S, CatchUp
from tests.clock import FakeClock

EVERY = timedelta(minutes=5)


class Line:
    """A store that may be away."""

    def __init__(self) -> None:
        self.looks = 0
        self.known = True
        self.away = False
        self.actor = CatchUp(
            self.look, what="orders", known=self.is_known, every=lambda: EVERY, clock=FakeClock()
        )

    async def is_known(self) -> bool:
        return self.known

    async def look(self) -> None:
        self.looks += 1
        if self.away:
            raise errors.StoreUnavailableError("away", hint="")


async def test_it_looks_and_rests() -> None:
    line = Line()
    assert await line.actor.run_once() == 300
    assert line.looks == 1


async def test_it_waits_for_the_beginning_to_be_known() -> None:
    line = Line()
    line.known = False
    assert await line.actor.run_once() == KNOWN_SOON_S
    assert line.looks == 0


async def test_a_store_that_is_away_is_asked_at_growing_intervals() -> None:
    line = Line()
    line.away = True
    assert [await line.actor.run_once() for _ in range(8)] == [5, 10, 20, 40, 80, 160, 300, 300]
    line.away = False
    assert await line.actor.run_once() == 300
    line.away = True
    assert await line.actor.run_once() == 5
