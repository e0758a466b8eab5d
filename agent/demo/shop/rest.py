"""wc/v3 over HTTP: maintenance, key, route, handler, then the answer as WordPress sends it."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

from agent.demo.shop import auth, bodies, php, query
from agent.demo.shop.quirks import NOTICE, FatalError
from agent.demo.shop.refusal import Refusal
from agent.demo.shop.work import KilledError, Mishap, Work
from agent.demo.site import cut

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.demo.shop.state import Shop

INDEX = "/wp-json/"
PREFIX = f"{INDEX}wc/v3/"
CRON = "/wp-cron.php"
_WARNING = (
    b"<br />\n<b>Warning</b>:  Undefined array key &quot;x&quot; in <b>plugin.php</b><br />\n"
)
EDIT = "POST PUT PATCH"


@dataclass(frozen=True)
class Call:
    """One request, past the key check: the work it is, ids out of the path, query, JSON body."""

    work: Work
    ids: Mapping[str, int] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def forced(self) -> bool:
        """``force=true``: past the trash."""
        return php.boolean(self.query.get("force", self.body.get("force", "")))


@dataclass(frozen=True)
class Answer:
    """``location`` is set where something was created."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[["Shop", Call], Answer | Awaitable[Answer]]


@dataclass(frozen=True)
class Route:
    """``methods`` as ``"GET"`` or ``EDIT``; ``path`` as ``orders/{id}``, braces stand for ids."""

    methods: str
    path: str
    handler: Handler


def created(shop: Shop, path: str, body: Any) -> Answer:
    """201 with the ``Location`` of the new resource."""
    return Answer(body, 201, {"Location": shop.url(path)})


class Rest:
    """Answers every request to the site. With ``ssl`` a request counts as come over TLS."""

    def __init__(self, shop: Shop, keys: auth.Keys, routes: list[Route], *, ssl: bool) -> None:
        self.maintenance = False
        self._shop = shop
        self._keys = keys
        self._ssl = ssl
        self._working: set[asyncio.Task[web.Response]] = set()
        self._routes = [(_pattern(route.path), route) for route in routes]
        self._allow = {path: _allow(routes, path) for path in {r.path for r in routes}}

    async def handle(self, request: web.Request) -> web.Response:
        date = format_datetime(self._shop.front_clock.now(), usegmt=True)
        if self.maintenance:
            html = bodies.text("maintenance.html")
            headers = {"Date": date, "Retry-After": "600"}
            return web.Response(status=503, text=html, content_type="text/html", headers=headers)
        if request.path == CRON:  # anybody may call it, and it answers before it works
            self._shop.webhooks.on_cron()
            return web.Response(headers={"Date": date})
        cache, now = self._shop.quirks.cache, self._shop.clock.now()
        if cache is None:
            return await self._php(request, date)
        if (kept := cache.answer(request, now)) is not None:
            return kept
        response = await self._php(request, date)
        cache.keep(request, response, now)
        return response

    async def _php(self, request: web.Request, date: str) -> web.Response:
        writes = request.method != "GET"
        products = request.path.startswith(f"{PREFIX}products")
        work = self._shop.host.arrived(writes=writes, products=products)
        if work.plan is None:
            return await self._response(request, work, date)
        working = asyncio.create_task(self._response(request, work, date))
        self._working.add(working)
        working.add_done_callback(self._working.discard)
        return await _in_doubt(request, work, work.plan.mishap, working)

    async def end(self) -> None:
        """PHP works no longer at what its clients gave up."""
        for working in self._working:
            working.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)

    async def _response(self, request: web.Request, work: Work, date: str) -> web.Response:
        headers = {
            "Date": date,
            "Link": f'<{self._shop.home()}/wp-json/>; rel="https://api.w.org/"',
        }
        async with work.at():
            try:
                answer = await self._answer(request, work, headers)
            except (Refusal, FatalError) as refusal:
                answer = Answer(refusal.body(), refusal.status)
            body = php.json_bytes(answer.body)
            if self._shop.quirks.notices:
                body = NOTICE + body
            if not work.writes:
                await work.read(len(answer.body) if isinstance(answer.body, list) else 1)
        return web.Response(
            body=body,
            status=answer.status,
            headers={**headers, **answer.headers},
            content_type="application/json",
            charset="UTF-8",
        )

    async def _answer(self, request: web.Request, work: Work, headers: dict[str, str]) -> Answer:
        if request.path == INDEX:  # anybody may read it
            return Answer(_index(self._shop))
        permissions = self._keys.permissions(self._signed(request))
        route, ids = self._route(request.method, request.path)
        if permissions is None:
            raise auth.forbidden(request.method, route.path)
        headers["Allow"] = self._allow[route.path]
        parameters = php.query(request.rel_url.raw_query_string)
        self._shop.quirks.touch(*ids.values())
        call = Call(work, ids, parameters, await _json_body(request))
        result = route.handler(self._shop, call)
        answer = await result if inspect.isawaitable(result) else result
        self._shop.quirks.touch_all(answer.body)
        fields = call.query.get("_fields")
        if not fields:
            return answer
        return Answer(query.fields(answer.body, fields), answer.status, answer.headers)

    def _signed(self, request: web.Request) -> auth.Signed:
        return auth.Signed(
            method=request.method,
            path=request.rel_url.raw_path,
            query=request.rel_url.raw_query_string,
            authorization=request.headers.get("Authorization", ""),
            home=self._shop.home(),
            is_ssl=self._ssl or request.secure,
            now=int(self._shop.now().timestamp()),
        )

    def _route(self, method: str, path: str) -> tuple[Route, dict[str, int]]:
        for pattern, route in self._routes:
            match = pattern.fullmatch(path)
            if match and method in route.methods.split():
                return route, {name: int(value) for name, value in match.groupdict().items()}
        message = "No route was found matching the URL and request method."
        raise Refusal("rest_no_route", message, 404)


