"""The gateway of the crash tests: misbehaves, is restarted, and is asked in the end what it saw."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from agent.clock import SystemClock
from agent.demo.gateway import Gateway
from agent.demo.site import Fault
from tests import agents

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

REFUSES, RESTARTS = "refuses", "restarts"
FAULTS: tuple[Fault | str, ...] = (
    Fault.DROP,  # after it has accepted
    Fault.HANG,
    Fault.SERVER_ERROR,
    Fault.TOO_MANY_REQUESTS,
    Fault.BROKEN_JSON,
    REFUSES,
    RESTARTS,
)


class Erp:
    """One gateway after the other on the same books and the same port."""

    def __init__(self, books: Path) -> None:
        self._books = books
        self._open = AsyncExitStack()
        self._ids_before: list[str] = []
        self._overlapping_before: set[str] = set()
        self.gateway: Gateway

    async def start(self, port: int = 0) -> None:
        """Takes requests from now on."""
        self.gateway = Gateway(self._books, SystemClock(), token=agents.TOKEN)
        await self._open.enter_async_context(self.gateway.serving(port=port))

    async def stop(self) -> None:
        """Requests under way are cut; what was accepted is on the disk."""
        self._ids_before, self._overlapping_before = self.delivered(), self.overlapping()
        await self._open.aclose()

    async def misbehave(self, fault: Fault | str) -> None:
        """Once; a refusing one refuses until ``accept``."""
        if fault == REFUSES:
            await self.gateway.site.refuse()
        elif fault == RESTARTS:
            await self.stop()
            await self.start(self.gateway.site.port)
        else:
            plan = Fault(fault)
            self.gateway.site.misbehave(plan, times=1, under="/events", retry_after_s=0)

    async def accept(self) -> None:
        """Connections are taken (again)."""
        await self.gateway.site.accept()

    def events(self) -> list[dict[str, Any]]:
        """Each that was accepted, in order of its position."""
        return self.gateway.events(agents.STORE)

    def batches(self) -> int:
        """How many came in since it was started."""
        return len(self.gateway.batches(agents.STORE))

    def delivered(self) -> list[str]:
        """The id of each event as it came in, repeats included."""
        now = [event_id for batch in self.gateway.batches(agents.STORE) for event_id in batch.ids]
        return self._ids_before + now

    def overlapping(self) -> set[str]:
        """Correlation ids of which two events were in flight at a time."""
        return self._overlapping_before | self.gateway.overlapping(agents.STORE)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Erp]:
    """One at work, with its books in ``folder``."""
    erp = Erp(folder / "gateway.db")
    await erp.start()
    try:
        yield erp
    finally:
        await erp.stop()
