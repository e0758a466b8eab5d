"""Stores to talk to: the stand-in, the stand-in behind TLS, and one that says what it is told."""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiohttp import web

from agent.demo.site import Site
from agent.demo.store import Store
from agent.settings import StoreSettings
from agent.woo import client
from tests.clock import FakeClock

if TYPE_CHECKING:
    import asyncio
    import ssl
    from collections.abc import AsyncIterator, Callable, Iterable

    from agent.clock import Clock

KEY, SECRET = "ck_" + "a1" * 20, "cs_" + "b2" * 20


class HurriedClock(FakeClock):
    """Nobody waits: whoever sleeps finds that the time has passed."""

    async def sleep(self, seconds: float, *, or_when: Iterable[asyncio.Event] = ()) -> None:
        self.slept.append(seconds)
        self.advance(seconds)


def stand_in(clock: Clock, **options: Any) -> Store:
    """A store that knows our key."""
    return Store(clock, consumer_key=KEY, consumer_secret=SECRET, rng=random.Random(1), **options)


def configured(url: str, **more: Any) -> StoreSettings:
    """Settings for a store at ``url``."""
    key = {"consumer_key": KEY, "consumer_secret": SECRET}
    return StoreSettings.model_validate({"id": "shop", "url": url, "timeout": "2s", **key, **more})


@asynccontextmanager
async def calling(
    url: str, *, clock: Clock | None = None, **more: Any
) -> AsyncIterator[client.Client]:
    """Our client, set up for the store at ``url``."""
    settings = configured(url, **more)
    clock = clock or HurriedClock()
    async with client.opened(settings, clock=clock, rng=random.Random(2)) as calls:
        yield calls


class Front:
    """A web server before the stand-in: TLS, and what hosts do to the Authorization header.

    ``ways`` are the ways of authentication that were tried, in order.
    """

    def __init__(self, store: Store, *, strips_authorization: bool = False) -> None:
        self._store = store
        self._strips = strips_authorization
        self.ways: list[str] = []
        self.port = 0

    @asynccontextmanager
    async def serving(self, tls: ssl.SSLContext) -> AsyncIterator[Front]:
        app = web.Application()
        app.add_routes([web.route("*", "/{path:.*}", self._handle)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
            await site.start()
            self.port = runner.addresses[0][1]
            yield self
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        names = [("Authorization" in request.headers, "basic")]
        names += [(name in request.query, way) for name, way in _BY_PARAMETER.items()]
        self.ways += [way for sent, way in names if sent]
        headers = request.headers.copy()
        if self._strips:
            headers.popall("Authorization", None)
        # Whether PHP sees TLS is for the stand-in to say.
        return await self._store._rest.handle(request.clone(headers=headers, scheme="http"))


_BY_PARAMETER = {"consumer_secret": "query", "oauth_signature": "oauth1"}


class Scripted:
    """Answers what ``answer`` makes of a request, and keeps the requests."""

    def __init__(self, answer: Callable[[web.Request], web.Response]) -> None:
        self._answer = answer
        self.asked: list[web.Request] = []
        self.site = Site([web.route("*", "/{path:.*}", self._handle)])

    async def _handle(self, request: web.Request) -> web.Response:
        await request.read()
        self.asked.append(request)
        return self._answer(request)


@asynccontextmanager
async def scripted(answer: Callable[[web.Request], web.Response]) -> AsyncIterator[Scripted]:
    """A store that answers so."""
    store = Scripted(answer)
    async with store.site.serving():
        yield store
