"""Both ends of a comparison as a command has them: what the store lists is counted aloud, and what
is asked for is kept with who asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime

from agent.cli import output, state
from agent.clock import Clock
from agent.model.delivery import Look
from agent.model.listed import Listed
from agent.model.stock import Base
from agent.reconcile import whole_lists
from agent.storage import audit, comparing
from agent.storage.writer import Step, Tx


class Asking(comparing.Sides):
    """``looks`` are to be read by the daemon, ``history`` of them as history, ``repairs`` to be put
    right in the store. Where it is ``dry`` all of them would be, and nothing is written."""

    def __init__(
        self, opened: state.Opened, *, what: str, reason: str, dry: bool, clock: Clock
    ) -> None:
        super().__init__(opened.read, self._record, clock=clock)
        self.looks = self.history = self.repairs = 0
        self.dry = dry
        self._would: set[tuple[Look, str]] = set()
        self._opened = opened
        self._what = what
        self._reason = reason
        self._now = clock.now
        self._is_recorded = False

    async def ask(self, asked: Sequence[tuple[Look, str, int]], *, backfill: bool = False) -> None:
        await super().ask(asked, backfill=backfill)
        self.looks += len(asked)
        self.history += len(asked) if backfill else 0
        if self.dry:
            self._would |= {(look, subject) for look, subject, _ in asked}

    async def asked(self, look: Look, subjects: Collection[str]) -> Collection[str]:
        """Also what would be asked for: nobody reads it, so it stays open."""
        would = {subject for subject in subjects if (look, subject) in self._would}
        return {*await super().asked(look, subjects), *would}

    async def repair(self, product_ids: Collection[int], missing: Mapping[int, Base]) -> None:
        await super().repair(product_ids, missing)
        self.repairs += len(product_ids)

    def summary(self) -> str:
        """In one line; empty where there is nothing."""
        would = "would be asked for" if self.dry else "asked for"
        found = []
        if self.looks:
            history = f" ({self.history:,} as history)" if self.history else ""
            found.append(f"{self.looks:,} to be read{history}")
        if self.repairs:
            found.append(f"{self.repairs:,} to be put right in the store")
        return f"{would}: {', '.join(found)}" if found else ""

    async def _record(self, step: Step[None]) -> None:
        """Runs it in a transaction; the first one says who."""
        if self.dry:
            return

        async def recorded(tx: Tx) -> None:
            if not self._is_recorded:
                await audit.record(
                    tx,
                    who=state.who(),
                    action="reconcile",
                    targets=[self._what],
                    reason=self._reason,
                    now=self._now(),
                )
            await step(tx)

        await self._opened.write(recorded)
        self._is_recorded = True


class Counted:
    """The store's lists, and how far they are."""

    def __init__(self, store: whole_lists.Store, tell: output.Tell) -> None:
        self._store = store
        self._tell = tell

    async def listed(self, listing: str, since: datetime | None) -> AsyncIterator[Sequence[Listed]]:
        """Raises StoreError."""
        count = 0
        self._tell(f"{listing}: …", False)
        async for page in self._store.listed(listing, since):
            count += len(page)
            self._tell(f"{listing}: {count:,} compared", False)
            yield page
        self._tell(f"{listing}: {count:,} compared", True)
