"""The agent's side of the talk: clients, events that are new each time, and what was heard."""

from __future__ import annotations

import json
import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
from pydantic import SecretStr

from agent import clock as time
from agent.gateway.client import Client
from agent.gateway.conformance import sample
from agent.model import envelope
from agent.model.delivery import Event

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator

    from agent.clock import Clock
    from agent.model.delivery import Answer
    from agent.settings import GatewaySettings

_FIRST_ORDER = 900_000_001


class Heard(NamedTuple):
    """The head of an answer."""

    path: str
    status: int
    content_type: str


class _Nameless(Client):
    """One that brings no token."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self._headers["Authorization"]


class Session:
    """``agent`` is the one who speaks; ``stranger`` has a wrong token, ``nameless`` none, and
    ``newcomer`` is another instance of the same store."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        settings: GatewaySettings,
        heard: list[Heard],
        *,
        store_id: str,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        def client(kind: type[Client], of: GatewaySettings, instance: str) -> Client:
            return kind(http, of, store_id=store_id, instance=instance, clock=clock, rng=rng)

        first, second = (str(uuid.UUID(int=rng.getrandbits(128), version=4)) for _ in range(2))
        wrong = settings.model_copy(update={"token": SecretStr(f"wrong-{first}")})
        self.agent = client(Client, settings, first)
        self.newcomer = client(Client, settings, second)
        self.stranger = client(Client, wrong, first)
        self.nameless = client(_Nameless, settings, first)
        self.store_id = store_id
        self.clock = clock
        self.heard = heard
        self.last_sequence = 0
        self._rng = rng
        self._orders = 0

    def event(self, what: str = "snapshot", *, order: int | None = None) -> dict[str, Any]:
        """An event that was never sent, about a new order unless one is named; with the next
        ``sequence``."""
        now = self.clock.now()
        self.last_sequence = max(self.last_sequence + 1, time.micros(now))
        if order is None:
            order = _FIRST_ORDER + self._orders
            self._orders += 1
        made = Event(
            sequence=self.last_sequence,
            id=envelope.event_id(now, self._rng.getrandbits(74)),
            type=f"retail.order.{what}.v1",
            subject=f"order/{order}",
            lane=f"order/{order}",
            topic="",
            received_at=now,
            changed_at=now,
            attempts=0,
            replay=False,
            body=b"",
        )
        data = sample.order(order, time.iso(now)) if what == "snapshot" else {"id": order}
        return envelope.make(made, store_id=self.store_id) | {"data": data}

    async def send(self, *events: dict[str, Any]) -> Answer:
        """Those events as one batch."""
        return await self.agent.post_events(encoded(*events))


def encoded(*events: dict[str, Any]) -> bytes:
    """The body of a batch."""
    return json.dumps(events, separators=(",", ":")).encode()


@asynccontextmanager
async def opened(
    settings: GatewaySettings, *, store_id: str, clock: Clock, rng: random.Random
) -> AsyncIterator[Session]:
    """A session with connections of its own."""
    heard: list[Heard] = []

    async def hear(_: Any, __: Any, ended: aiohttp.TraceRequestEndParams) -> None:
        response = ended.response
        heard.append(Heard(ended.url.path, response.status, response.content_type))

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(hear)
    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[trace]
    ) as http:
        yield Session(http, settings, heard, store_id=store_id, clock=clock, rng=rng)
