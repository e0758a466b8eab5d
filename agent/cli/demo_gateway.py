"""Somebody's own gateway in the demo: is it there, is it done, what did it accept?"""

from __future__ import annotations

import asyncio
import random
import uuid
from typing import TYPE_CHECKING, Any

from agent import errors
from agent.gateway import client
from agent.storage import accepted as taken
from agent.storage import database

if TYPE_CHECKING:
    from pathlib import Path

    from agent.clock import Clock
    from agent.daemon import Daemon
    from agent.demo.store import Store
    from agent.settings import GatewaySettings

STALLED_S = 60.0
REFUSED_S = 2.0
_LOOK_S = 0.05
_HINT = "woo-agent contract check {url} --token TOKEN"


async def knock(settings: GatewaySettings, store_id: str, clock: Clock) -> None:
    """Raises UnreachableError where nothing answers, UsageError where the token is refused."""
    async with client.opened(
        settings, store_id=store_id, instance=str(uuid.uuid4()), clock=clock, rng=random.Random()
    ) as gateway:
        answer = await gateway.get_store()
    hint = _HINT.format(url=settings.url)
    if answer.status is None:
        reason = answer.excerpt or answer.failure
        raise errors.UnreachableError(f"{settings.url} does not answer: {reason}", hint=hint)
    if answer.status in (401, 403):
        raise errors.UsageError(
            f"{settings.url} refuses this token for store {store_id} ({answer.status})", hint=hint
        )


async def settled(agent: Daemon, store: Store, clock: Clock) -> dict[str, Any]:
    """Waits until all that the store said is settled, or nothing moves any more: for a minute, or
    shorter where the gateway refuses what it gets. The counts of the outbox then."""
    since, before = clock.monotonic(), -1
    while True:
        await store.delivered()
        outbox = await agent.outbox()
        if not outbox["pending"]:
            return outbox
        if outbox["pending"] != before:
            since, before = clock.monotonic(), outbox["pending"]
        stalled_s = clock.monotonic() - since
        if stalled_s > STALLED_S or (stalled_s > REFUSED_S and await _refuses(agent)):
            return outbox
        await asyncio.sleep(_LOOK_S)


async def _refuses(agent: Daemon) -> bool:
    [connection] = (await agent.health())["checks"]["gateway:connection"]
    return bool(connection["status"] == "fail")


async def accepted(state: Path) -> tuple[frozenset[str], int]:
    """The subjects of which everything was accepted; how many events were out of order."""
    async with database.connected(state / database.FILE, readonly=True) as db:
        return await taken.subjects(db), await taken.out_of_order(db)
