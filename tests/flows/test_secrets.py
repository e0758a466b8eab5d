"""A daemon whose secrets are marked, in all kinds of trouble: none of them is ever said."""

from __future__ import annotations

import asyncio
import base64
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

from agent.demo.site import Site
from tests import processes, recordings

if TYPE_CHECKING:
    from collections.abc import Callable

SECRETS = {
    "store.consumer_key": "ck_MARKED0key",
    "store.consumer_secret": "cs_MARKED1consumer",
    "webhooks.secret": "MARKED2webhook",
    "webhooks.previous_secret": "MARKED3previous",
    "gateway.token": "MARKED4token",
    "gateway.signing_secret": "whsec_" + base64.b64encode(b"MARKED5 of 24 bytes.....").decode(),
    "admin.token": "MARKED6admin",
}
_BASIC = f"{SECRETS['store.consumer_key']}:{SECRETS['store.consumer_secret']}".encode()
_MARKS = [
    *(secret.removeprefix("whsec_") for secret in SECRETS.values()),
    base64.b64encode(_BASIC).decode(),
    "MARKED",
]


def _sections(**more: dict[str, Any]) -> dict[str, dict[str, Any]]:
    sections: dict[str, dict[str, Any]] = {"log": {"level": "debug"}}
    for key, secret in SECRETS.items():
        section, _, name = key.rpartition(".")
        sections.setdefault(section, {})[name] = secret
    for section, values in more.items():
        sections[section] = sections.get(section, {}) | values
    return sections


def _echoing(status: int) -> Callable[[web.Request], object]:
    """Answers with all that it was sent, as a chatty proxy would."""

    async def handle(request: web.Request) -> web.Response:
        body = (await request.read()).decode(errors="replace")
        given = request.headers.get("Authorization")
        said = f"{given} {request.rel_url} {dict(request.headers)} {body}"
        return web.Response(status=status, text=said)

    return handle


@pytest.mark.timeout(30)
@pytest.mark.parametrize("status", [401, 500])
async def test_nothing_that_a_daemon_says_holds_a_secret(tmp_path: Path, status: int) -> None:
    handle = _echoing(status)
    gateway, store = (Site([web.route("*", "/{path:.*}", handle)]) for _ in range(2))  # type: ignore[arg-type]
    said: list[str] = []
    async with gateway.serving(), store.serving():
        config = processes.write_config(
            tmp_path,
            "brand.toml",
            **_sections(
                gateway={"url": gateway.url},
                store={"url": store.url, "connect_to": f"127.0.0.1:{store.port}"},
            ),
        )
        async with processes.running(config) as agent, aiohttp.ClientSession() as session:
            said.append(_command_line(agent.process.pid))
            hook = recordings.webhook(14)
            for headers in (dict(hook.headers), {}):
                async with session.post(
                    agent.webhooks_url, data=hook.body, headers=headers
                ) as answer:
                    said.append(await answer.text())
                    assert answer.status == 401
            await agent.said("gateway")
            await gateway.until(lambda: gateway.requests >= 2)
            await store.until(lambda: store.requests >= 1)
            for path in ("livez", "readyz", "health", "metrics"):
                async with session.get(f"http://{agent.admin}/{path}") as answer:
                    said.append(await answer.text())
            agent.signal(signal.SIGHUP)
            agent.signal(signal.SIGTERM)
            assert await agent.ended() == 0
            said += agent.log
    for arguments in (["config", "show"], ["config", "show", "--json"], ["config", "check"]):
        done = await processes.run(*arguments, "--config", str(config))
        said += [done.stdout, done.stderr]
    _assert_unsaid(said)


@pytest.mark.parametrize("key", sorted(SECRETS))
async def test_a_secret_that_can_not_be_used_is_not_shown(tmp_path: Path, key: str) -> None:
    sections = _sections()
    section, _, name = key.rpartition(".")
    sections[section][name] = SECRETS[key] + "\n\x07broken"
    config = processes.write_config(tmp_path, "brand.toml", **sections)
    done = await asyncio.gather(
        processes.run("config", "check", "--config", str(config)),
        processes.run("run", "--config", str(config)),
    )
    for one in done:
        assert one.exit_code == 2
        assert key in one.stderr
        _assert_unsaid([one.stdout, one.stderr])


def _command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def _assert_unsaid(said: list[str]) -> None:
    assert any(said)
    for text in said:
        for mark in _MARKS:
            assert mark not in text, text
