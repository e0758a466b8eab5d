"""A comparison waits for a store that is away, and does not begin anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent import errors
from agent.reconcile.budget import Budget
from agent.reconcile.gentle import PAUSES_S, Gentle
from tests.woo.shops import HurriedClock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class Store:
    """Fails that often, then answers."""

    def __init__(self, failures: int, error: errors.StoreError | None = None) -> None:
        self.clock = HurriedClock()
        self.failures = failures
        self.error = error or errors.StoreUnavailableError("503", hint="")
        budget = Budget(per_minute=lambda: 6000, busy=lambda: False, clock=self.clock)
        self.gentle = Gentle(self, budget, clock=self.clock)

    def store_now(self) -> datetime:
        return self.clock.now()

    async def read(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        self.failures -= 1
        if self.failures >= 0:
            raise self.error
        return path

    async def listed(self, path: str, query: Mapping[str, str]) -> tuple[Any, int | None]:
        return await self.read(path), 1

    async def index(self) -> Any:
        return await self.read("")


async def test_a_store_that_comes_back_is_asked_again() -> None:
    store = Store(len(PAUSES_S))
    assert await store.gentle.listed("orders", {}) == ("orders", 1)
    assert [slept for slept in store.clock.slept if slept in PAUSES_S] == list(PAUSES_S)
    assert store.gentle.requests == len(PAUSES_S) + 1
    assert await store.gentle.read("orders/7") == "orders/7"


async def test_one_that_stays_away_or_refuses_is_said() -> None:
    with pytest.raises(errors.StoreUnavailableError):
        await Store(len(PAUSES_S) + 1).gentle.read("orders")
    refused = Store(1, errors.StoreRefusedError("key", hint="", status=401))
    with pytest.raises(errors.StoreRefusedError):
        await refused.gentle.read("orders")
    assert refused.gentle.requests == 1
