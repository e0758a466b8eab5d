from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from agent.errors import StartError
from agent.ops import http
from agent.settings import TcpAddress, UnixAddress

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    Listening = AbstractAsyncContextManager[TcpAddress | UnixAddress]
    Listen = Callable[..., Listening]

ANY_PORT = TcpAddress("127.0.0.1", 0)


def listening(
    address: TcpAddress | UnixAddress,
    *,
    inherited: socket.socket | None = None,
    gate: asyncio.Event | None = None,
    entered: asyncio.Event | None = None,
) -> Listening:
    """``/`` answers once ``gate`` is open, having set ``entered``."""

    async def answer(_: web.Request) -> web.Response:
        if entered is not None:
            entered.set()
        if gate is not None:
            await gate.wait()
        return web.Response(text="here")

    application = web.Application()
    application.router.add_get("/", answer)
    return http.listening(application, address, setting="x.listen", inherited=inherited)


async def get(address: TcpAddress | UnixAddress) -> str:
    unix = aiohttp.UnixConnector(str(address.path)) if isinstance(address, UnixAddress) else None
    host = "x" if unix else str(address)
    async with (
        aiohttp.ClientSession(connector=unix) as session,
        session.get(f"http://{host}/") as response,
    ):
        return await response.text()


async def test_it_says_which_port_it_took() -> None:
    async with listening(ANY_PORT) as address:
        assert isinstance(address, TcpAddress)
        assert address.port
        assert await get(address) == "here"


async def test_a_request_under_way_is_answered_before_it_ends() -> None:
    gate, entered = asyncio.Event(), asyncio.Event()
    async with listening(ANY_PORT, gate=gate, entered=entered) as address:
        asking = asyncio.create_task(get(address))
        await entered.wait()
        asyncio.get_running_loop().call_soon(gate.set)
    assert await asking == "here"
    with pytest.raises(aiohttp.ClientConnectorError):
        await get(address)


async def test_a_socket_that_is_handed_over_is_served_and_left_in_place(tmp_path: Path) -> None:
    path = tmp_path / "x.sock"
    with socket.socket(socket.AF_UNIX) as handed:
        handed.bind(str(path))
        handed.listen()
        async with listening(ANY_PORT, inherited=handed) as address:
            assert address == UnixAddress(path)
            assert await get(address) == "here"
    assert path.is_socket()


async def test_a_unix_socket_is_for_the_group_alone_and_goes_with_the_listener(
    tmp_path: Path,
) -> None:
    address = UnixAddress(tmp_path / "x.sock")
    async with listening(address):
        assert address.path.stat().st_mode & 0o777 == 0o660
        assert await get(address) == "here"
    assert not address.path.exists()


async def test_a_living_unix_socket_is_left_to_its_owner(tmp_path: Path) -> None:
    address = UnixAddress(tmp_path / "x.sock")
    async with listening(address):
        with pytest.raises(StartError, match="another program already listens"):
            async with listening(address):
                pass
        assert await get(address) == "here"


async def test_a_socket_file_that_nobody_serves_is_replaced(tmp_path: Path) -> None:
    address = UnixAddress(tmp_path / "x.sock")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(address.path))
    async with listening(address):
        assert await get(address) == "here"


async def test_an_ordinary_file_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_text("mine")
    with pytest.raises(StartError, match=r"Address already in use|x\.listen"):
        async with listening(UnixAddress(path)):
            pass
    assert path.read_text() == "mine"


async def test_a_port_that_is_taken_names_its_setting() -> None:
    async with listening(ANY_PORT) as address:
        with pytest.raises(StartError, match=rf"can't listen on {address} \(x\.listen\)"):
            async with listening(address):
                pass


async def test_trouble_while_it_serves_is_not_taken_for_trouble_with_listening() -> None:
    with pytest.raises(ConnectionResetError):
        async with listening(ANY_PORT):
            raise ConnectionResetError
