"""Standard Webhooks signatures, checked with the library that a gateway would use."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from agent.clock import SystemClock
from agent.demo.site import Site
from agent.gateway import signing
from tests.clock import FakeClock
from tests.gateway import callers

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


async def requested(**more: str) -> list[tuple[str, Mapping[str, str], bytes]]:
    """Path, headers and body of each kind of request."""
    got: list[tuple[str, Mapping[str, str], bytes]] = []

    async def handle(request: web.Request) -> web.Response:
        got.append((request.path, request.headers, await request.read()))
        return web.json_response({})

    site = Site([web.route("*", "/{path:.*}", handle)])
    async with (
        site.serving(),
        callers.calling(site.url, clock=SystemClock(), **more) as calls,
    ):
        await calls.get_store()
        await calls.get_updates(None, limit=1, wait_s=0)
        await calls.post_events(b'[{"id":"e-1"}]')
        await calls.post_results([{"id": "u-1", "message": "ü"}])
        await calls.put_heartbeat({"status": "pass"})
    return got


async def test_every_body_is_signed_and_the_library_verifies_it() -> None:
    got = await requested(signing_secret=SECRET)
    assert [path.rpartition("/")[2] for path, _, body in got if body] == [
        "events",
        "results",
        "heartbeat",
    ]
    for _, headers, body in got:
        assert ("webhook-signature" in headers) == bool(body)
        if not body:
            continue
        given = dict(headers)
        Webhook(SECRET).verify(body, given)
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(body + b" ", given)
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET.replace("A", "B")).verify(body, given)


async def test_nothing_is_signed_without_a_secret() -> None:
    for _, headers, _ in await requested():
        assert not [name for name in headers if name.lower().startswith("webhook-")]


def test_the_id_stands_for_the_body_and_the_signature_for_the_moment_too() -> None:
    key, clock = signing.key(SECRET), FakeClock()
    first = signing.headers(b"[1]", clock.now(), key)
    clock.advance(60)
    again = signing.headers(b"[1]", clock.now(), key)
    half = signing.headers(b"[]", clock.now(), key)
    assert first["webhook-id"] == again["webhook-id"] != half["webhook-id"]
    assert first["webhook-signature"] != again["webhook-signature"]
    assert int(again["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 60
