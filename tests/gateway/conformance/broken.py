"""Our stand-in, with one thing wrong in it."""

from __future__ import annotations

import json
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiohttp import web

from agent.demo.gateway import Gateway
from agent.demo.site import Handler, Site
from agent.gateway.conformance import run, session
from agent.settings import GatewaySettings
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
    from pathlib import Path

    from agent.gateway.conformance.verdict import Finding

    Fault = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]
    Change = Callable[[web.Request, Any, Any], object]

TOKEN, STORE = "t0ken", "conformance-1"
MAX_BATCH_BYTES = 64 * 1024
UPDATES = [
    {"id": f"u-{n}", "kind": "stock", "sku": f"MUG-{n}", "version": 1, "quantity": n}
    for n in range(3)
]


class HastyClock(FakeClock):
    """Nobody sleeps on it: time has passed at once."""

    async def sleep(self, seconds: float, *, or_when: Iterable[Any] = ()) -> None:
        self.advance(seconds)


@asynccontextmanager
async def serving(
    path: Path, fault: Fault | None = None, updates: Iterable[dict[str, Any]] = UPDATES
) -> AsyncIterator[Gateway]:
    """The stand-in on the file ``path``; every request meets ``fault``."""
    gateway = Gateway(path, HastyClock(), token=TOKEN, max_batch_bytes=MAX_BATCH_BYTES)
    gateway.publish(STORE, *updates)
    if fault is not None:
        routes = gateway._endpoints.routes()
        gateway.site = Site([web.route(r.method, r.path, _met(fault, r.handler)) for r in routes])
    async with gateway.serving():
        yield gateway


@asynccontextmanager
async def opened(gateway: Gateway, token: str = TOKEN) -> AsyncIterator[session.Session]:
    """The kit's talk with it."""
    settings = GatewaySettings.model_validate({"url": gateway.url, "token": token})
    clock = gateway._endpoints._clock
    rng = random.Random(len(gateway.events(STORE)))
    async with session.opened(settings, store_id=STORE, clock=clock, rng=rng) as talk:
        yield talk


async def checked(gateway: Gateway, *, token: str = TOKEN) -> list[Finding]:
    """What the kit finds."""
    async with opened(gateway, token) as talk:
        return await run.run(talk)


def _met(fault: Fault, handler: Any) -> Handler:
    async def meet(request: web.Request) -> web.StreamResponse:
        return await fault(request, handler)

    return meet


def edited(under: str, change: Change) -> Fault:
    """200s to paths that end so are changed: ``change(request, what was sent, the answer)``."""

    async def edit(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if response.status != 200 or not request.path.endswith(under):
            return response
        assert isinstance(response, web.Response)
        assert isinstance(response.body, bytes)
        document = json.loads(response.body)
        change(request, json.loads(await request.read() or b"null"), document)
        return web.json_response(document)

    return edit


def results(change: Callable[[dict[str, Any], dict[str, Any]], object]) -> Fault:
    """Results of events are changed: ``change(event, result)``."""

    def each(_: web.Request, events: Any, answer: Any) -> None:
        for event, result in zip(events, answer["results"], strict=True):
            change(event, result)

    return edited("/events", each)


def instead(
    status: int, when: Callable[[web.Request, bytes], bool], *, under: str = "", text: str = ""
) -> Fault:
    """Requests with the token that are meant get that status; without a ``text`` it comes with the
    JSON error."""

    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        is_ours = request.headers.get("Authorization") == f"Bearer {TOKEN}"
        is_there = is_ours and request.path.endswith(under)
        if not (is_there and when(request, await request.read())):
            return await handler(request)
        if text:
            return web.Response(status=status, text=text)
        return web.json_response({"title": "no", "code": "no"}, status=status)

    return answer
