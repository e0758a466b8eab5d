"""The loop that ages rows: first the old ones go, then their space, then it rests."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from agent.ops import ageing
from tests.clock import FakeClock

RETENTION = timedelta(days=30)


class Settled:
    """So many steps of erasing, of deleting, of dropping translations, and then of giving back."""

    def __init__(self, rows: int, pages: int, translations: int = 0, erasures: int = 0) -> None:
        self.erasures = erasures
        self.rows, self.translations, self.pages = rows, translations, pages
        self.steps: list[str] = []
        self.before: datetime | None = None

    async def erase(self, now: datetime) -> bool:
        self.erasures -= 1
        if self.erasures >= 0:
            self.steps.append("erasures")
        return self.erasures >= 0

    async def forget(self, before: datetime) -> int:
        self.before = before
        self.rows -= 1
        if self.rows >= 0:
            self.steps.append("rows")
        return max(0, self.rows + 1)

    async def drop_translations(self, now: datetime) -> bool:
        self.translations -= 1
        if self.translations >= 0:
            self.steps.append("translations")
        return self.translations >= 0

    async def give_back(self) -> bool:
        self.pages -= 1
        if self.pages >= 0:
            self.steps.append("pages")
        return self.pages >= 0


async def test_every_step_is_followed_by_a_pause_and_the_last_by_a_rest() -> None:
    clock, settled = FakeClock(), Settled(rows=2, translations=1, pages=2, erasures=1)
    work = ageing.Ageing(settled, retention=lambda: RETENTION, clock=clock)
    rests = [await work.run_once() for _ in range(7)]
    assert settled.steps == ["erasures", "rows", "rows", "translations", "pages", "pages"]
    assert rests == [ageing.BETWEEN_STEPS_S] * 6 + [ageing.IDLE_S]
    assert settled.before == clock.now() - RETENTION


async def test_a_changed_retention_counts_from_the_next_step_on() -> None:
    clock, settled = FakeClock(), Settled(rows=9, pages=0)
    kept = [RETENTION, timedelta(days=1)]
    work = ageing.Ageing(settled, retention=lambda: kept.pop(0), clock=clock)
    await work.run_once()
    await work.run_once()
    assert settled.before == clock.now() - timedelta(days=1)


async def test_it_stops_between_two_steps() -> None:
    clock, stop = FakeClock(), asyncio.Event()
    settled = Settled(rows=10**9, pages=0)
    work = ageing.Ageing(settled, retention=lambda: RETENTION, clock=clock)
    running = asyncio.create_task(work.run(stop))
    while len(settled.steps) < 3:
        await asyncio.sleep(0)
        clock.advance(ageing.BETWEEN_STEPS_S)
    stop.set()
    await running
    assert len(settled.steps) < 10
