"""A daemon in the test's own process, set up against stand-ins: the same door as production."""

from __future__ import annotations

import itertools
import random
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from agent import daemon
from agent.clock import SystemClock
from agent.ops.systemd import Notifier
from agent.settings import Settings
from agent.storage import baseline
from tests import recordings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import aiohttp

    from agent.clock import Clock
    from agent.demo.gateway import Gateway

STORE = "brand-de"
TOKEN = "gateway-token"
KEY, SECRET = "ck_a1a1", "cs_b2b2"
_SEEDS = itertools.count(1)


def configured(state: Path, **sections: dict[str, Any]) -> Settings:
    """Settings on free ports; ``sections`` add to, or replace, what stands here."""
    given: dict[str, dict[str, Any]] = {
        "store": {
            "id": STORE,
            "url": recordings.SOURCE.rstrip("/"),
            "consumer_key": KEY,
            "consumer_secret": SECRET,
            "connect_to": f"127.0.0.1:{closed_port()}",
            "timeout": "2s",
        },
        "webhooks": {"listen": "127.0.0.1:0", "secret": recordings.SECRET},
        "gateway": {
            "url": f"http://127.0.0.1:{closed_port()}",
            "token": TOKEN,
            "timeout": "2s",
            "poll_every": "50ms",
        },
        "state": {"dir": str(state), "min_free": 0},
        "updates": {"wait": "0s"},
        "admin": {"listen": "127.0.0.1:0"},
    }
    for name, section in sections.items():
        given[name] = given.get(name, {}) | section
    return Settings.model_validate({"stop_grace": "5s", **given})


def closed_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def running(
    settings: Settings, *, clock: Clock | None = None
) -> AsyncIterator[daemon.Daemon]:
    """A daemon at work from entry to exit. Each draws numbers of its own: a store takes no nonce of
    the one before it again."""
    rng = random.Random(next(_SEEDS))
    around = daemon.Surroundings(clock or SystemClock(), rng, Notifier({}))
    async with daemon.running(settings, around) as agent:
        yield agent


async def begun(agent: daemon.Daemon, gateway: Gateway) -> None:
    """Waits until the store's orders are known; looks whenever the agent polls."""
    while not await agent._db.read(baseline.is_done):
        before = gateway.site.requests
        await gateway.until(lambda before=before: gateway.site.requests > before)  # type: ignore[misc]


def url(agent: daemon.Daemon) -> str:
    """Where that daemon takes webhooks."""
    return f"http://{agent.webhooks}/webhooks"


async def post(session: aiohttp.ClientSession, to: str, webhook: recordings.Webhook) -> int:
    """Delivers a recorded webhook as it was; the status of the answer."""
    async with session.post(to, data=webhook.body, headers=dict(webhook.headers)) as response:
        await response.read()
        return response.status
