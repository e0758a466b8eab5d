"""Our client, set up for some gateway."""

from __future__ import annotations

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
    """A client for the gateway at ``url``."""
    settings = GatewaySettings.model_validate({"url": url, "token": TOKEN, "timeout": "2s"} | more)
    clock = FakeClock()
    async with client.opened(settings, store_id="brand-de", instance="i-1", clock=clock) as calls:
        yield calls
