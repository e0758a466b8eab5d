"""A flood of product events, and one order behind it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import aiohttp
import pytest

from agent.clock import SystemClock
from agent.demo.gateway import Gateway
from agent.model.delivery import Webhook
from agent.storage import database
from tests import agents, recordings
from tests.storage import seeding

if TYPE_CHECKING:
    from pathlib import Path

PRODUCTS = 3000
SOON_S = 6  # a second or two, on a machine that has nothing else to do


def product(number: int) -> Webhook:
    body = recordings.webhook(32).json() | {"id": number}
    return Webhook(
        SystemClock().now(), "product.updated", recordings.SOURCE, "", "", json.dumps(body).encode()
    )


@pytest.mark.timeout(30)
async def test_an_order_waits_for_none_of_the_products_of_an_import(tmp_path: Path) -> None:
    """The gateway answers nothing at all meanwhile: what it has taken on of them is held."""
    gateway = Gateway(tmp_path / "gateway.db", SystemClock(), token=agents.TOKEN)
    async with database.opened(tmp_path / "state") as db:
        await seeding.append(db, *map(product, range(5000, 5000 + PRODUCTS)))
    async with gateway.serving(), aiohttp.ClientSession() as session:
        gateway.hold_answers()
        settings = agents.configured(
            tmp_path / "state", gateway={"url": gateway.url, "timeout": "20s"}
        )
        async with agents.running(settings) as agent:
            await gateway.until(lambda: len(gateway.batches(agents.STORE)) == 3)
            assert await agents.post(session, agents.url(agent), recordings.webhook(14)) == 200
            await gateway.until(lambda: len(gateway.batches(agents.STORE)) == 4, timeout=SOON_S)
            assert (await agent.outbox())["accepted"] == 0
            assert "order/1022" in gateway.subjects(agents.STORE)
            gateway.release_answers()
