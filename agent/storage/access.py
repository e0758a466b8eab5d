"""The state as those see it who neither open nor close it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import aiosqlite

    from agent.storage.writer import Step

P = ParamSpec("P")
T = TypeVar("T")


class State(Protocol):
    """Of the daemon (``database.Database``), or of a command beside it."""

    async def read(
        self,
        query: Callable[Concatenate[aiosqlite.Connection, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """What ``query`` finds."""

    async def write(self, step: Step[T]) -> T:
        """Runs ``step`` in one transaction."""
