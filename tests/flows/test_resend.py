"""The gateway asks for events again: they come marked, and it is told how many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp

from agent.clock import SystemClock
from agent.demo.gateway import Gateway
from tests import agents, recordings

if TYPE_CHECKING:
    from pathlib import Path


async def test_what_the_gateway_asks_for_comes_again_marked_and_once(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path / "gateway.db", SystemClock(), token=agents.TOKEN)

    def results() -> list[tuple[str, str, str]]:
        said = gateway.results(agents.STORE)
        return [(result["id"], result["status"], result["message"]) for result in said]

    async with gateway.serving(), aiohttp.ClientSession() as session:
        settings = agents.configured(tmp_path / "state", gateway={"url": gateway.url})
        async with agents.running(settings) as agent:
            for number in (14, 18, 25):
                await agents.post(session, agents.url(agent), recordings.webhook(number))
            await gateway.until(lambda: gateway.head_position(agents.STORE) == 3)
            gateway.publish(
                agents.STORE,
                {"id": "r-1", "kind": "resend", "subject": "order/1022"},
                {"id": "r-2", "kind": "resend"},
            )
            await gateway.until(
                lambda: gateway.head_position(agents.STORE) == 4 and len(results()) == 2
            )
        gateway.forget_cursors(agents.STORE)  # its feed is read from the start
        gateway.publish(agents.STORE, {"id": "r-3", "kind": "resend", "since_position": 99})
        async with agents.running(settings):
            await gateway.until(lambda: len(results()) == 3)
        *_, newest, again = gateway.events(agents.STORE)
        assert newest["subject"] == "order/1022"
        assert again["replay"] is True
        assert again["id"] == newest["id"]
        assert gateway.head_position(agents.STORE) == 4
        assert sorted(results()) == [
            ("r-1", "applied", "1 to be sent again, 1 superseded"),
            ("r-2", "rejected", "Value error, names one of since_position, subject and type"),
            ("r-3", "applied", "0 to be sent again, 0 superseded"),
        ]
