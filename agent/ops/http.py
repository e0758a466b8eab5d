"""Listening: one application on one address, from entry to exit."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from agent import errors
from agent.settings import TcpAddress, UnixAddress

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CLOSE_WITHIN_S = 5.0
_SOCKET_MODE = 0o660  # the web server in front is in the agent's group


@asynccontextmanager
async def listening(
    application: web.Application,
    address: TcpAddress | UnixAddress,
    *,
    setting: str,
    inherited: socket.socket | None = None,
) -> AsyncIterator[TcpAddress | UnixAddress]:
    """Serves until exit; requests under way then still get their answer. Yields where it listens.

    Raises StartError where the address can't be had; ``setting`` names it to the person.
    """
    runner = web.AppRunner(
        application,
        access_log=None,
        shutdown_timeout=CLOSE_WITHIN_S,
        auto_decompress=False,  # a signature is over the bytes as they came
    )
    await runner.setup()
    try:
        try:
            await _site(runner, address, inherited, setting).start()
        except OSError as error:
            raise errors.StartError(
                f"can't listen on {address} ({setting}): {error.strerror or error}",
                hint=f"what else listens there? ss -ltnp; or give {setting} another address",
            ) from error
        try:
            yield _bound(runner, address, inherited)
        finally:
            if isinstance(address, UnixAddress) and inherited is None:
                await asyncio.to_thread(address.path.unlink, missing_ok=True)
    finally:
        await runner.cleanup()


def _site(
    runner: web.AppRunner,
    address: TcpAddress | UnixAddress,
    inherited: socket.socket | None,
    setting: str,
) -> web.BaseSite:
    if inherited is not None:
        return web.SockSite(runner, inherited, backlog=1024)
    if isinstance(address, TcpAddress):
        return web.TCPSite(runner, address.host, address.port, backlog=1024)
    return web.SockSite(runner, _unix_socket(address.path, setting), backlog=1024)


def _unix_socket(path: Path, setting: str) -> socket.socket:
    """Bound at ``path``. A file that a killed daemon left is no obstacle, a living one is."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        if path.is_socket() and probe.connect_ex(str(path)) == 0:
            raise errors.StartError(
                f"another program already listens on unix:{path} ({setting})",
                hint="stop it, or give this one another path",
            )
    if path.is_socket():
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(_SOCKET_MODE)
    except OSError:
        listener.close()
        raise
    return listener


def _bound(
    runner: web.AppRunner, address: TcpAddress | UnixAddress, inherited: socket.socket | None
) -> TcpAddress | UnixAddress:
    """With port 0, the port that was taken; with an inherited socket, where that one listens."""
    taken = runner.addresses[0]
    if not isinstance(taken, tuple):
        return UnixAddress(Path(taken))
    if inherited is None and isinstance(address, TcpAddress):
        return TcpAddress(address.host, taken[1])
    return TcpAddress(taken[0], taken[1])
