"""The receiver in the contract's README, as a reader copies it: at work, and the file it keeps."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

from tests import agents
from tests.gateway.contract import readme

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from agent.demo.site import Handler

_WITHIN_S = 8.0


def _program(part: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "receiver"}
    exec(compile(readme.code(part), f"README.md: {part}", "exec"), names)
    return names


class Receiver:
    """It at work, and the file it keeps."""

    def __init__(self, path: Path) -> None:
        self.url = ""
        self.answered = asyncio.Event()
        self._path = path

    def select(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """What lies in its tables."""
        with closing(sqlite3.connect(self._path)) as db:
            return db.execute(sql, values).fetchall()

    def event(self, subject: str) -> dict[str, Any]:
        """The newest of a subject."""
        [(text,)] = self.select("SELECT event FROM subjects WHERE subject = ?", subject)
        event: dict[str, Any] = json.loads(text)
        return event

    def publish(self, *items: dict[str, Any]) -> None:
        """Appends to its feed, as the ERP behind it would."""
        with closing(sqlite3.connect(self._path)) as db, db:
            db.executemany(
                "INSERT INTO feed (store, item) VALUES (?, ?)",
                [(agents.STORE, json.dumps(item)) for item in items],
            )

    async def until(self, holds: Callable[[], object]) -> None:
        """Waits until that holds; looked at whenever something was asked."""
        async with asyncio.timeout(_WITHIN_S):
            while not holds():
                self.answered.clear()
                await self.answered.wait()

    async def ask(
        self, method: str, path: str, body: Any = None, token: str = agents.TOKEN
    ) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self.url}/v1/stores/{agents.STORE}{path}"
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, url, json=body, headers=headers) as response,
        ):
            return response.status, await response.json()


@asynccontextmanager
async def serving(path: Path) -> AsyncIterator[Receiver]:
    receiver = Receiver(path)

    @web.middleware
    async def noticed(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        finally:
            receiver.answered.set()

    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        application = _program("receiver")["application"](db, agents.TOKEN)
        application.middlewares.append(noticed)
        runner = web.AppRunner(application)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield receiver
        finally:
            await runner.cleanup()
