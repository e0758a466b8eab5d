"""Looking at the store itself."""

from __future__ import annotations

from agent import errors
from agent.events.store_look import EVERY_S, StoreLook
from tests.clock import FakeClock


class Fetcher:
    """Reads it, unless the store is away."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.away = False

    async def store(self, store_id: str) -> None:
        if self.away:
            raise errors.StoreUnavailableError("the store is away", hint="woo-agent status")
        self.read.append(store_id)


async def test_a_few_times_a_day_and_sooner_where_it_could_not_be_read() -> None:
    fetcher = Fetcher()
    look = StoreLook(fetcher, store_id="brand-de", clock=FakeClock())
    assert await look.run_once() == EVERY_S
    fetcher.away = True
    assert [await look.run_once() for _ in range(8)] == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    fetcher.away = False
    assert await look.run_once() == EVERY_S
    fetcher.away = True
    assert await look.run_once() == 60
    assert fetcher.read == ["brand-de"] * 2
