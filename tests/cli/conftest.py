from __future__ import annotations

import asyncio
import json
import random
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from agent.cli import main
from agent.clock import SystemClock
from agent.demo.gateway import Gateway
from agent.demo.site import Fault
from agent.demo.store import Store
from agent.settings import loading
from tests import agents, processes, recordings

if TYPE_CHECKING:
    from pathlib import Path

EMAIL = "zoe.buyer@example.com"


@dataclass(frozen=True)
class Past:
    """The state that a daemon left: three orders, one accepted, one dead, one deferred, and five
    updates. It is down now."""

    config: Path
    accepted: str
    dead: str
    deferred: str

    def run(self, *arguments: str, environ: dict[str, str] | None = None) -> Result:
        """What ``woo-agent`` does on it; what it raises comes out."""
        line = [*arguments, "--config", str(self.config)]
        result = CliRunner().invoke(main.app, line, env={"COLUMNS": "300", **(environ or {})})
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def json(self, *arguments: str) -> Any:
        """What it prints as JSON."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0
        return json.loads(result.stdout)


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    return asyncio.run(_played(tmp_path_factory.mktemp("past")))


@pytest.fixture
def fork(past: Past, tmp_path: Path) -> Past:
    """A copy of that state, for what changes it."""
    shutil.copytree(past.config.parent / "state", tmp_path / "state")
    return replace(past, config=processes.write_config(tmp_path))


async def _played(folder: Path) -> Past:
    clock = SystemClock()
    gateway = Gateway(folder / "gateway.db", clock, token=agents.TOKEN)
    store = Store(
        clock, consumer_key=agents.KEY, consumer_secret=agents.SECRET, rng=random.Random(1)
    )
    store.site.misbehave(Fault.SERVER_ERROR, under="/system_status")  # it tells nothing of itself
    async with gateway.serving(), store.serving():
        config = processes.write_config(
            folder,
            store={"url": store.url, "connect_to": f"127.0.0.1:{store.site.port}"},
            gateway={"url": gateway.url, "poll_every": "50ms"},
            updates={"wait": "0s"},
            admin={"listen": f"127.0.0.1:{agents.closed_port()}"},
        )
        async with agents.running(loading.load(config=config, environ={}).settings) as agent:
            await agents.begun(agent, gateway)
            subjects = _orders(store, gateway, agents.url(agent))
            await store.delivered()
            await gateway.until(lambda: subjects[0] in gateway.subjects(agents.STORE))
            gateway.publish(agents.STORE, *_updates())
            await gateway.until(lambda: len(gateway.results(agents.STORE)) == 5)
    return Past(config, *subjects)


def _orders(store: Store, gateway: Gateway, webhooks_url: str) -> list[str]:
    """Subjects of an order to be accepted, one to be rejected, one to be deferred."""
    for topic in ("order.created", "order.updated"):
        store.add_webhook(topic, webhooks_url, recordings.SECRET)
    store.add_product("MUG-1", stock=40)
    billing = {"first_name": "Zoë", "last_name": "Buyer", "email": EMAIL, "country": "DE"}
    orders = [store.place_order([("MUG-1", 1)], billing=billing) for _ in range(3)]
    accepted, dead, deferred = [f"order/{number}" for number in orders]
    gateway.faults.reject(dead, code="unknown_currency", message="EUR is not sold here")
    gateway.faults.defer(deferred)
    return [accepted, dead, deferred]


def _updates() -> list[dict[str, Any]]:
    stock = {"kind": "stock", "sku": "MUG-1"}
    price = {"kind": "price", "sku": "MUG-1"}
    return [
        price | {"id": "u-held", "version": 2, "sale_price": "0"},
        stock | {"id": "u-applied", "version": 1, "quantity": 12},
        stock | {"id": "u-unknown", "version": 1, "quantity": 1, "sku": "NO-SUCH"},
        stock | {"id": "u-bad", "version": 2, "quantity": "12"},
        price | {"id": "u-price", "version": 1, "regular_price": "9.90"},
    ]
