"""Whom the client trusts, and how it proves itself."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from agent import errors
from tests.gateway import callers, certificates

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificates:
    return certificates.made(tmp_path_factory.mktemp("tls"))


@asynccontextmanager
async def over_tls(context: ssl.SSLContext) -> AsyncIterator[str]:
    """The address of a gateway that answers ``{}`` over TLS."""

    async def handle(request: web.Request) -> web.Response:
        return web.json_response({})

    app = web.Application()
    app.add_routes([web.route("*", "/{path:.*}", handle)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_only_a_certificate_of_an_authority_we_know_is_trusted(
    made: certificates.Certificates,
) -> None:
    async with over_tls(made.for_server()) as url:
        async with callers.calling(url) as calls:
            answer = await calls.post_events(b"[]")
            assert (answer.status, answer.failure) == (None, "tls")
            assert "certificate" in answer.excerpt
        async with callers.calling(url, ca_file=str(made.ca)) as calls:
            assert (await calls.post_events(b"[]")).status == 200
        named = url.replace("127.0.0.1", "localhost")
        async with callers.calling(named, ca_file=str(made.ca)) as calls:
            assert (await calls.post_events(b"[]")).failure == "tls"


async def test_a_gateway_that_wants_our_certificate_gets_it(
    made: certificates.Certificates,
) -> None:
    ours = {"client_cert": str(made.client), "client_key": str(made.client_key)}
    async with over_tls(made.for_server(client_needed=True)) as url:
        async with callers.calling(url, ca_file=str(made.ca), **ours) as calls:
            assert (await calls.post_events(b"[]")).status == 200
        async with callers.calling(url, ca_file=str(made.ca)) as calls:
            answer = await calls.post_events(b"[]")
            assert answer.status is None
            assert answer.failure


@pytest.mark.parametrize("setting", ["ca_file", "client_cert"])
async def test_certificates_that_do_not_load_are_settings_to_change(
    tmp_path: Path, setting: str
) -> None:
    (tmp_path / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nno\n")
    for name in ("missing.pem", "broken.pem"):
        file = str(tmp_path / name)
        with pytest.raises(errors.ConfigError, match=r"gateway\.ca_file"):
            async with callers.calling("https://gateway.example", **{setting: file}):
                pass


async def test_certificate_and_key_may_stand_in_one_file(
    made: certificates.Certificates, tmp_path: Path
) -> None:
    both = tmp_path / "client.pem"
    both.write_text(made.client.read_text() + made.client_key.read_text())
    async with (
        over_tls(made.for_server(client_needed=True)) as url,
        callers.calling(url, ca_file=str(made.ca), client_cert=str(both)) as calls,
    ):
        assert (await calls.post_events(b"[]")).status == 200


async def test_a_certificate_of_another_authority_does_not_let_us_in(
    made: certificates.Certificates, tmp_path: Path
) -> None:
    other = certificates.made(tmp_path)
    ours = {"client_cert": str(other.client), "client_key": str(other.client_key)}
    async with (
        over_tls(made.for_server(client_needed=True)) as url,
        callers.calling(url, ca_file=str(made.ca), **ours) as calls,
    ):
        answer = await calls.post_events(b"[]")
        assert answer.status is None
        assert answer.failure


async def test_a_key_that_is_not_that_of_the_certificate_is_a_setting_to_change(
    made: certificates.Certificates, tmp_path: Path
) -> None:
    other = certificates.made(tmp_path)
    ours = {"client_cert": str(made.client), "client_key": str(other.client_key)}
    with pytest.raises(errors.ConfigError, match="client_key") as caught:
        async with callers.calling("https://gateway.example", **ours):
            pass
    assert "PRIVATE" not in caught.value.message
