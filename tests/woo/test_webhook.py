"""The webhook listener, over HTTP and on a real database."""

from __future__ import annotations

import asyncio
import io
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web

from agent import errors
from agent.model.delivery import READ_BY_US, Reading, Received, Webhook
from agent.settings import WebhookSettings
from agent.storage import database, outbox, queues
from agent.woo import signature, webhook
from tests import recordings
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from agent.storage.database import Database

OLD_SECRET = "the one before"
MIB = 2**20


@dataclass
class Listening:
    """A receiver at ``url``, and what it has stored."""

    db: Database
    url: str = ""
    appending: asyncio.Event = field(default_factory=asyncio.Event)
    stored: asyncio.Event = field(default_factory=asyncio.Event)

    async def append(self, event_id: str, received: Webhook) -> None:
        """Hands it on to the outbox, and says so."""
        self.appending.set()
        to = queues.Outbox(self.db, clock=FakeClock(), reread=lambda _: Reading(), version=1)
        await to.append(event_id, received)

    async def rows(self) -> list[Received]:
        return await self.db.read(outbox.unjudged, 100)

    async def post(
        self, body: bytes | AsyncIterator[bytes], headers: Mapping[str, str]
    ) -> tuple[int, str]:
        data = io.BytesIO(body) if isinstance(body, bytes) else body
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url, data=data, headers=dict(headers)) as response,
        ):
            return response.status, await response.text()


@pytest.fixture
async def listening(tmp_path: Path) -> AsyncIterator[Listening]:
    async with database.opened(tmp_path) as db:
        listening = Listening(db)
        async with serving(listening):
            yield listening


