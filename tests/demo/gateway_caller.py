"""A client of the gateway stand-in that knows nothing of the agent's own."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from agent.demo.gateway import Gateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from tests.clock import FakeClock

TOKEN = "t0ken"
BATCH = "application/cloudevents-batch+json"


def event_id(number: int) -> str:
    return f"{number:08x}-0000-7000-8000-000000000000"


def event(number: int, *, sequence: int | None = None, **attributes: Any) -> dict[str, Any]:
    """A sound event of store ``shop``, about order ``number``."""
    return {
        "specversion": "1.0",
        "id": event_id(number),
        "source": "urn:woo-agent:store:shop",
        "type": "retail.order.snapshot.v1",
        "subject": f"order/{number}",
        "time": "2026-11-23T20:22:51Z",
        "datacontenttype": "application/json",
        "dataschema": "urn:woo-agent:schema:retail.order.snapshot.v1",
        "sequence": f"{number if sequence is None else sequence:019d}",
        "recordedtime": "2026-11-23T20:22:52.123456Z",
        "correlationid": f"order/{number}",
        "traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
        "data": {"id": number},
    } | attributes


@dataclass(frozen=True)
class Answer:
    status: int
    content_type: str
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def results(self) -> list[tuple[str, int | None]]:
        """Status and position of every result."""
        return [(each["status"], each.get("position")) for each in self.json["results"]]


class Caller:
    """Speaks for store ``shop``."""

    def __init__(self, gateway: Gateway, session: aiohttp.ClientSession) -> None:
        self.gateway = gateway
        self._session = session

    async def ask(
        self,
        method: str,
        path: str = "",
        body: bytes | None = None,
        *,
        store: str = "shop",
        **headers: str,
    ) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"{self.gateway.url}/v1/stores/{store}{path}"
        sent = {"Authorization": f"Bearer {TOKEN}"} | named
        async with self._session.request(
            method, url, data=body, headers=sent, allow_redirects=False
        ) as response:
            text = await response.text()
            return Answer(response.status, response.content_type, response.headers, text)

    async def post(self, *events: Any, **headers: str) -> Answer:
        """Sends a batch of events."""
        body = json.dumps(events).encode()
        return await self.ask("POST", "/events", body, **{"Content_Type": BATCH} | headers)

    async def poll(self, **query: str | int) -> Answer:
        """Asks for updates."""
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        return await self.ask("GET", f"/updates?{asked}")

    async def report(self, *results: Any) -> Answer:
        """Sends results."""
        return await self.ask("POST", "/updates/results", json.dumps({"results": results}).encode())


@asynccontextmanager
async def calling(path: Path, clock: FakeClock, **options: Any) -> AsyncIterator[Caller]:
    """A gateway on the file ``path``, served, and a client of it."""
    gateway = Gateway(path, clock, token=TOKEN, **options)
    async with gateway.serving(), aiohttp.ClientSession() as session:
        yield Caller(gateway, session)
