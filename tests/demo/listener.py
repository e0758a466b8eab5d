"""A webhook endpoint that keeps what it got and answers as told."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from agent.demo.site import Site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping


@dataclass(frozen=True)
class Delivered:
    headers: Mapping[str, str]
    raw: bytes

    @property
    def topic(self) -> str:
        return self.headers.get("X-WC-Webhook-Topic", "ping")

    def json(self) -> Any:
        return json.loads(self.raw)


@dataclass
class Listener:
    """``status`` is what it answers from now on."""

    status: int = 200
    got: list[Delivered] = field(default_factory=list)
    url: str = ""

    @property
    def topics(self) -> list[str]:
        return [delivery.topic for delivery in self.got]

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Listener]:
        site = Site([web.post("/hook", self._take)])
        async with site.serving():
            self.url = f"{site.url}/hook"
            yield self

    async def _take(self, request: web.Request) -> web.Response:
        self.got.append(Delivered(request.headers.copy(), await request.read()))
        location = {"Location": "/elsewhere"} if 300 <= self.status < 400 else {}
        return web.Response(status=self.status, headers=location)
