"""The ground of both stand-ins, as a client meets it."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from agent.demo.site import Fault, Site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Counter:
    """The work a request causes: it can be seen whether it was done, whatever was answered."""

    def __init__(self) -> None:
        self.done = 0
        self.working = asyncio.Event()
        self.working.set()
        paths = ("/count", "/other")
        self.site = Site([web.route("*", path, self.count) for path in paths])

    async def count(self, request: web.Request) -> web.StreamResponse:
        await self.working.wait()
        self.done += 1
        return web.json_response({"done": self.done})


@pytest.fixture
async def counter() -> AsyncIterator[Counter]:
    served = Counter()
    async with served.site.serving():
        yield served


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def status(client: aiohttp.ClientSession, url: str) -> int:
    async with client.get(url) as response:
        await response.read()
        return response.status


async def test_it_takes_a_free_port_and_answers(
    counter: Counter, client: aiohttp.ClientSession
) -> None:
    assert counter.site.port > 0
    assert await status(client, f"{counter.site.url}/count?of=1") == 200
    assert counter.site.requests == 1
    assert counter.site.asked == {"GET /count": 1}


async def test_it_listens_where_it_is_told(client: aiohttp.ClientSession) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.2", 0))
        port = probe.getsockname()[1]
    async with Counter().site.serving("127.0.0.2", port) as site:
        assert site.url == f"http://127.0.0.2:{port}"
        assert await status(client, f"{site.url}/count") == 200


async def test_refused_then_accepted_on_the_same_port(
    counter: Counter, client: aiohttp.ClientSession
) -> None:
    url = f"{counter.site.url}/count"
    await counter.site.refuse()
    with pytest.raises(aiohttp.ClientConnectorError):
        await status(client, url)
    await counter.site.accept()
    assert await status(client, url) == 200
    assert counter.done == 1


async def test_refusing_and_accepting_twice_changes_nothing(
    counter: Counter, client: aiohttp.ClientSession
) -> None:
    await counter.site.refuse()
    await counter.site.refuse()
    await counter.site.accept()
    await counter.site.accept()
    assert await status(client, f"{counter.site.url}/count") == 200


async def test_refuse_cuts_connections_kept_alive(counter: Counter) -> None:
    reader, writer = await asyncio.open_connection(counter.site.host, counter.site.port)
    writer.write(b"GET /count HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"200 OK" in await reader.readuntil(b'{"done": 1}')
    await counter.site.refuse()
    assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize("turns", range(6))
async def test_refuse_cuts_connections_that_are_just_being_accepted(
    counter: Counter, turns: int
) -> None:
    with socket.create_connection((counter.site.host, counter.site.port)) as connection:
        connection.sendall(b"GET /count HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.setblocking(False)
        for _ in range(turns):
            await asyncio.sleep(0)
        done = counter.done
        await counter.site.refuse()
        try:
            while await asyncio.get_running_loop().sock_recv(connection, 4096):
                pass
        except ConnectionResetError:
            pass
    assert counter.done == done


async def test_refuse_cuts_a_request_under_way(
    counter: Counter, client: aiohttp.ClientSession
) -> None:
    counter.working.clear()
    asked = asyncio.ensure_future(status(client, f"{counter.site.url}/count"))
    await counter.site.until(lambda: counter.site.requests == 1)
    await counter.site.refuse()
    with pytest.raises(aiohttp.ClientConnectionError):
        await asked
    assert counter.done == 0


async def test_a_hanging_site_answers_nothing_and_does_nothing(
    counter: Counter, client: aiohttp.ClientSession
) -> None:
    counter.site.misbehave(Fault.HANG)
    asked = asyncio.ensure_future(status(client, f"{counter.site.url}/count"))
    await counter.site.until(lambda: counter.site.requests == 1)
    counter.site.behave()
    assert await status(client, f"{counter.site.url}/other") == 200
    assert not asked.done()
    asked.cancel()
    assert counter.done == 1


async def test_a_server_error_is_a_page_not_json(
    counter: Counter, client: aiohttp.ClientSession
) -> None:
    counter.site.misbehave(Fault.SERVER_ERROR)
    async with client.get(f"{counter.site.url}/count") as response:
        assert response.status == 500
        assert "<h1>" in await response.text()
    assert counter.done == 0


async def test_too_many_requests_says_when_to_come_back(
    counter: Counter, client: aiohttp.ClientSession
) -> None:
    counter.site.misbehave(Fault.TOO_MANY_REQUESTS, retry_after_s=7)
    async with client.get(f"{counter.site.url}/count") as response:
        assert response.status == 429
        assert response.headers["Retry-After"] == "7"
    assert counter.done == 0


async def test_a_dropped_answer_leaves_the_work_done(
    counter: Counter, client: aiohttp.ClientSession
) -> None:
    counter.site.misbehave(Fault.DROP)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        # Not GET: aiohttp's client would quietly ask once more.
        await client.post(f"{counter.site.url}/count")
    assert counter.done == 1


async def test_broken_json_has_a_good_status_and_leaves_the_work_done(
    counter: Counter, client: aiohttp.ClientSession
) -> None:
    counter.site.misbehave(Fault.BROKEN_JSON)
    async with client.get(f"{counter.site.url}/count") as response:
        assert response.status == 200
        assert response.content_type == "application/json"
        assert await response.text() == '{"don'
    assert counter.done == 1


async def test_a_fault_lasts_as_often_and_reaches_as_far_as_told(
    counter: Counter, client: aiohttp.ClientSession
) -> None:
    counter.site.misbehave(Fault.SERVER_ERROR, times=2, under="/count")
    other, url = f"{counter.site.url}/other", f"{counter.site.url}/count"
    answers = [await status(client, each) for each in (url, other, url, url)]
    assert answers == [500, 200, 500, 200]


async def test_behave_ends_every_fault(counter: Counter, client: aiohttp.ClientSession) -> None:
    counter.site.misbehave(Fault.SERVER_ERROR)
    counter.site.misbehave(Fault.DROP)
    counter.site.behave()
    assert await status(client, f"{counter.site.url}/count") == 200


async def test_until_gives_up(counter: Counter) -> None:
    with pytest.raises(TimeoutError):
        await counter.site.until(lambda: False, timeout=0.01)
