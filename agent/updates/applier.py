"""Brings the store to what it is told: compares what is due, and writes what differs in rounds.

Comparing costs a ninth of writing, so that a whole feed is compared first and what differs gathered
into full batches. What could not be found out (the store is away, an answer was lost) stays open:
the next round reads the store again and writes only what is still missing.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from agent import actor, errors, metrics, tracing
from agent.model.product import ItemWrite
from agent.model.update import UpdateState
from agent.updates import check, guardrails, plan, versions, writing

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Collection, Mapping, Sequence

    from agent.clock import Clock
    from agent.model.in_force import Check
    from agent.model.inbox import Fence, FenceKey, KnownVersions, Opened, Settlement, Zeroing
    from agent.model.product import StoreProduct, StoreProfile
    from agent.settings import Settings
    from agent.updates.figures import Figures
    from agent.updates.resolver import Resolver
    from agent.updates.stock_checks import StockChecks
    from agent.updates.writing import Writing

log = logging.getLogger(__name__)

SCANNED_AT_ONCE = 495  # five full look-ups
GATHERED_FOR_S = 60.0
IDLE_S = 1.0
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 60.0
_ACTED_ON = frozenset(
    {UpdateState.APPLIED, UpdateState.UNCHANGED, UpdateState.WOULD_APPLY, UpdateState.FAILED}
)


class Inbox(Protocol):
    """What the applier needs of the storage."""

    async def open_for_work(self) -> bool:
        """Neither paused nor catching up with the feed."""

    async def due(self, most: int, kinds: Collection[str], skip: Collection[str]) -> list[Opened]:
        """Open updates whose time has come, but for those of the SKUs in ``skip``."""

    async def due_of(self, skus: Sequence[str], kinds: Collection[str]) -> list[Opened]:
        """What is due of those SKUs."""

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
    """What the applier needs of the store itself."""

    async def profile(self) -> StoreProfile:
        """Currency and tax mode. Raises StoreError."""


class Applier:
    """The loop."""

    def __init__(
        self,
        inbox: Inbox,
        store: Store,
        resolver: Resolver,
        writing: Writing,
        stock: StockChecks,
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
        self._resolver = resolver
        self._writing = writing
        self._stock = stock
        self._same = same
        self._settings = settings
        self._clock = clock
        self._arrived = arrived
        self._settled = settled
        self._usurped = usurped
        self._profile: StoreProfile | None = None
        self._differing: dict[str, float] = {}  # SKU → since when it waits for its round
        self._pause_s = 0.0
        self.trouble: errors.StoreError | None = None
        self.is_busy = False
        """A round is being written."""

    @property
    def failing(self) -> Mapping[int, str]:
        """The products that the store fails to write while it takes others, and why."""
        return self._writing.suspects.named

    async def run(self, stop: asyncio.Event) -> None:
        """Applies what is due until asked to stop."""
        await actor.run(self.run_once, stop=stop, nudged=self._arrived, clock=self._clock)

    async def run_once(self) -> float:
        """One step: a piece is compared, or a round written; how long to rest after it."""
        if self._usurped():
            return IDLE_S
        try:  # the store is asked once in any case: health knows then whether it is there
            profile = await self._ask_profile()
            rest_s = await self._step(profile)
        except errors.StoreError as error:
            return self._paused(error)
        if self.trouble is not None:
            log.info("the store answers again")
        self.trouble, self._pause_s = None, 0.0
        return rest_s

    async def _step(self, profile: StoreProfile) -> float:
        if not await self._inbox.open_for_work():
            return IDLE_S
        store = self._settings().store
        most = store.batch_size * store.write_concurrency
        kinds = ("price", "stock") if await self._stock.ready() else ("price",)
        due = await self._inbox.due(SCANNED_AT_ONCE, kinds, self._differing)
        if due:
            await self._compare(due, profile)
        checks = await self._stock.due(most)
        more = len(due) >= SCANNED_AT_ONCE
        ready = self._is_round_due(most, more=more)
        if not (checks or ready):
            return 0.0 if more else IDLE_S
        skus = list(self._differing)[:most] if ready else []
        for sku in skus:  # what is still missing after the round is found again
            del self._differing[sku]
        self.is_busy = True
        try:
            await self._round(await self._inbox.due_of(skus, kinds), checks, profile)
        finally:
            self.is_busy = False
        return 0.0

    def _is_round_due(self, most: int, *, more: bool) -> bool:
        if not self._differing:
            return False
        waited_s = self._clock.monotonic() - next(iter(self._differing.values()))
        return not more or len(self._differing) >= most or waited_s >= GATHERED_FOR_S

    async def _compare(self, due: Sequence[Opened], profile: StoreProfile) -> None:
        """Settles what needs no write, and gathers what does."""
        found = await self._find(_skus(due), await self._outdated(due))
        figures = await self._stock.figures(found)
        planned = await self._planned(due, found, figures, profile)
        await self._stock.in_line(_unchanged(planned.settled), found, figures)
        await self._settle(planned.settled)
        now = self._clock.monotonic()
        for target in planned.targets:
            self._differing.setdefault(target.opened.update.sku, now)

    async def _round(
        self, due: Sequence[Opened], checks: Sequence[Check], profile: StoreProfile
    ) -> None:
        """Looks at orders, compares once more, writes, and looks again at what it wrote."""
        if checks or any(opened.update.kind == "stock" for opened in due):
            await self._stock.look()
        unchecked = [*await self._stock.skus(checks), *await self._outdated(due)]
        found = await self._find(list(dict.fromkeys((*_skus(due), *unchecked))), unchecked)
        figures = await self._stock.figures(found)
        planned = await self._planned(due, found, figures, profile)
        await self._stock.in_line(_unchanged(planned.settled), found, figures)
        await self._settle(planned.settled)
        repairs = await self._stock.decide(checks, found, figures)
        due_writes = [ItemWrite(target.product, target.values) for target in planned.targets]
        wanted = writing.merged([*repairs.writes, *due_writes])  # what is due counts
        ids = [item.product.id for item in wanted]
        before = self._writing.suspects.set_aside(ids, self._clock.now())
        items = [item for item in wanted if item.product.id not in before]
        missing = dict(repairs.missing)
        for write in due_writes:
            missing.pop(write.product.id, None)
        stock = await self._stock.sending(items)
        newest = await self._inbox.newest_arrival()
        answers = await self._writing.write(items)
        await self._stock.sent(answers, stock, figures, missing)
        await self._settle(
            check.settled(planned.targets, answers.answered, self._same, sent_after=newest)
        )
        refused = check.refused(items, answers.answered, self._same)
        aside = self._writing.suspects.set_aside(ids, self._clock.now())
        await self._settle(check.set_aside(planned.targets, aside))
        await self._stock.conclude(checks, stock, found, refused, answers.ambiguous, aside)
        if answers.trouble is not None:
            raise answers.trouble

    async def _planned(
        self,
        due: Sequence[Opened],
        found: Mapping[str, Sequence[StoreProduct]],
        figures: Figures,
        profile: StoreProfile,
    ) -> plan.Plan:
        settings, skus = self._settings(), _skus(due)
        zeroing = await self._inbox.zeroing(skus)
        guard = guardrails.Guard(settings.prices, settings.inventory, zeroing)
        rules = plan.Rules(
            *(settings.updates, settings.ownership, profile, self._same, guard.hold, figures),
            near=self._resolver.near,
        )
        known = await self._inbox.known(skus)
        return plan.make(due, found, known, rules, self._clock.now())

    async def _outdated(self, due: Sequence[Opened]) -> list[str]:
        return await self._stock.outdated(_skus([one for one in due if one.update.kind == "stock"]))

    async def _find(
        self, skus: Sequence[str], unchecked: Sequence[str]
    ) -> dict[str, list[StoreProduct]]:
        trust_for = self._settings().updates.trust_catalogue_for
        return await self._resolver.products(skus, trust_for, unchecked=unchecked)

    async def _ask_profile(self) -> StoreProfile:
        if self._profile is None:
            self._profile = await self._store.profile()
        return self._profile

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
            update = settlement.opened.update
            with tracing.working(update.correlation_id or "", update.traceparent or ""):
                log.debug("update %s is %s", update.id, settlement.state)
        self._settled.set()

    def _paused(self, error: errors.StoreError) -> float:
        if self.trouble is None or type(self.trouble) is not type(error):
            log.warning("%s", error.message)
        self.trouble = error
        self._pause_s = actor.longer(self._pause_s, FIRST_PAUSE_S, LONGEST_PAUSE_S)
        asked = error.retry_after_s if isinstance(error, errors.StoreUnavailableError) else None
        return max(self._pause_s, min(asked or 0.0, 3600.0))


def _unchanged(settlements: Sequence[Settlement]) -> list[str]:
    """The SKUs whose stock is what it should be."""
    return [
        one.opened.update.sku
        for one in settlements
        if one.state is UpdateState.UNCHANGED and one.computed is not None
    ]


def _skus(due: Sequence[Opened]) -> list[str]:
    return list(dict.fromkeys(opened.update.sku for opened in due))
