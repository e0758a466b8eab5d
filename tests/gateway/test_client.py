"""client.Client to the gateway: what is sent, and what is made of whatever comes back."""

from __future__ import annotations

import asyncio
import gzip
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from agent import __version__
from agent.demo.gateway import Gateway
from agent.demo.site import Fault, Site
from agent.gateway import client
from tests.agents import closed_port
from tests.clock import FakeClock
from tests.gateway import callers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from agent.model.delivery import Answer

OURS = {
    "Authorization": f"Bearer {callers.TOKEN}",
    "User-Agent": f"woo-agent/{__version__}",
    "Woo-Agent-Store": "brand-de",
    "Woo-Agent-Instance": "i-1",
}


@asynccontextmanager
async def answering(
    answer: Callable[[web.Request], web.StreamResponse], **more: Any
) -> AsyncIterator[tuple[client.Client, list[web.Request]]]:
    """A client and the requests that its gateway gets."""
    asked: list[web.Request] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        await request.read()
        asked.append(request)
        return answer(request)

    site = Site([web.route("*", "/{path:.*}", handle)])
    async with site.serving(), callers.calling(f"{site.url}/base", **more) as calls:
        yield calls, asked


async def answered(response: web.StreamResponse) -> Answer:
    """What the client makes of that response."""
    async with answering(lambda _: response) as (calls, _):
        return await calls.post_results([])


async def test_each_call_goes_where_the_protocol_says_with_our_name_on_it() -> None:
    async with answering(lambda _: web.json_response({})) as (calls, asked):
        for call in (
            calls.post_events(b'[{"id":"e"}]'),
            calls.get_updates("a+b&c=ü /", limit=500, wait_s=25.0),
            calls.get_updates(None, limit=7, wait_s=0),
            calls.post_results([{"id": "u", "store": {"sku": "ü"}}]),
            calls.put_heartbeat({"status": "pass"}),
        ):
            assert (await call).status == 200
    base = "/base/v1/stores/brand-de"
    events, updates, first, results, heartbeat = asked
    assert [(request.method, request.path) for request in asked] == [
        ("POST", f"{base}/events"),
        ("GET", f"{base}/updates"),
        ("GET", f"{base}/updates"),
        ("POST", f"{base}/updates/results"),
        ("PUT", f"{base}/heartbeat"),
    ]
    assert dict(updates.query) == {"after": "a+b&c=ü /", "limit": "500", "wait": "25"}
    assert dict(first.query) == {"limit": "7", "wait": "0"}
    assert await events.read() == b'[{"id":"e"}]'
    assert await results.json() == {"results": [{"id": "u", "store": {"sku": "ü"}}]}
    assert await heartbeat.json() == {"status": "pass"}
    assert events.content_type == "application/cloudevents-batch+json"
    assert results.content_type == heartbeat.content_type == "application/json"
    for request in asked:
        assert {name: request.headers[name] for name in OURS} == OURS
        assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", request.headers["traceparent"])
    assert len({request.headers["traceparent"] for request in asked}) == len(asked)


async def test_the_stand_in_takes_every_call(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path / "gateway.db", FakeClock(), token=callers.TOKEN)
    async with gateway.serving(), callers.calling(gateway.url) as calls:
        assert (await calls.post_events(b"[]")).status == 200
        gateway.publish("brand-de", {"id": "u-1"})
        page = await calls.get_updates(None, limit=500, wait_s=0)
        assert page.body["updates"] == [{"id": "u-1"}]
        after = await calls.get_updates(page.body["cursor"], limit=500, wait_s=0)
        assert after.body["updates"] == []
        assert (await calls.post_results([{"id": "u-1", "n": 1}])).status == 200
        assert gateway.results("brand-de") == [{"id": "u-1", "n": 1}]
        assert (await calls.put_heartbeat({"status": "pass"})).status == 204
        async with callers.calling(gateway.url, token="another") as stranger:
            assert (await stranger.post_events(b"[]")).status == 401


@pytest.mark.parametrize(
    ("status", "text", "body"),
    [
        (200, '{"results": []}', {"results": []}),
        (200, "[1, null]", [1, None]),
        (200, "<h1>Welcome to our hotel</h1>", None),
        (200, '{"half": ', None),
        (200, "[" * 200_000, None),
        (200, "", None),
        (200, '{"updates": [{"x": NaN}], "cursor": "c"}', None),
        (200, '{"cursor": "\\ud800"}', None),
        (422, '{"type": "invalid", "status": 422}', {"type": "invalid", "status": 422}),
        (302, "", None),
        (502, "<h1>Bad Gateway</h1>", None),
    ],
)
async def test_a_status_comes_with_the_json_there_is_and_the_beginning_of_the_text(
    status: int, text: str, body: Any
) -> None:
    answer = await answered(web.Response(status=status, text=text))
    assert (answer.status, answer.failure, answer.body) == (status, "", body)
    assert answer.excerpt == text.strip()[:300]


async def test_bytes_that_are_no_text_and_compressed_answers_are_read() -> None:
    answer = await answered(web.Response(body=b"\xff\xfe{"))
    assert (answer.status, answer.body) == (200, None)
    packed = gzip.compress(b'{"results": []}')
    answer = await answered(web.Response(body=packed, headers={"Content-Encoding": "gzip"}))
    assert answer.body == {"results": []}
    answer = await answered(web.Response(body=b"no", headers={"Content-Encoding": "gzip"}))
    assert (answer.status, answer.failure) == (None, "interrupted")


