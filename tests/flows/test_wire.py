"""A gateway that wants everything: our certificate, its own authority, and signed bodies."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web
from standardwebhooks import Webhook

from tests import agents, recordings
from tests.gateway import certificates

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


async def test_an_order_goes_out_signed_over_mutual_tls(tmp_path: Path) -> None:
    taken: list[dict[str, Any]] = []
    came = asyncio.Event()

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        Webhook(SECRET).verify(body, dict(request.headers))
        taken.extend(json.loads(body))
        came.set()
        results = [{"id": event["id"], "status": "accepted"} for event in json.loads(body)]
        return web.json_response({"results": results})

    app = web.Application()
    app.add_routes([web.post("/v1/stores/{store}/events", take)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    made = certificates.made(tmp_path)
    await runner.setup()
    try:
        tls = made.for_server(client_needed=True)
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        settings = agents.configured(
            tmp_path / "state",
            gateway={
                "url": f"https://127.0.0.1:{runner.addresses[0][1]}",
                "ca_file": str(made.ca),
                "client_cert": str(made.client),
                "client_key": str(made.client_key),
                "signing_secret": SECRET,
            },
        )
        async with agents.running(settings) as agent, aiohttp.ClientSession() as session:
            await agents.post(session, agents.url(agent), recordings.webhook(14))
            await came.wait()
            [event] = taken
            assert event["subject"] == "order/1022"
    finally:
        await runner.cleanup()