async def _in_doubt(
    request: web.Request, work: Work, mishap: Mishap, working: asyncio.Task[web.Response]
) -> web.Response:
    """What the client gets of a write that meets a mishap: often before PHP is done."""
    giving_up = asyncio.create_task(work.given_up.wait())
    await asyncio.wait((working, giving_up), return_when=asyncio.FIRST_COMPLETED)
    giving_up.cancel()
    if mishap is Mishap.WARNINGS:
        response = await working
        response.body = _WARNING + bytes(response.body or b"")  # type: ignore[arg-type]
        return response
    if mishap is Mishap.GATEWAY_TIMEOUT:
        html = "<html><h1>504 Gateway Time-out</h1></html>"
        return web.Response(status=504, text=html, content_type="text/html")
    if working.done() and not isinstance(working.exception(), KilledError | None):
        return await working
    return cut(request)


def _index(shop: Shop) -> dict[str, Any]:
    """Without its routes."""
    hours = shop.utc_offset.total_seconds() / 3600
    home = {"name": "Shop", "url": shop.home(), "home": shop.home()}
    return {**home, "gmt_offset": hours, "timezone_string": ""}


async def _json_body(request: web.Request) -> dict[str, Any]:
    raw = await request.read()
    if not raw or request.content_type != "application/json":
        return {}
    try:
        body = json.loads(raw)
    except ValueError:
        raise Refusal("rest_invalid_json", "Invalid JSON body passed.", 400) from None
    return body if isinstance(body, dict) else {}


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(PREFIX + re.sub(r"{(\w+)}", r"(?P<\1>[0-9]+)", path) + "/?")


def _allow(routes: list[Route], path: str) -> str:
    """The methods of all routes of one path, in WordPress' order."""
    known = {method for route in routes if route.path == path for method in route.methods.split()}
    return ", ".join(m for m in ("GET", "POST", "PUT", "PATCH", "DELETE") if m in known)
