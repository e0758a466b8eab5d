"""Our client, set up for some gateway."""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from agent.gateway import client
from agent.settings import GatewaySettings
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TOKEN = "gateway-token"


@asynccontextmanager
async def calling(url: str, **more: Any) -> AsyncIterator[client.Client]:
    """A client for the gateway at ``url``; ``more`` are settings, or a ``clock``."""
    clock = more.pop("clock", None) or FakeClock()
    settings = GatewaySettings.model_validate({"url": url, "token": TOKEN, "timeout": "2s"} | more)
    async with client.opened(
        settings,
        store_id="brand-de",
        instance="i-1",
        clock=clock,
        rng=random.Random(1),
    ) as calls:
        yield calls
