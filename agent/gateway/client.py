"""Calls to the gateway. Whatever the network does comes back as an ``Answer``, not as an error."""

from __future__ import annotations

import email.utils
import json
import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp

from agent import __version__, errors, metrics, tracing
from agent.gateway import deprecation, signing
from agent.model import envelope, foreign, rfc8259
from agent.model.delivery import Answer

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Mapping

    from agent.clock import Clock
    from agent.settings import GatewaySettings

MAX_ANSWER = 16 * 2**20
_EXCERPT = 300


class Client:
    """Speaks protocol v1 for one store. ``deprecated`` is what the gateway said last of its end."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        settings: GatewaySettings,
        *,
        store_id: str,
        instance: str,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._session = session
        self._base = f"{settings.url}/v1/stores/{store_id}"
        self._timeout_s = settings.timeout.total_seconds()
        self._clock = clock
        self._rng = rng
        secret = settings.signing_secret
        self._signing_key = signing.key(secret.get_secret_value()) if secret else None
        self.deprecated = ""
        self._secrets = (settings.token.get_secret_value().encode(),)
        self._headers = {
            "Authorization": f"Bearer {settings.token.get_secret_value()}",
            "User-Agent": f"woo-agent/{__version__}",
            "Woo-Agent-Store": store_id,
            "Woo-Agent-Instance": instance,
        }

    async def get_store(self) -> Answer:
        """Who is there: ``journal``, ``head_position``, ``last_sequence``, …"""
        return await self._call("store", "GET", "")

    async def post_events(self, body: bytes) -> Answer:
        """A batch of CloudEvents, already encoded."""
        headers = {"Content-Type": envelope.BATCH_CONTENT_TYPE}
        return await self._call("events", "POST", "/events", body=body, headers=headers)

    async def get_updates(self, after: str | None, *, limit: int, wait_s: float) -> Answer:
        """The next page of the feed; the gateway may hold the call for ``wait_s``."""
        query = {"limit": str(limit), "wait": str(int(wait_s))}
        if after is not None:
            query["after"] = after
        return await self._call("updates", "GET", "/updates", query=query, wait_s=wait_s)

    async def post_results(self, results: list[Any]) -> Answer:
        """What became of updates."""
        return await self._json("results", "POST", "/updates/results", {"results": results})

    async def put_heartbeat(self, health: Any) -> Answer:
        """Our health document."""
        return await self._json("heartbeat", "PUT", "/heartbeat", health)

    async def _json(self, call: str, method: str, path: str, body: Any) -> Answer:
        headers = {"Content-Type": "application/json"}
        return await self._call(
            call,
            method,
            path,
            body=json.dumps(body, separators=(",", ":")).encode(),
            headers=headers,
        )

    async def _call(
        self,
        call: str,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        wait_s: float = 0.0,
    ) -> Answer:
        started = self._clock.monotonic()
        signed: dict[str, str] = {}
        if body is not None and self._signing_key is not None:
            signed = signing.headers(body, self._clock.now(), self._signing_key)
        trace = {"traceparent": tracing.for_request(self._rng.getrandbits(192))}
        try:
            async with self._session.request(
                method,
                self._base + path,
                params=query,
                data=body,
                headers={**self._headers, **(headers or {}), **signed, **trace},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self._timeout_s + wait_s),
            ) as response:
                content = foreign.without(await _limited(response), self._secrets)
                self.deprecated = deprecation.announced(response.headers) or self.deprecated
                return _answer(response.status, response.headers, content, self._clock.now())
        except TimeoutError:
            return Answer(None, "timeout", excerpt="no answer in time")
        except aiohttp.ClientSSLError as error:
            return Answer(None, "tls", excerpt=_plain(error))
        except aiohttp.ClientConnectorError as error:
            return Answer(None, "unreachable", excerpt=_plain(error))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(None, "interrupted", excerpt=_plain(error))
        finally:
            metrics.GATEWAY_SECONDS.labels(call).observe(self._clock.monotonic() - started)


@asynccontextmanager
async def opened(
    settings: GatewaySettings, *, store_id: str, instance: str, clock: Clock, rng: random.Random
) -> AsyncIterator[Client]:
    """A client with connections of its own; raises ConfigError for certificates that don't load."""
    connector = aiohttp.TCPConnector(ssl=_tls(settings), limit=settings.max_in_flight + 4)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=True
    ) as session:
        yield Client(session, settings, store_id=store_id, instance=instance, clock=clock, rng=rng)


def _tls(settings: GatewaySettings) -> ssl.SSLContext | bool:
    if not (settings.ca_file or settings.client_cert):
        return True
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.client_cert:
            context.load_cert_chain(settings.client_cert, settings.client_key)
    except (OSError, ssl.SSLError) as error:
        raise errors.ConfigError(
            f"gateway.ca_file, client_cert or client_key can't be used: {error}",
            hint="woo-agent config show",
        ) from error
    return context


async def _limited(response: aiohttp.ClientResponse) -> bytes:
    content = await response.content.read(MAX_ANSWER)
    while len(content) < MAX_ANSWER and (more := await response.content.read(MAX_ANSWER)):
        content += more
    if len(content) >= MAX_ANSWER:
        raise ValueError("the answer is larger than 16 MiB")
    return content


def _answer(status: int, headers: Mapping[str, str], content: bytes, now: datetime) -> Answer:
    body, why_not = None, ""
    try:
        body = rfc8259.parse(content) if content else None
    except ValueError as error:
        why_not = rfc8259.why_not(error)
    return Answer(
        status,
        body=body,
        excerpt=foreign.line(content, _EXCERPT),
        why_not=why_not,
        retry_after_s=retry_after_s(headers.get("Retry-After"), now),
    )


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """RFC 9110, 10.2.3: seconds, or a date; None where there is none that can be read."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        at = email.utils.parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())


def _plain(error: BaseException) -> str:
    """Without the URL; ClientResponseError would print it."""
    text = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
    return foreign.line(text, _EXCERPT) or type(error).__name__
