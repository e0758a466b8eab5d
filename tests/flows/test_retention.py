"""What is settled goes by itself, and the agent still knows what it knew."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import aiohttp

from agent.clock import SystemClock
from agent.demo.gateway import Gateway
from tests import agents, recordings

if TYPE_CHECKING:
    from pathlib import Path

    from agent.daemon import Daemon

ORDER = recordings.webhook(14)


async def until(agent: Daemon, gateway: Gateway, **counts: int) -> dict[str, Any]:
    """Looks whenever the agent polls."""
    while (found := await agent.outbox()) | counts != found:
        before = gateway.site.requests
        await gateway.until(lambda before=before: gateway.site.requests > before)  # type: ignore[misc]
    return found


async def test_settled_rows_go_after_their_time_and_content_stays_known(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path / "gateway.db", SystemClock(), token=agents.TOKEN)
    async with gateway.serving(), aiohttp.ClientSession() as session:
        kept = agents.configured(tmp_path / "state", gateway={"url": gateway.url})
        async with agents.running(kept) as agent:
            assert await agents.post(session, agents.url(agent), ORDER) == 200
            before = await until(agent, gateway, accepted=1)
        state = kept.state.model_copy(update={"retention": timedelta(milliseconds=1)})
        short = kept.model_copy(update={"state": state})
        async with agents.running(short) as agent:
            await until(agent, gateway, accepted=0)
        async with agents.running(kept) as agent:
            assert await agents.post(session, agents.url(agent), ORDER) == 200
            after = await until(agent, gateway, pending=0)
        assert (after["skipped"]["duplicate"], after["accepted"]) == (1, 0)
        assert after["last_sequence"] > before["last_sequence"]
        assert len(gateway.events(agents.STORE)) == 1
