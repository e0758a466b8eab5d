"""The admin listener: liveness, readiness, health and metrics. Never proxied."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from agent import metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from agent.settings import AdminSettings

HEALTH_TYPE = "application/health+json"


class Admin:
    """Answers questions about the daemon. The callables look things up when asked."""

    def __init__(
        self,
        settings: AdminSettings,
        *,
        alive: Callable[[], Awaitable[bool]],
        ready: Callable[[], Awaitable[str]],
        health: Callable[[], Awaitable[dict[str, Any]]],
    ) -> None:
        self._settings = settings
        self._alive = alive
        self._ready = ready
        self._health = health

    def application(self) -> web.Application:
        """Its routes."""
        application = web.Application()
        application.router.add_get("/livez", self.livez)
        application.router.add_get("/readyz", self.readyz)
        application.router.add_get("/health", self.health)
        application.router.add_get("/metrics", self.metrics)
        return application

    async def livez(self, _: web.Request) -> web.Response:
        """200 if the loop turns and the writer answers."""
        alive = await self._alive()
        return web.Response(status=200 if alive else 503, text="ok\n" if alive else "stuck\n")

    async def readyz(self, _: web.Request) -> web.Response:
        """200 if webhooks can be stored, else why not."""
        reason = await self._ready()
        return web.Response(status=503 if reason else 200, text=f"{reason or 'ok'}\n")

    async def health(self, request: web.Request) -> web.Response:
        """The whole truth; 503 on fail."""
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        health = await self._health()
        status = 503 if health["status"] == "fail" else 200
        return web.Response(status=status, text=json.dumps(health), content_type=HEALTH_TYPE)

    async def metrics(self, request: web.Request) -> web.Response:
        """Prometheus text; the gauges are brought up to date by looking at the health."""
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        await self._health()
        return web.Response(
            body=generate_latest(metrics.REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    def _refusal(self, request: web.Request) -> web.Response | None:
        """Beyond this machine nobody reads without the token."""
        if self._settings.listen.is_local:
            return None
        token = self._settings.token
        if token is None:
            return web.Response(status=403, text="admin.token is not set\n")
        given = request.headers.get("Authorization", "").encode("utf-8", "replace")
        if hmac.compare_digest(given, f"Bearer {token.get_secret_value()}".encode()):
            return None
        return web.Response(
            status=401, headers={"WWW-Authenticate": "Bearer"}, text="admin.token?\n"
        )
