"""Whatever a gateway says, the agent goes on: webhooks are answered, and nothing is sent twice."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

from agent.demo.site import Site
from tests import agents, recordings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from agent.daemon import Daemon


class Strange:
    """A gateway that accepts everything and says of its journal, and in its feed, what a test
    wants."""

    def __init__(self) -> None:
        self.site = Site([web.route("*", "/{path:.*}", self._answer)])
        self.journal: dict[str, Any] = {}
        self.page = '{"updates": [], "cursor": null}'
        self.accepted: list[str] = []
        self.results: list[dict[str, Any]] = []
        self.polls: list[str | None] = []

    async def polled(self) -> None:
        """Returns when the agent has read two pages that were begun after this call."""
        before = len(self.polls)
        await self.site.until(lambda: len(self.polls) > before + 2)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        match request.path.rpartition("/")[2]:
            case "events":
                ids = [event["id"] for event in await request.json()]
                self.accepted += ids
                told = [{"id": one, "status": "accepted"} for one in ids]
                return web.json_response({"results": told} | self.journal)
            case "updates":
                self.polls.append(request.query.get("after"))
                page = self.page.removesuffix("}") + "," + json.dumps(self.journal)[1:]
                return web.Response(
                    text=page if self.journal else self.page, content_type="application/json"
                )
            case "results":
                self.results += (await request.json())["results"]
        return web.json_response(self.journal)


@asynccontextmanager
async def running(folder: Path, gateway: Strange) -> AsyncIterator[Daemon]:
    """An agent beside that gateway; the store is away."""
    async with gateway.site.serving():
        settings = agents.configured(folder / "state", gateway={"url": gateway.site.url})
        async with agents.running(settings) as agent:
            yield agent


async def deliver(agent: Daemon, gateway: Strange, *numbers: int) -> None:
    """Recorded webhooks, each answered 200, until the gateway has their events."""
    before = len(gateway.accepted)
    async with aiohttp.ClientSession() as session:
        for number in numbers:
            hook = recordings.webhook(number)
            assert await agents.post(session, agents.url(agent), hook) == 200
    await gateway.site.until(lambda: len(gateway.accepted) >= before + len(numbers))


async def test_a_page_with_nan_is_not_taken_and_the_next_good_one_is(tmp_path: Path) -> None:
    gateway = Strange()
    gateway.page = '{"updates": [{"id": "u-1", "kind": "x", "note": NaN}], "cursor": "c-1"}'
    async with running(tmp_path, gateway) as agent:
        await deliver(agent, gateway, 14)
        await gateway.site.until(lambda: len(gateway.polls) == 2)
        [check] = (await agent.health())["checks"]["gateway:connection"]
        assert "broken_answer" in check["output"]
        assert set(gateway.polls) == {None}
        gateway.page = gateway.page.replace("NaN", "1")
        await gateway.site.until(lambda: bool(gateway.results))
        assert gateway.results[0]["id"] == "u-1"
        await gateway.site.until(lambda: gateway.polls[-1] == "c-1")


async def test_a_journal_named_with_two_blanks_is_one_journal(tmp_path: Path) -> None:
    gateway = Strange()
    gateway.journal = {"journal": "a  b", "head_position": 0}
    async with running(tmp_path, gateway) as agent:
        await deliver(agent, gateway, 14)
        await gateway.polled()
        await deliver(agent, gateway, 18, 25)
        await gateway.polled()
    assert len(gateway.accepted) == len(set(gateway.accepted)) == 3


async def test_a_head_position_beyond_all_numbers_does_not_end_the_agent(tmp_path: Path) -> None:
    gateway = Strange()
    gateway.journal = {"journal": "first", "head_position": 0}
    async with running(tmp_path, gateway) as agent:
        await deliver(agent, gateway, 14)
        await gateway.polled()
        gateway.journal = {"journal": "second", "head_position": 2**63}
        await gateway.site.until(lambda: len(gateway.accepted) == 2)  # none told: all is sent again
        assert len(set(gateway.accepted)) == 1
        await gateway.polled()
        await deliver(agent, gateway, 18)
