"""A real HTTP server that misbehaves on request: the ground both stand-ins are built on."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_GRACE_S = 0.01  # aiohttp takes 0 for "wait until every handler is done"


class Fault(StrEnum):
    """One way of answering badly. A refused connection is not among them: see ``Site.refuse``."""

    HANG = "hang"  # no answer until the client gives up
    SERVER_ERROR = "500"
    TOO_MANY_REQUESTS = "429"  # with Retry-After
    DROP = "drop"  # the work is done, then the connection is cut instead of answered
    BROKEN_JSON = "broken_json"  # the work is done, half of the answer arrives with status 200


@dataclass
class _Plan:
    fault: Fault
    times: int | None
    under: str
    retry_after_s: int


class Site:
    """Serves ``app`` on one port, which it keeps while it refuses and accepts again.

    ``asked`` counts requests by method and path: ``GET /count``.
    """

    def __init__(
        self, routes: web.RouteTableDef | list[web.RouteDef], *, max_body: int = 2**26
    ) -> None:
        self._app = web.Application(middlewares=[self._misbehaving], client_max_size=max_body)
        self._app.add_routes(routes)
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=0.1)
        self._listener: asyncio.Server | None = None
        self._plans: list[_Plan] = []
        self._closing = asyncio.Event()
        self._stirred = asyncio.Event()
        self.host = "127.0.0.1"
        self.port = 0
        self.requests = 0
        self.asked: Counter[str] = Counter()

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    @asynccontextmanager
    async def serving(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Site]:
        """Listens from entry to exit; port 0 takes a free one."""
        self.host, self.port = host, port
        await self._runner.setup()
        try:
            await self.accept()
            yield self
        finally:
            self._closing.set()
            await self.refuse()
            await self._runner.cleanup()

    async def refuse(self) -> None:
        """Connections are refused, as when the program behind the port is down.

        Those that are open are cut, and requests under way are cancelled.
        """
        if self._listener is None or self._runner.server is None:
            return
        listener, self._listener = self._listener, None
        for listening in listener.sockets:
            asyncio.get_running_loop().remove_reader(listening.fileno())
        # A connection that asyncio has accepted, but not yet made, when its listener is closed
        # stays open with nobody behind it: let those become connections first.
        for _ in range(3):
            await asyncio.sleep(0)
        listener.close()
        self._runner.server.pre_shutdown()  # idle keep-alive connections end at once
        await self._runner.server.shutdown(_GRACE_S)

    async def accept(self) -> None:
        """Listens (again), on the same port as before."""
        if self._listener is None and self._runner.server is not None:
            self._listener = await asyncio.get_running_loop().create_server(
                self._runner.server, self.host, self.port, reuse_address=True
            )
            self.port = self._listener.sockets[0].getsockname()[1]

    def misbehave(
        self, fault: Fault, *, times: int | None = None, under: str = "", retry_after_s: int = 1
    ) -> None:
        """The next ``times`` requests (None: all) whose path contains ``under`` meet ``fault``."""
        self._plans.append(_Plan(fault, times, under, retry_after_s))

    def behave(self) -> None:
        """Every request is answered properly again."""
        self._plans.clear()

    def until(self, condition: Callable[[], bool], timeout: float = 10) -> Awaitable[None]:
        """Waits for ``condition``, looked at whenever a request came in or was dealt with.

        TimeoutError after ``timeout`` seconds of real time.
        """
        return asyncio.wait_for(self._until(condition), timeout)

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self._stirred.wait()

    def _stir(self) -> None:
        self._stirred.set()
        self._stirred = asyncio.Event()

    @web.middleware
    async def _misbehaving(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self._listener is None:  # accepted at the last moment, while we began to refuse
            return cut(request)
        self.requests += 1
        self.asked[f"{request.method} {request.path}"] += 1
        self._stir()
        try:
            return await self._answer(request, handler)
        finally:
            self._stir()

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        plan = self._due(request.path)
        if plan is None:
            return await handler(request)
        match plan.fault:
            case Fault.HANG:
                await self._closing.wait()
                return web.Response(status=503)
            case Fault.SERVER_ERROR:
                return web.Response(status=500, text="<h1>Internal Server Error</h1>")
            case Fault.TOO_MANY_REQUESTS:
                headers = {"Retry-After": str(plan.retry_after_s)}
                return web.Response(status=429, headers=headers, text="slow down")
            case Fault.DROP:
                await handler(request)
                return cut(request)
            case Fault.BROKEN_JSON:
                response = await handler(request)
                body = response.body if isinstance(response, web.Response) else b""
                half = bytes(body)[: len(bytes(body)) // 2] if isinstance(body, bytes) else b"{"
                return web.Response(body=half, content_type="application/json")

    def _due(self, path: str) -> _Plan | None:
        for plan in self._plans:
            if plan.under in path:
                if plan.times is not None:
                    plan.times -= 1
                    if plan.times <= 0:
                        self._plans.remove(plan)
                return plan
        return None


def cut(request: web.Request) -> web.Response:
    """Closes the connection; the response is for aiohttp, which finds nobody to send it to."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()
