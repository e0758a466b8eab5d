"""A store, its shoppers, an ERP and an agent that is stopped without warning, racing for figures.

async with world.opened(folder, agent=processes.running, seed=1) as race:
    await race.trade(orders=300)
    await race.settle()
assert not race.oracle.over_shown
"""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from agent.clock import SystemClock, iso
from agent.demo.gateway import Gateway
from agent.demo.shop.profile import WC_10_5, Profile
from agent.demo.shop.work import Mishap, Pace
from agent.demo.site import Fault
from agent.demo.store import Store
from agent.model.registration import TOPICS
from tests import agents, processes, recordings
from tests.flows.race import goods
from tests.flows.race.erp import Erp, Journal
from tests.flows.race.oracle import META_LAG_S, QUIET_S, Oracle
from tests.flows.race.post import Postman
from tests.flows.race.shoppers import Shoppers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from agent.demo.site import Site

    Running = Callable[[Path], AbstractAsyncContextManager[Any]]

PER_SECOND = 30.0
UNCERTAIN = timedelta(seconds=5)
_TIMEOUT_S = 1.0
_SLOW_S, _SLOW_EVERY_S = 1.3, 3.0  # longer than the agent waits, and over when it looks again
_TICK_S = 0.05
_LOST = 0.1  # of the webhooks
_GATEWAY_FAULTS = (Fault.DROP, Fault.SERVER_ERROR, Fault.BROKEN_JSON)


class Line(Journal, Protocol):
    """A gateway, and how it is broken."""

    site: Site

    @property
    def url(self) -> str:
        """The base a client is configured with."""

    def serving(self) -> AbstractAsyncContextManager[object]:
        """Listens from entry to exit."""


class StuckError(AssertionError):
    """What should have come about did not."""


@dataclass
class Race:
    """``lives`` are how often the agent was started."""

    store: Store
    gateway: Line
    erp: Erp
    shoppers: Shoppers
    postman: Postman
    oracle: Oracle
    rng: random.Random
    store_fails: bool = True
    lives: int = 0
    _steady: asyncio.Event = field(default_factory=asyncio.Event)

    async def trade(self, *, orders: int) -> None:
        """So many orders, now and then with a pause in which everything comes to rest."""
        await self.until(self._figures_are_right, "the first figures are not in the store", 20)
        trading = asyncio.create_task(self.shoppers.run(orders=orders, per_second=PER_SECOND))
        while not trading.done() and not self.oracle.over_shown:
            await asyncio.wait((trading,), timeout=self.rng.uniform(5, 7))
            await self._rest()
        if self.oracle.over_shown:
            trading.cancel()
        await asyncio.wait((trading,))

    async def _rest(self) -> None:
        """Until every figure was looked at, or one is wrong. The ERP goes on publishing, mostly
        without booking anything: real ones are that slow."""
        self.shoppers.trading.clear()
        self.erp.asleep = self.rng.random() < 0.8
        before = dict(self.oracle.looks)
        with suppress(TimeoutError):  # some do not come to rest: it is enough that all once do
            async with asyncio.timeout(3 * QUIET_S):
                while not self.oracle.over_shown and any(
                    self.oracle.looks[pool] == before[pool] for pool in goods.POOLS
                ):
                    await SystemClock().sleep(_TICK_S)
        self.erp.asleep = False
        self.shoppers.trading.set()

    async def settle(self) -> None:
        """Traffic has stopped: the ERP is told everything, books it and publishes every figure."""
        await self.tell()
        await SystemClock().sleep(UNCERTAIN.total_seconds())
        for pool in goods.POOLS:
            self.erp.publish(pool)
        await self.until(self._figures_are_right, "the figures are not the ERP's", 30)

    async def tell(self, *, within_s: float = 30) -> None:
        """Nothing fails any more, until the ERP has been told everything and booked it."""
        self._steady.set()
        await self.until(self._books_agree, "the ERP has not been told everything", within_s)

    def wrong(self) -> list[str]:
        """Figures in the store that are not the ERP's."""
        return [
            f"{pool}: {self.store.stock(pool)} shown, the ERP says {self.erp.figure(pool)}"
            for pool in goods.POOLS
            if self.store.stock(pool) != self.erp.figure(pool)
        ]

    async def until(self, holds: Callable[[], bool], or_else: str, seconds: float) -> None:
        """Waits for that; StuckError says what it waited for."""
        try:
            async with asyncio.timeout(seconds):
                while not holds():
                    await SystemClock().sleep(_TICK_S)
        except TimeoutError:
            raise StuckError(f"{or_else}: {self.wrong()}") from None

    def _figures_are_right(self) -> bool:
        return not self.wrong()

    def _books_agree(self) -> bool:
        self.erp.book_everything()
        booked = self.erp.booked
        return all(
            booked.get(subject, {}).get(pool, 0) == units
            for subject, pools in self.oracle.taken().items()
            for pool, units in pools.items()
        )

    async def live(self, agent: Running, config: Path) -> None:
        """Starts the agent and stops it without warning, until it is to stay."""
        clock = SystemClock()
        while True:
            async with agent(config):
                self.lives += 1
                self.oracle.started()
                await clock.sleep(self.rng.uniform(2.5, 6), or_when=(self._steady,))
                await self.shoppers.trading.wait()
                if self._steady.is_set():
                    await asyncio.Event().wait()
                if self.rng.random() < 0.7:
                    with suppress(TimeoutError):
                        await self.store.site.until(lambda: self.store.host.writing > 0, 1.0)
            self.oracle.killed()

    async def misbehave(self) -> None:
        """Store (if it fails) and gateway, every other moment while there is trade."""
        clock = SystemClock()
        while not self._steady.is_set():
            await clock.sleep(self.rng.uniform(1, 3), or_when=(self._steady,))
            await self.shoppers.trading.wait()
            after = self.rng.choice((None, 0, 1, 2)) or None
            mishap = self.rng.choice(list(Mishap))
            if self.store_fails:
                self.store.mishap(mishap, after=after)
            fault = self.rng.choice(_GATEWAY_FAULTS)
            self.gateway.site.misbehave(fault, times=1, under="/events", retry_after_s=0)


