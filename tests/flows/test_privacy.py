"""Private fields do not leave, kept translations and exports among them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp

from agent.settings import loading
from tests import agents, processes, recordings
from tests.flows.shop import signed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flows.shop import Ends

PHONE, EMAIL = "+49 40 555 0123", "private.person@example.com"


def _order() -> recordings.Webhook:
    body: dict[str, Any] = recordings.webhook(14).json()
    for address in ("billing", "shipping"):
        body[address] = body[address] | {"phone": PHONE}
    body["billing"]["email"] = EMAIL
    return signed("order.updated", body)


def _config(ends: Ends, **privacy: list[str]) -> Path:
    return processes.write_config(
        ends.folder,
        store={"url": recordings.SOURCE, "connect_to": f"127.0.0.1:{ends.store.site.port}"},
        gateway={"url": ends.gateway.url, "poll_every": "50ms"},
        updates={"wait": "0s"},
        privacy=privacy,
    )


async def _sent(ends: Ends, config: Path) -> dict[str, Any]:
    hook = _order()
    headers = {**hook.headers, "X-WC-Webhook-Source": recordings.SOURCE}
    async with (
        agents.running(loading.load(config=config, environ={}).settings) as agent,
        aiohttp.ClientSession() as session,
    ):
        hook = recordings.Webhook(hook.name, headers, hook.body)
        assert await agents.post(session, agents.url(agent), hook) == 200
        await ends.gateway.until(lambda: ends.gateway.head_position(agents.STORE) == 1)
    [event] = ends.gateway.events(agents.STORE)
    return event


async def test_what_is_omitted_or_hashed_never_reaches_the_gateway(ends: Ends) -> None:
    config = _config(ends, omit=["phone"], hash=["customer.email"])
    event = await _sent(ends, config)
    said = json.dumps(event)
    assert PHONE not in said
    assert EMAIL not in said
    assert "phone" not in event["data"]["billing_address"]
    assert len(event["data"]["customer"]["email"]) == 32
    exported = await processes.run("outbox", "export", "--config", str(config))
    [line] = exported.stdout.splitlines()
    assert json.loads(line)["data"] == event["data"]
    shown = await processes.run(
        *("outbox", "show", event["id"], "--json", "--reveal", "--config", str(config))
    )
    assert json.loads(shown.stdout)["envelope"]["data"] == event["data"]


async def test_without_a_word_about_privacy_all_of_it_is_sent(ends: Ends) -> None:
    event = await _sent(ends, _config(ends))
    assert event["data"]["billing_address"]["phone"] == PHONE
    assert event["data"]["customer"]["email"] == EMAIL
