"""Writes due updates to the store, round by round: resolve, plan, write, check, settle.

What it could not find out (the store is away, an answer was lost) stays open: the next round reads
the store again and writes only what is still missing.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from agent import actor, errors, metrics
from agent.model.product import ItemAnswer, ItemWrite, StoreProduct, StoreProfile
from agent.model.update import (
    Fence,
    FenceKey,
    KnownVersions,
    Opened,
    Settlement,
    UpdateState,
    Zeroing,
)
from agent.updates import check, guardrails, plan, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.clock import Clock
    from agent.settings import Settings
    from agent.updates.plan import Target

log = logging.getLogger(__name__)

IDLE_S = 1.0
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 60.0
_ACTED_ON = frozenset(
    {UpdateState.APPLIED, UpdateState.UNCHANGED, UpdateState.WOULD_APPLY, UpdateState.FAILED}
)


class Inbox(Protocol):
    """What the applier needs of the storage."""

    async def due(self, most: int) -> list[Opened]:
        """Open updates whose time has come."""

    async def known(self, skus: Sequence[str]) -> KnownVersions:
        """Fences and open updates of those SKUs."""

    async def zeroing(self, skus: Sequence[str]) -> Zeroing:
        """What went to zero within the last hour."""

    async def settle(
        self, settlements: Sequence[Settlement], fences: Mapping[FenceKey, Fence]
    ) -> None:
        """Writes what became of updates, with the results to report."""

    async def newest_arrival(self) -> int:
        """The number of the newest webhook that was taken in."""


class Store(Protocol):
    """What the applier needs of the store. Every call raises StoreError."""

    async def profile(self) -> StoreProfile:
        """Currency and tax mode."""

    async def find(self, skus: Sequence[str]) -> dict[str, list[StoreProduct]]:
        """Products and variations by SKU; each SKU has an entry."""

    async def write(self, parent_id: int, writes: Sequence[ItemWrite]) -> list[ItemAnswer]:
        """One batch of products (parent 0) or variations of a parent."""


class Applier:
    """The loop."""

    def __init__(
        self,
        inbox: Inbox,
        store: Store,
        *,
        same: Callable[[str, object, object], bool],
        settings: Callable[[], Settings],
        clock: Clock,
        arrived: asyncio.Event,
        settled: asyncio.Event,
        usurped: Callable[[], bool] = lambda: False,
    ) -> None:
        """``usurped``: another instance speaks for the store, so this one must not write."""
        self._inbox = inbox
        self._store = store
        self._same = same
        self._settings = settings
        self._clock = clock
        self._arrived = arrived
        self._settled = settled
        self._usurped = usurped
        self._profile: StoreProfile | None = None
        self._pause_s = 0.0
        self.trouble: errors.StoreError | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Applies what is due until asked to stop."""
        await actor.run(self.run_once, stop=stop, nudged=self._arrived, clock=self._clock)

    async def run_once(self) -> float:
        """One round; how long to rest after it."""
        if self._usurped():
            return IDLE_S
        store = self._settings().store
        due = await self._inbox.due(store.batch_size * store.write_concurrency)
        if not due and self._profile is not None:
            return IDLE_S
        try:  # the store is asked once in any case: health knows then whether it is there
            await (self._round(due) if due else self._ask_profile())
        except errors.StoreError as error:
            return self._paused(error)
        if self.trouble is not None:
            log.info("the store answers again")
        self.trouble, self._pause_s = None, 0.0
        return 0.0

    async def _round(self, due: Sequence[Opened]) -> None:
        settings = self._settings()
        profile = await self._ask_profile()
        skus = list(dict.fromkeys(opened.update.sku for opened in due))
        found = await self._store.find(skus)
        zeroing = await self._inbox.zeroing(skus)
        guard = guardrails.Guard(settings.prices, settings.inventory, zeroing)
        rules = plan.Rules(settings.updates, settings.ownership, profile, self._same, guard.hold)
        known = await self._inbox.known(skus)
        planned = plan.make(due, found, known, rules, self._clock.now())
        await self._settle(planned.settled)
        newest = await self._inbox.newest_arrival()
        answers = await self._write(planned.targets)
        await self._settle(
            check.settled(planned.targets, answers.answered, self._same, sent_after=newest)
        )
        if answers.trouble is not None:
            raise answers.trouble

    async def _ask_profile(self) -> StoreProfile:
        if self._profile is None:
            self._profile = await self._store.profile()
        return self._profile

    async def _write(self, targets: Sequence[Target]) -> _Answers:
        """At most ``write_concurrency`` batches side by side; each product is in one of them."""
        store = self._settings().store
        gate = asyncio.Semaphore(store.write_concurrency)
        answers = _Answers()

        async def send(parent_id: int, writes: Sequence[ItemWrite]) -> None:
            async with gate:
                if answers.trouble is not None:
                    return
                try:
                    for write, answer in await self._sent(parent_id, writes):
                        answers.answered[write.product.id] = answer
                except errors.StoreError as error:
                    answers.trouble = error

        async with asyncio.TaskGroup() as sending:
            for parent_id, writes in batches(targets, store.batch_size):
                sending.create_task(send(parent_id, writes), name="write")
        return answers

    async def _sent(
        self, parent_id: int, writes: Sequence[ItemWrite]
    ) -> list[tuple[ItemWrite, ItemAnswer]]:
        """A batch that the store refuses as a whole is halved until the guilty item is alone: its
        limit may be lower than ours, or one item beyond what it can read."""
        try:
            return list(zip(writes, await self._store.write(parent_id, writes), strict=True))
        except errors.StoreRejectedError as error:
            if len(writes) == 1:
                return [(writes[0], ItemAnswer(None, error.code, error.message))]
        middle = len(writes) // 2
        return [
            *await self._sent(parent_id, writes[:middle]),
            *await self._sent(parent_id, writes[middle:]),
        ]

    async def _settle(self, settlements: Sequence[Settlement]) -> None:
        if not settlements:
            return
        fences = {
            key: fence
            for settlement in settlements
            if settlement.state in _ACTED_ON and not settlement.opened.reverts
            for key, fence in versions.fences(settlement.opened.update).items()
        }
        await self._inbox.settle(settlements, fences)
        for settlement in settlements:
            metrics.UPDATES.labels(settlement.state).inc()
        self._settled.set()

    def _paused(self, error: errors.StoreError) -> float:
        if self.trouble is None or type(self.trouble) is not type(error):
            log.warning("%s", error.message)
        self.trouble = error
        self._pause_s = min(max(self._pause_s * 2, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        asked = error.retry_after_s if isinstance(error, errors.StoreUnavailableError) else None
        return max(self._pause_s, min(asked or 0.0, 3600.0))


class _Answers:
    """What a round of writing brought; ``trouble`` is why it is not complete."""

    def __init__(self) -> None:
        self.answered: dict[int, ItemAnswer] = {}
        self.trouble: errors.StoreError | None = None


def batches(targets: Sequence[Target], most: int) -> list[tuple[int, list[ItemWrite]]]:
    """(parent id, items) requests: two updates of one product are one item, variations go by
    parent, because ``products/batch`` refuses their ids."""
    merged: dict[int, ItemWrite] = {}
    for target in targets:
        before = merged.get(target.product.id)
        values = {**before.values, **target.values} if before else target.values
        merged[target.product.id] = ItemWrite(target.product, values)
    by_parent: dict[int, list[ItemWrite]] = {}
    for write in merged.values():
        parent_id = write.product.parent_id if write.product.is_variation else 0
        by_parent.setdefault(parent_id, []).append(write)
    return [
        (parent_id, writes[start : start + most])
        for parent_id, writes in by_parent.items()
        for start in range(0, len(writes), most)
    ]
