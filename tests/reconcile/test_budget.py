"""Comparing rests much longer than it lets the store work."""

from __future__ import annotations

import asyncio

import pytest

from agent import errors
from agent.reconcile.budget import BUSY_S, LONGEST_PAUSE_S, LONGEST_REST_S, Budget
from tests.clock import FakeClock


class Store:
    """Takes its time."""

    def __init__(self, per_minute: int = 6000) -> None:
        self.clock = FakeClock()
        self.busy = False
        self.takes_s = 1.0
        self.budget = Budget(
            per_minute=lambda: per_minute, busy=lambda: self.busy, clock=self.clock
        )

    async def ask(self) -> str:
        self.clock.advance(self.takes_s)
        return "answer"


async def test_it_rests_three_times_as_long_as_a_request_took() -> None:
    store = Store()
    assert store.budget.wait_s() == 0
    assert await store.budget.spend(store.ask) == "answer"
    assert store.budget.wait_s() == pytest.approx(3)
    store.clock.advance(2)
    assert store.budget.wait_s() == pytest.approx(1)


async def test_it_rests_twice_as_long_when_the_store_is_slower_than_it_can_be() -> None:
    store = Store()
    await store.budget.spend(store.ask)
    store.clock.advance(60)
    store.takes_s = 2.5
    await store.budget.spend(store.ask)
    assert store.budget.wait_s() == pytest.approx(15)
    store.clock.advance(60)
    store.takes_s = 300.0
    await store.budget.spend(store.ask)
    assert store.budget.wait_s() == LONGEST_REST_S


async def test_no_more_requests_a_minute_than_allowed() -> None:
    store = Store(per_minute=2)
    await store.budget.spend(store.ask)
    assert store.budget.wait_s() == pytest.approx(29)
    asking = asyncio.create_task(store.budget.spend(store.ask))
    await store.clock.sleeping()
    assert store.clock.monotonic() == 1.0
    store.clock.advance(29)
    assert await asking == "answer"


async def test_it_waits_while_the_store_writes_for_us() -> None:
    store = Store()
    store.busy = True
    assert store.budget.wait_s() == BUSY_S
    asking = asyncio.create_task(store.budget.spend(store.ask))
    await store.clock.sleeping()
    store.busy = False
    store.clock.advance(BUSY_S)
    await asking


async def test_a_store_that_names_a_time_is_left_alone_until_then() -> None:
    store = Store()

    async def away() -> None:
        raise errors.StoreUnavailableError("maintenance", hint="", retry_after_s=600)

    with pytest.raises(errors.StoreUnavailableError):
        await store.budget.spend(away)
    assert store.budget.wait_s() == 600


async def test_no_time_is_waited_for_without_end() -> None:
    store = Store()

    async def away() -> None:
        raise errors.StoreUnavailableError("", hint="", retry_after_s=1_764_000_000)

    with pytest.raises(errors.StoreUnavailableError):
        await store.budget.spend(away)
    assert store.budget.wait_s() == LONGEST_PAUSE_S


async def test_one_request_at_a_time_however_long_it_takes() -> None:
    store = Store()
    begun, answered = asyncio.Event(), asyncio.Event()

    async def long() -> None:
        begun.set()
        await answered.wait()

    asking = asyncio.create_task(store.budget.spend(long))
    await begun.wait()
    store.clock.advance(600)
    assert store.budget.wait_s() == BUSY_S
    answered.set()
    await asking
    assert store.budget.wait_s() == LONGEST_REST_S
