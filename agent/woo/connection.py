"""How the store is reached: TLS, addresses, time-outs, no redirects, no silent repeats."""

from __future__ import annotations

import socket
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from agent import __version__, errors
from agent.woo import answers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agent.settings import StoreSettings, TcpAddress


@asynccontextmanager
async def opened(settings: StoreSettings) -> AsyncIterator[aiohttp.ClientSession]:
    """A session with connections of its own; ConfigError for a CA file that does not load."""
    resolver = _Fixed(settings.connect_to) if settings.connect_to else None
    connector = aiohttp.TCPConnector(
        ssl=_tls(settings), resolver=resolver, limit=settings.write_concurrency + 4
    )
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"woo-agent/{__version__}", "Accept": "application/json"},
        timeout=aiohttp.ClientTimeout(total=settings.timeout.total_seconds()),
        middlewares=(_once,),
    ) as session:
        yield session


async def _once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """aiohttp repeats a GET whose connection was cut: with the same nonce, which is spent."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError(answers.plain(error)) from error


def is_certificate(error: BaseException) -> bool:
    """Whether the store's certificate is why there is no connection."""
    kinds = (aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError)
    return isinstance(error, kinds) or isinstance(error.__cause__, kinds)


class _Fixed(AbstractResolver):
    """Every name is this one address: the host itself, past DNS and CDN. Certificate and Host
    header stay those of ``store.url``."""

    def __init__(self, address: TcpAddress) -> None:
        self._address = address

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        v6 = ":" in self._address.host
        return [
            ResolveResult(
                hostname=host,
                host=self._address.host,
                port=self._address.port,
                family=socket.AF_INET6 if v6 else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """Nothing is held."""


def _tls(settings: StoreSettings) -> ssl.SSLContext | bool:
    if not settings.verify_tls:
        return False
    if settings.ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise errors.ConfigError(
            f"store.ca_file {settings.ca_file} can't be used: {error}",
            hint="woo-agent config show",
        ) from error
