"""The receiver of the contract's README as a program that is killed, behind a line on which its
answers come late or not at all."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

from agent.demo.site import Site, cut
from tests import agents
from tests.gateway.contract import readme
from tests.gateway.contract.receiver import Receiver

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

LATEST_S = 10.0
_LATE_IN_THE_END_S = 1.5
_PROMPT, _LATE, _LOST = "prompt", "late", "lost"
_FATES = (_PROMPT, _LATE, _LATE, _LATE, _LOST)
_LIFE_S = (2.0, 6.0)
_FILE = "gateway.db"
_PROGRAM = f"""
import os, sqlite3, sys
from aiohttp import web
from receiver import application
db = sqlite3.connect("{_FILE}", isolation_level=None)
web.run_app(application(db, os.environ["TOKEN"]), host="127.0.0.1", port=int(sys.argv[1]))
"""


class LateGateway:
    """``committed`` is called between the commit of a batch and its answer.

    ``lost`` counts answers that never left, ``late`` those that left late, ``kills`` the ends of
    the receiver.
    """

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.committed: Callable[[], None] = lambda: None
        self.lost = self.late = self.kills = 0
        self.site = Site([web.route("*", "/{path:.*}", self._pass_on)])
        self._folder = folder
        self._receiver = Receiver(folder / _FILE)
        self._rng = rng
        self._fates = _fates(rng)
        self._port = agents.closed_port()
        self._steady = asyncio.Event()
        self._session: aiohttp.ClientSession

    @property
    def url(self) -> str:
        """The base a client is configured with, without a slash at the end."""
        return self.site.url

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[LateGateway]:
        """Listens from entry to exit; the receiver behind it is killed now and then."""
        (self._folder / "receiver.py").write_text(readme.code("receiver"), encoding="utf-8")
        process = await self._started()
        running = asyncio.create_task(self._live(process))
        try:
            async with aiohttp.ClientSession() as self._session, self.site.serving():
                yield self
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    def settle(self) -> None:
        """From now on nothing is lost or killed, and answers are less late."""
        self._steady.set()

    def events(self, store: str, after: int = 0) -> list[dict[str, Any]]:
        """Above position ``after``, in order: each with ``position`` and ``accepted_at``."""
        found = self._receiver.select(
            "SELECT position, at, event FROM events WHERE store = ? AND position > ?"
            " ORDER BY position",
            store,
            after,
        )
        return [
            json.loads(event) | {"position": position, "accepted_at": at}
            for position, at, event in found
        ]

    def publish(self, store: str, *updates: dict[str, Any]) -> None:
        """Appends to the feed, in one transaction."""
        assert store == agents.STORE
        self._receiver.publish(*updates)

    async def _live(self, process: asyncio.subprocess.Process) -> None:
        try:
            while True:
                await self._until_steady(self._rng.uniform(*_LIFE_S))
                if self._steady.is_set():
                    await asyncio.Event().wait()
                process.kill()
                await process.wait()
                self.kills += 1
                process = await self._started()
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _started(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _PROGRAM, str(self._port)),
            cwd=self._folder,
            env=os.environ | {"TOKEN": agents.TOKEN, "PYTHONUNBUFFERED": "1"},
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        async for line in process.stdout:
            if b"Running on" in line:
                break
        return process

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        try:
            async with self._session.request(
                request.method,
                f"http://127.0.0.1:{self._port}{request.rel_url}",
                headers=request.headers,
                data=await request.read(),
            ) as answer:
                body, status, kind = await answer.read(), answer.status, answer.content_type
        except aiohttp.ClientError:  # it was killed
            return cut(request)
        if request.path.endswith("/events"):
            self.committed()
            if not await self._is_answered():
                return cut(request)
        return web.Response(body=body, status=status, content_type=kind)

    async def _until_steady(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._steady.wait()

    async def _is_answered(self) -> bool:
        fate = next(self._fates)
        if fate != _PROMPT:
            await self._until_steady(self._rng.uniform(0, LATEST_S))
            if self._steady.is_set():
                await asyncio.sleep(self._rng.uniform(0, _LATE_IN_THE_END_S))
        if fate == _LOST and not self._steady.is_set():
            self.lost += 1
            return False
        self.late += fate == _LATE
        return True


def _fates(rng: random.Random) -> Iterator[str]:
    """Each as often as it stands there, in any order."""
    while True:
        yield from rng.sample(_FATES, len(_FATES))
