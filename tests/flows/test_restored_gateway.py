"""The gateway is restored from a backup: what it lost comes again by itself, under the same ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp

from agent.clock import SystemClock
from agent.demo.gateway import Gateway
from tests import agents, recordings

if TYPE_CHECKING:
    from pathlib import Path


async def test_what_a_restored_gateway_lost_is_sent_again(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path / "gateway.db", SystemClock(), token=agents.TOKEN)
    settings_of = {"updates": {"wait": "0s"}}
    async with gateway.serving():
        settings = agents.configured(
            tmp_path / "state", gateway={"url": gateway.url}, **settings_of
        )
        async with agents.running(settings) as agent, aiohttp.ClientSession() as session:
            for number in (14, 18, 25, 26):
                await agents.post(session, agents.url(agent), recordings.webhook(number))
            await gateway.until(lambda: gateway.head_position(agents.STORE) == 4)
            before = {event["id"]: event for event in gateway.events(agents.STORE)}
            gateway.rewind(agents.STORE, 1)
            assert gateway.head_position(agents.STORE) == 1
            await gateway.until(lambda: gateway.head_position(agents.STORE) == 4)
            after = {event["id"]: event for event in gateway.events(agents.STORE)}
            assert after.keys() == before.keys()
            for event_id, event in after.items():
                assert event["sequence"] == before[event_id]["sequence"]
                assert "replay" not in event