@pytest.mark.parametrize(
    ("fault", "failure"),
    [(Fault.HANG, "timeout"), (Fault.DROP, "interrupted"), (Fault.BROKEN_JSON, "")],
)
async def test_what_the_network_does_is_an_answer_too(
    tmp_path: Path, fault: Fault, failure: str
) -> None:
    gateway = Gateway(tmp_path / "gateway.db", FakeClock(), token=callers.TOKEN)
    async with gateway.serving(), callers.calling(gateway.url, timeout="100ms") as calls:
        gateway.site.misbehave(fault)
        answer = await calls.post_events(b"[]")
    assert answer.failure == failure
    assert answer.status == (None if failure else 200)
    assert answer.body is None
    assert callers.TOKEN not in answer.excerpt


async def test_a_refused_connection_is_unreachable() -> None:
    async with callers.calling(f"http://127.0.0.1:{closed_port()}") as calls:
        answer = await calls.post_events(b"[]")
    assert (answer.status, answer.failure) == (None, "unreachable")
    assert answer.excerpt


async def test_a_poll_may_be_held_for_its_wait_beyond_the_timeout() -> None:
    release = asyncio.Event()

    async def hold(request: web.Request) -> web.Response:
        await release.wait()
        return web.json_response({})

    site = Site([web.route("*", "/{path:.*}", hold)])
    async with site.serving(), callers.calling(site.url, timeout="20ms") as calls:
        polling = asyncio.create_task(calls.get_updates(None, limit=1, wait_s=5))
        posting = asyncio.create_task(calls.post_results([]))
        assert (await posting).failure == "timeout"
        assert not polling.done()
        release.set()
        assert (await polling).status == 200


async def test_redirects_are_not_followed() -> None:
    def moved(request: web.Request) -> web.Response:
        return web.Response(status=308, headers={"Location": f"http://{request.host}/elsewhere"})

    async with answering(moved) as (calls, asked):
        assert (await calls.post_events(b"[]")).status == 308
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("Tue, 24 Nov 2026 08:01:30 GMT", 90.0),
        ("Tue, 24 Nov 2026 07:00:00 GMT", 0.0),
        ("Tue, 24 Nov 2026 08:01:30 -0000", 90.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),
        ("Wed, 21 Oct 99999999999999999999 07:28:00 GMT", None),
        ("", None),
        ("Tue, 99 Nov 2026 08:01:30 GMT", None),
        ("Tue, 24 Nov 2026 08:01:30 +9999", None),
        (None, None),
    ],
)
async def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert client.retry_after_s(header, FakeClock().now()) == seconds
    if header and header.isascii():
        answer = await answered(web.Response(status=503, headers={"Retry-After": header}))
        assert (answer.status, answer.retry_after_s) == (503, seconds)


async def test_an_answer_without_end_is_cut_off() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(20):
            await response.write(b" " * 2**20)
        return response

    site = Site([web.route("*", "/{path:.*}", endless)])
    async with site.serving(), callers.calling(site.url) as calls:
        answer = await calls.get_updates(None, limit=1, wait_s=0)
    assert (answer.status, answer.failure) == (None, "interrupted")
    assert "16 MiB" in answer.excerpt


async def test_a_large_page_below_the_limit_is_read_whole() -> None:
    updates = [{"id": str(n), "text": "x" * 1000} for n in range(10_000)]
    answer = await answered(web.json_response({"updates": updates}))
    assert answer.body == {"updates": updates}


def test_excerpts_are_short_enough_for_a_log_line() -> None:
    assert client._plain(ValueError("a\n b " * 500)) == ("a b " * 100)[:300]
    assert client._plain(ValueError()) == "ValueError"


async def test_what_the_gateway_announces_of_its_end_is_kept() -> None:
    announced = {"Deprecation": "@1688169600", "Sunset": "Sun, 30 Jun 2024 23:59:59 GMT"}
    said = iter((announced, {}, {"Deprecation": "soon\tor later"}, {"Deprecation": "@" + "9" * 30}))
    kept = []
    async with answering(lambda _: web.json_response({}, headers=next(said))) as (calls, _):
        assert calls.deprecated == ""
        for _ in range(4):
            await calls.get_store()
            kept.append(calls.deprecated)
    both = "deprecated since 2023-07-01T00:00:00Z, gone after Sun, 30 Jun 2024 23:59:59 GMT"
    assert kept == [both, both, "deprecated since soon or later", f"deprecated since @{'9' * 30}"]


@pytest.mark.parametrize(
    ("token", "said"), [("s3cret-t0ken", "you sent ***"), ("sent", "you sent sent")]
)
async def test_an_answer_that_repeats_the_token_does_not_bring_it_back(
    token: str, said: str
) -> None:
    async with answering(
        lambda _: web.json_response({"code": "no", "detail": f"you sent {token}"}, status=401),
        token=token,
    ) as (calls, _):
        answer = await calls.get_store()
    assert answer.body["detail"] == said