@asynccontextmanager
async def opened(
    folder: Path,
    *,
    agent: Running,
    seed: int,
    profile: Profile = WC_10_5,
    unseen_orders: str = "subtract",
    gateway: Line | None = None,
    erps: type[Erp] = Erp,
    patience: str = "2s",
    store_fails: bool = True,
) -> AsyncIterator[Race]:
    """All of it at work, with the first figures published. ``patience`` is how long the agent waits
    for the gateway's answer; ``store_fails``: its writes end in doubt or are slow now and then."""
    clock = SystemClock()
    rngs = [random.Random(f"{seed}-{part}") for part in range(5)]
    gateway = gateway or Gateway(folder / "gateway.db", clock, token=agents.TOKEN)
    store = Store(
        clock,
        consumer_key=agents.KEY,
        consumer_secret=agents.SECRET,
        rng=rngs[0],
        profile=profile,
    )
    goods.stock(store)
    store.host.pace = Pace(
        read_s=0.005, write_s=0.01, write_item_s=0.02, spread=0.8, meta_lag_s=META_LAG_S / 2
    )
    if store_fails:
        store.pause_writes(_slow_now_and_then(rngs[0]))
    erp = erps(gateway, clock, rngs[1], uncertain=UNCERTAIN)
    oracle = Oracle(store, erp, clock, folder / "state")
    shoppers = Shoppers(store, clock, rngs[2], told=oracle.changed)
    postman = Postman(store, clock, rngs[3], told=oracle.read, losing=_LOST)
    race = Race(store, gateway, erp, shoppers, postman, oracle, rngs[4], store_fails)
    port = agents.closed_port()
    for topic in TOPICS:
        store.add_webhook(topic, f"http://127.0.0.1:{port}/webhooks", recordings.SECRET)
    async with gateway.serving(), store.serving(deliver=False):
        config = _configured(folder, store, gateway, port, unseen_orders, patience)
        running = asyncio.create_task(_at_work(race, agent, config))
        try:
            yield race
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


async def _at_work(race: Race, agent: Running, config: Path) -> None:
    async with asyncio.TaskGroup() as group:
        for part in (race.erp, race.postman, race.oracle):
            group.create_task(part.run())
        group.create_task(race.misbehave())
        group.create_task(race.live(agent, config))


def _configured(
    folder: Path, store: Store, gateway: Line, port: int, unseen_orders: str, patience: str
) -> Path:
    """Every time as short as it can be without being over before it is looked at."""
    return processes.write_config(
        folder,
        store={
            "url": store.url,
            "connect_to": f"127.0.0.1:{store.site.port}",
            "timeout": f"{round(_TIMEOUT_S * 1000)}ms",
            "go_live": iso(SystemClock().now() - timedelta(hours=1)),
        },
        webhooks={"listen": f"127.0.0.1:{port}"},
        gateway={
            "url": gateway.url,
            "timeout": patience,
            "poll_every": "50ms",
            "batch_size": 20,
        },
        updates={"wait": "1s"},
        inventory={
            "unseen_orders": unseen_orders,
            "uncertain": f"{round(UNCERTAIN.total_seconds())}s",
            "baseline": "1h",
            "unexplained_for": "2s",
        },
        reconcile={"orders_every": "700ms", "webhooks_every": "1s"},
    )


def _slow_now_and_then(rng: random.Random) -> Any:
    clock = SystemClock()
    last = clock.monotonic()

    async def pause(product_id: int) -> None:
        nonlocal last
        if clock.monotonic() - last > _SLOW_EVERY_S and rng.random() < 0.1:
            last = clock.monotonic()
            await clock.sleep(_SLOW_S * _TIMEOUT_S)

    return pause
