"""The store as comparisons read it: each request waits for its turn, and a store that is away for a
while is waited for, so that hours of reading are not begun anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from agent import errors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime

    from agent.clock import Clock
    from agent.reconcile.budget import Budget

T = TypeVar("T")
PAUSES_S = (30.0, 120.0, 600.0)


class Client(Protocol):
    """What is needed of the store's client. Reads raise StoreError."""

    def store_now(self) -> datetime:
        """The time by the store's clock."""

    async def read(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """A body."""

    async def listed(self, path: str, query: Mapping[str, str]) -> tuple[Any, int | None]:
        """A page of a list, and how many rows that has."""

    async def index(self) -> Any:
        """What the site tells anybody."""


class Gentle:
    """``requests`` counts what was asked through it."""

    def __init__(
        self,
        client: Client,
        budget: Budget,
        *,
        clock: Clock,
        pauses_s: Sequence[float] = PAUSES_S,
    ) -> None:
        self._client = client
        self._budget = budget
        self._clock = clock
        self._pauses_s = pauses_s
        self.requests = 0

    def store_now(self) -> datetime:
        return self._client.store_now()

    async def read(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        return await self.spend(lambda: self._client.read(path, query))

    async def listed(self, path: str, query: Mapping[str, str]) -> tuple[Any, int | None]:
        return await self.spend(lambda: self._client.listed(path, query))

    async def index(self) -> Any:
        return await self.spend(self._client.index)

    async def spend(self, work: Callable[[], Awaitable[T]]) -> T:
        """Does work that is a request when its turn has come, again after a while where the store
        is away; raises what the last try raises."""
        for pause_s in self._pauses_s:
            try:
                return await self._once(work)
            except errors.StoreUnavailableError:  # what it asks for, the budget waits for
                await self._clock.sleep(pause_s)
        return await self._once(work)

    async def _once(self, work: Callable[[], Awaitable[T]]) -> T:
        self.requests += 1
        return await self._budget.spend(work)