@asynccontextmanager
async def serving(listening: Listening, **more: Any) -> AsyncIterator[None]:
    """A receiver with ``more`` settings, in front of ``listening``."""
    secrets = {"secret": recordings.SECRET, "previous_secret": OLD_SECRET}
    settings = WebhookSettings.model_validate({**secrets, **more})
    receiver = webhook.Receiver(
        settings, listening, clock=FakeClock(), rng=random.Random(1), stored=listening.stored
    )
    runner = web.AppRunner(receiver.application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    before = listening.url
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        listening.url = f"http://127.0.0.1:{runner.addresses[0][1]}{settings.path}"
        yield
    finally:
        listening.url = before
        await runner.cleanup()


def signed(body: bytes, *, secret: str = recordings.SECRET, **more: str) -> dict[str, str]:
    """The headers of an order's webhook."""
    return {
        "Content-Type": "application/json",
        "X-WC-Webhook-Topic": "order.created",
        "X-WC-Webhook-Signature": signature.sign(body, secret.encode()),
    } | {name.replace("_", "-"): value for name, value in more.items()}


async def test_every_recorded_delivery_is_answered_200_and_kept_byte_for_byte(
    listening: Listening,
) -> None:
    delivered = recordings.webhooks()
    for recorded in delivered:
        assert await listening.post(recorded.body, recorded.headers) == (200, ""), recorded.name
    kept = [row.webhook for row in await listening.rows()]
    assert [(row.body, row.topic) for row in kept] == [(w.body, w.topic) for w in delivered[1:]]
    for row, recorded in zip(kept, delivered[1:], strict=True):
        named = [f"X-WC-Webhook-{name}" for name in ("Source", "ID", "Delivery-ID")]
        told = (row.source, row.webhook_id, row.delivery_id)
        assert told == tuple(recorded.headers[name] for name in named)
        assert row.received_at == FakeClock().now()


async def test_the_ping_is_answered_exactly_200_and_not_kept(listening: Listening) -> None:
    ping = recordings.webhook(0)
    assert await listening.post(ping.body, ping.headers) == (200, "")
    assert await listening.rows() == []
    assert not listening.stored.is_set()


@pytest.mark.parametrize("body", [b"webhook_id=", b"webhook_id=1&x=2", b"webhook_id=1\n", b""])
async def test_what_is_no_ping_needs_a_signature(listening: Listening, body: bytes) -> None:
    assert (await listening.post(body, {}))[0] == 401


async def test_it_is_answered_after_the_commit_and_not_before(listening: Listening) -> None:
    busy, release = asyncio.Event(), asyncio.Event()

    async def hold(_: object) -> None:
        busy.set()
        await release.wait()

    holding = asyncio.create_task(listening.db.writer.write(hold))
    await busy.wait()
    posting = asyncio.create_task(listening.post(b"{}", signed(b"{}")))
    await listening.appending.wait()
    assert await listening.rows() == []
    assert not posting.done()
    assert not listening.stored.is_set()
    release.set()
    assert (await posting)[0] == 200
    assert len(await listening.rows()) == 1
    assert listening.stored.is_set()
    await holding


async def test_no_webhook_passes_for_a_read_of_ours(listening: Listening) -> None:
    headers = signed(b"{}") | {"X-WC-Webhook-ID": READ_BY_US}
    assert (await listening.post(b"{}", headers))[0] == 200
    [row] = await listening.rows()
    assert row.webhook.webhook_id == ""


async def test_both_secrets_are_good_while_rotating_and_no_other(listening: Listening) -> None:
    for secret, status in ((recordings.SECRET, 200), (OLD_SECRET, 200), ("guessed", 401)):
        assert (await listening.post(b"{}", signed(b"{}", secret=secret)))[0] == status
    async with serving(listening, previous_secret=None):
        assert (await listening.post(b"{}", signed(b"{}", secret=OLD_SECRET)))[0] == 401
    assert len(await listening.rows()) == 2


async def test_a_missing_or_wrong_signature_is_401_and_says_which(listening: Listening) -> None:
    good = signed(b"{}")
    missing = {name: value for name, value in good.items() if "Signature" not in name}
    status, text = await listening.post(b"{}", missing)
    assert (status, "missing" in text) == (401, True)
    status, text = await listening.post(b"{ }", good)
    assert (status, "does not fit" in text) == (401, True)
    ping = recordings.webhook(0)
    topic = {"X-WC-Webhook-Topic": "order.created"}
    assert (await listening.post(ping.body, {**ping.headers, **topic}))[0] == 401
    assert await listening.rows() == []


async def test_without_a_topic_it_is_no_webhook(listening: Listening) -> None:
    headers = signed(b"{}")
    del headers["X-WC-Webhook-Topic"]
    assert (await listening.post(b"{}", headers))[0] == 400
    assert await listening.rows() == []


async def test_only_the_one_path_is_served_and_only_post(listening: Listening) -> None:
    async with aiohttp.ClientSession() as session:
        for method in ("GET", "PUT", "HEAD", "DELETE"):
            async with session.request(method, listening.url) as response:
                assert response.status == 405
        for path in ("/", "/webhooks/", "/webhooks/x", "/health"):
            elsewhere = listening.url.replace("/webhooks", path)
            async with session.post(elsewhere, data=b"{}", headers=signed(b"{}")) as response:
                assert response.status == 404


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_above_the_limit_is_refused_however_it_is_sent(
    listening: Listening, chunked: bool
) -> None:
    body = b" " * 20 * MIB

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * MIB

    status, text = await listening.post(parts() if chunked else body, signed(body))
    assert (status, "webhooks.max_body" in text) == (413, True)
    assert await listening.rows() == []


async def test_the_limit_is_the_setting_and_a_body_of_just_that_size_is_taken(
    listening: Listening,
) -> None:
    async with serving(listening, max_body=100_000):
        for size, status in ((100_000, 200), (100_001, 413)):
            body = b" " * size
            assert (await listening.post(body, signed(body)))[0] == status
    body = b" " * 15 * MIB
    assert (await listening.post(body, signed(body)))[0] == 200
    assert [len(row.webhook.body) for row in await listening.rows()] == [100_000, 15 * MIB]


async def test_what_can_not_be_stored_is_refused_with_503(listening: Listening) -> None:
    connection = listening.db.writer._connection
    await connection.execute("PRAGMA query_only = ON")
    assert (await listening.post(b"{}", signed(b"{}")))[0] == 503
    assert not listening.stored.is_set()
    await connection.execute("PRAGMA query_only = OFF")
    assert (await listening.post(b"{}", signed(b"{}")))[0] == 200
    assert len(await listening.rows()) == 1


async def test_a_closing_database_is_a_503(listening: Listening) -> None:
    listening.db.writer.close()
    with pytest.raises(errors.StorageError):
        await listening.append("id", Webhook(FakeClock().now(), "", "", "", "", b""))
    assert (await listening.post(b"{}", signed(b"{}")))[0] == 503


async def test_header_bytes_that_are_not_utf_8_do_no_harm(listening: Listening) -> None:
    for signature_bytes, status in (
        (signature.sign(b"{}", recordings.SECRET.encode()).encode(), b"200"),
        (b"\xff\xfe", b"401"),
    ):
        parts = urlsplit(listening.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(
            b"POST /webhooks HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n"
            b"X-WC-Webhook-Topic: order.\xff\xe4\r\nX-WC-Webhook-Source: http://caf\xc3\xa9/\r\n"
            b"X-WC-Webhook-ID: \xed\xa0\x80\r\nX-WC-Webhook-Signature: " + signature_bytes
        )
        writer.write(b"\r\n\r\n{}")
        assert (await reader.read()).split(b" ")[1] == status
        writer.close()
        await writer.wait_closed()
    [row] = await listening.rows()
    assert row.webhook.source == "http://café/"
    assert row.webhook.topic.startswith("order.")
