"""A store, an agent and a gateway on real HTTP; webhooks are delivered when a test says so."""

from __future__ import annotations

import functools
import json
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import aiohttp

from agent.demo.gateway import Gateway
from agent.demo.shop.profile import WC_10_5, Profile
from agent.demo.store import Store
from agent.settings import loading
from agent.storage import stock_marks
from agent.woo import signature
from tests import agents, processes, recordings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from agent.clock import Clock
    from agent.daemon import Daemon
    from tests.clock import SteppedClock

_RESTS = 30  # polls: as long as the agent may rest, and then some


@dataclass
class Shop:
    """A store, an agent and a gateway; webhooks are delivered when the test says so."""

    store: Store
    gateway: Gateway
    agent: Daemon
    config: Path

    async def deliver(self) -> None:
        """Sends what is pending, and waits until all of it is judged and accepted."""
        await self.store.deliver_pending()
        await self.until(lambda outbox: not outbox["pending"])

    def lose(self) -> None:
        """What is pending is never delivered."""
        while self.store.shop.webhooks.take() is not None:
            pass

    async def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The counts of the outbox once that holds; looked at whenever the agent polls."""
        while not holds(outbox := await self.agent.outbox()):
            await self.polled()
        return outbox

    async def polled(self, times: int = 1) -> None:
        """Returns when the agent has asked the gateway for something, so many times."""
        last = self.gateway.site.requests + times - 1
        await self.gateway.until(functools.partial(self._polled, last), timeout=10 + times)

    async def compared(self, clock: SteppedClock) -> None:
        """Returns when products of which orders or the gateway told before this were compared: they
        are gathered for some seconds, and the agent rests for one."""
        clock.put_forward(stock_marks.GATHERED_FOR.total_seconds())
        await self.polled(_RESTS)

    async def update(self, *items: dict[str, Any], status: str = "applied") -> None:
        """Updates, applied (or what else is expected of all) and reported."""
        before = len(self.gateway.results(agents.STORE))
        self.gateway.publish(agents.STORE, *items)
        await self.gateway.until(
            lambda: len(self.gateway.results(agents.STORE)) == before + len(items)
        )
        results = self.gateway.results(agents.STORE)[before:]
        assert [result["status"] for result in results] == [status] * len(items)

    def figures(self, skus: Sequence[str], version: int, quantity: int) -> list[dict[str, Any]]:
        """Stock updates, which take into account all that the gateway accepted so far."""
        head = self.gateway.head_position(agents.STORE)
        said = {"kind": "stock", "version": version, "quantity": quantity, "seen_position": head}
        return [{"id": f"{sku}-{version}", "sku": sku, **said} for sku in skus]

    def _polled(self, before: int) -> bool:
        return self.gateway.site.requests > before

    async def post(self, *webhooks: recordings.Webhook) -> None:
        """Delivers recorded ones, as if the store had sent them."""
        async with aiohttp.ClientSession() as session:
            for hook in webhooks:
                headers = {**hook.headers, "X-WC-Webhook-Source": self.store.url}
                ours = recordings.Webhook(hook.name, headers, hook.body)
                assert await agents.post(session, agents.url(self.agent), ours) == 200

    def told(self) -> list[str]:
        """The subjects of the events that the gateway accepted, in order; without the store
        itself, which comes at some time after the start."""
        subjects = [event["subject"] for event in self.gateway.events(agents.STORE)]
        return [subject for subject in subjects if subject != f"store/{agents.STORE}"]

    async def check(self, name: str) -> dict[str, Any]:
        """One check of the health document."""
        [found] = (await self.agent.health())["checks"][name]
        return dict(found)


@dataclass
class Ends:
    """What an agent stands between; both outlive it."""

    store: Store
    gateway: Gateway
    folder: Path

    @classmethod
    @asynccontextmanager
    async def serving(
        cls,
        folder: Path,
        clock: Clock,
        *,
        rng: random.Random | None = None,
        profile: Profile = WC_10_5,
        deliver: bool | Literal["cron"] = False,
    ) -> AsyncIterator[Self]:
        """A new store and a new gateway; webhooks are delivered as the store's ``deliver`` says."""
        rng = rng or random.Random(1)
        gateway = Gateway(folder / "gateway.db", clock, token=agents.TOKEN)
        store = Store(
            clock,
            consumer_key=agents.KEY,
            consumer_secret=agents.SECRET,
            rng=rng,
            profile=profile,
        )
        async with gateway.serving(), store.serving(deliver=deliver):
            yield cls(store, gateway, folder)

    @asynccontextmanager
    async def agent(
        self,
        *,
        updates: dict[str, Any] | None = None,
        ownership: dict[str, Any] | None = None,
        clock: Clock | None = None,
        store: dict[str, Any] | None = None,
        webhooks: dict[str, Any] | None = None,
        reconcile: dict[str, Any] | None = None,
    ) -> AsyncIterator[Shop]:
        """An agent on the state that the one before left."""
        config = processes.write_config(
            self.folder,
            store={
                "url": self.store.url,
                "connect_to": f"127.0.0.1:{self.store.site.port}",
                **(store or {}),
            },
            gateway={"url": self.gateway.url, "poll_every": "50ms"},
            updates={"wait": "0s", **(updates or {})},
            ownership=ownership or {},
            webhooks=webhooks or {},
            reconcile=reconcile or {},
            health={"max_repeats": 3},
        )
        settings = loading.load(config=config, environ={}).settings
        async with agents.running(settings, clock=clock) as agent:
            yield Shop(self.store, self.gateway, agent, config)


def signed(topic: str, body: Any) -> recordings.Webhook:
    """A webhook with that body, as a store with our secret would send it."""
    return signed_raw(topic, json.dumps(body).encode())


def signed_raw(topic: str, raw: bytes) -> recordings.Webhook:
    """The same with those bytes."""
    headers = {
        "Content-Type": "application/json",
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Signature": signature.sign(raw, recordings.SECRET.encode()),
    }
    return recordings.Webhook(topic, headers, raw)
