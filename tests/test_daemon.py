"""The daemon as systemd and the operator meet it: a real process, signals, sockets."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sqlite3
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from agent.clock import SystemClock
from agent.demo.gateway import Gateway
from agent.demo.site import Fault
from agent.events import judge
from agent.storage import outbox_view
from tests import agents, processes, recordings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

ORDER = recordings.webhook(14)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


class Supervisor:
    """The end of ``$NOTIFY_SOCKET`` that systemd holds."""

    def __init__(self, path: Path) -> None:
        self.environ = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "200000"}
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)

    async def told(self, assignment: str) -> list[str]:
        """Reads on until somebody says that; the lines of that message."""
        while True:
            message = await asyncio.get_running_loop().sock_recv(self.socket, 65536)
            lines = message.decode().split("\n")
            if any(line.startswith(assignment) for line in lines):
                return lines


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path / "notify")
    yield made
    made.socket.close()


async def health(http: aiohttp.ClientSession, agent: processes.Agent) -> Any:
    async with http.get(f"http://{agent.admin}/health") as response:
        return await response.json(content_type=None)


async def test_it_takes_webhooks_while_store_and_gateway_are_down(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    async with processes.running(processes.write_config(tmp_path)) as agent:
        assert await agents.post(http, agent.webhooks_url, ORDER) == 200
        await agent.said("the gateway does not take events")
        document = await health(http, agent)
        assert document["status"] == "warn"
        assert document["checks"]["gateway:connection"][0]["observedValue"] == "down"
        async with http.get(f"http://{agent.admin}/readyz") as response:
            assert response.status == 200
        agent.signal(signal.SIGTERM)
        assert await agent.ended() == 0
    assert not any("Traceback" in line for line in agent.log)


async def test_it_tells_systemd_what_it_does(tmp_path: Path, supervisor: Supervisor) -> None:
    config = processes.write_config(tmp_path)
    async with processes.running(config, environ=supervisor.environ) as agent:
        assert "STATUS=running" in await supervisor.told("READY=1")
        await supervisor.told("WATCHDOG=1")
        await supervisor.told("STATUS=gateway:connection")
        await supervisor.told("WATCHDOG=1")  # and again: every half of the interval
        agent.signal(signal.SIGHUP)
        assert any("MONOTONIC_USEC=" in line for line in await supervisor.told("RELOADING=1"))
        await supervisor.told("READY=1")
        agent.signal(signal.SIGTERM)
        await supervisor.told("STOPPING=1")
        assert await agent.ended() == 0


async def test_a_webhook_under_way_is_answered_before_it_ends(tmp_path: Path) -> None:
    headers = {**ORDER.headers, "Host": "x", "Content-Length": str(len(ORDER.body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    async with processes.running(processes.write_config(tmp_path)) as agent:
        host, _, port = agent.webhooks.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"POST /webhooks HTTP/1.1\r\n{head}\r\n".encode() + ORDER.body[:100])
        async with aiohttp.ClientSession() as http:  # its answer comes when the first one waits
            assert await agents.post(http, agent.webhooks_url, ORDER) == 200
        agent.signal(signal.SIGTERM)
        await agent.said("stopping")
        writer.write(ORDER.body[100:])
        assert b" 200 " in await reader.readline()
        writer.close()
        assert await agent.ended() == 0
    found = await processes.run(
        "outbox", "list", "--json", "--config", str(tmp_path / "brand.toml")
    )
    assert found.stdout.count('"id"') == 2


async def test_a_second_sigterm_does_not_wait_for_a_gateway_that_hangs(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    gateway = Gateway(tmp_path / "gateway.db", SystemClock(), token=agents.TOKEN)
    async with gateway.serving():
        gateway.site.misbehave(Fault.HANG, under="/events")
        config = processes.write_config(tmp_path, gateway={"url": gateway.url})
        async with processes.running(config) as agent:
            polls = gateway.site.requests
            assert await agents.post(http, agent.webhooks_url, ORDER) == 200
            await gateway.until(lambda: gateway.site.requests > polls + 1)
            started = time.monotonic()
            agent.signal(signal.SIGTERM)
            await agent.said("stopping")
            agent.signal(signal.SIGTERM)
            assert await agent.ended() == 0
            assert time.monotonic() - started < 3  # stop_grace is 5
        async with processes.running(config) as again:
            gateway.behave()
            await gateway.until(lambda: len(gateway.events(agents.STORE)) == 1)
            assert again.log


async def test_a_send_under_way_is_settled_before_it_ends(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    gateway = Gateway(tmp_path / "gateway.db", SystemClock(), token=agents.TOKEN)
    async with gateway.serving():
        gateway.hold_answers()
        config = processes.write_config(tmp_path, gateway={"url": gateway.url})
        async with processes.running(config) as agent:
            assert await agents.post(http, agent.webhooks_url, ORDER) == 200
            await gateway.until(lambda: len(gateway.batches(agents.STORE)) == 1)
            agent.signal(signal.SIGTERM)
            await agent.said("stopping")
            gateway.release_answers()
            assert await agent.ended() == 0
    found = await processes.run("outbox", "list", "--json", "--config", str(config))
    [row] = json.loads(found.stdout)
    assert (row["state"], row["attempts"]) == ("accepted", 1)


async def test_a_send_that_never_ends_is_returned_within_the_grace(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    gateway = Gateway(tmp_path / "gateway.db", SystemClock(), token=agents.TOKEN)
    async with gateway.serving():
        gateway.site.misbehave(Fault.HANG, times=1, under="/events")
        config = processes.write_config(tmp_path, gateway={"url": gateway.url})
        config.write_text(config.read_text().replace('stop_grace = "5s"', 'stop_grace = "1s"'))
        async with processes.running(config) as agent:
            assert await agents.post(http, agent.webhooks_url, ORDER) == 200
            await gateway.until(lambda: not gateway.site._plans)  # it hangs
            started = time.monotonic()
            agent.signal(signal.SIGTERM)
            assert await agent.ended() == 0
            assert 0.9 < time.monotonic() - started < 4
    found = await processes.run("outbox", "list", "--json", "--config", str(config))
    [row] = json.loads(found.stdout)
    assert (row["state"], row["attempts"]) == ("pending", 0)


async def test_a_changed_file_is_taken_a_bad_one_refused_and_restarts_are_named(
    tmp_path: Path,
) -> None:
    async with processes.running(processes.write_config(tmp_path)) as agent:
        processes.write_config(tmp_path, log={"level": "debug"}, updates={"wait": "1s"})
        assert "log.level" in await agent.said("configuration reloaded: ")
        processes.write_config(tmp_path, log={"level": "loud"})
        assert "log.level must be" in await agent.said("the configuration was not taken")
        processes.write_config(tmp_path, updates={"wait": "1s"}, store={"url": "http://other.test"})
        assert "log.level" in await agent.said("configuration reloaded: ", 2)
        assert "store.url" in await agent.said("changes that need a restart")
        agent.signal(signal.SIGTERM)
        assert await agent.ended() == 0


async def test_sighup_reads_what_the_environment_and_files_say_again(tmp_path: Path) -> None:
    token = tmp_path / "elsewhere" / "token"
    token.parent.mkdir()
    token.write_text("one")
    token.chmod(0o600)
    config = processes.write_config(tmp_path, admin={"token_file": str(token)})
    async with processes.running(config) as agent:
        token.write_text("two")
        agent.signal(signal.SIGHUP)
        assert "admin.token" in await agent.said("changes that need a restart")


async def test_a_socket_of_systemd_is_taken_in_place_of_its_own(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        config = processes.write_config(tmp_path)
        waiting = asyncio.create_task(
            agents.post(http, f"http://127.0.0.1:{port}/webhooks", ORDER)
        )  # connected in the kernel before there is an agent
        async with processes.running(config, inherits=listening.fileno()) as agent:
            assert await waiting == 200
            assert agent.webhooks == f"127.0.0.1:{port}"


async def test_a_unix_socket_that_a_killed_daemon_left_is_no_obstacle_but_a_living_one_is(
    tmp_path: Path,
) -> None:
    path = tmp_path / "webhooks.sock"
    config = processes.write_config(tmp_path, webhooks={"listen": f"unix:{path}"})
    other = processes.write_config(
        tmp_path,
        "other.toml",
        webhooks={"listen": f"unix:{path}"},
        state={"dir": str(tmp_path / "other")},
    )
    async with processes.running(config) as agent:
        agent.signal(signal.SIGKILL)
        assert await agent.ended() == -signal.SIGKILL
    assert path.is_socket()
    async with (
        processes.running(config) as agent,
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session,
    ):
        refused = await processes.run("run", "--config", str(other))
        assert refused.exit_code == 1
        assert f"error: another program already listens on unix:{path}" in refused.stderr
        assert await agents.post(session, "http://x/webhooks", ORDER) == 200
        agent.signal(signal.SIGTERM)
        assert await agent.ended() == 0
    assert not path.exists()


async def test_a_gateway_that_refuses_the_token_is_a_failure_before_there_is_any_event(
    tmp_path: Path,
) -> None:
    gateway = Gateway(tmp_path / "gateway.db", SystemClock(), token="another")
    async with gateway.serving():
        settings = agents.configured(tmp_path / "state", gateway={"url": gateway.url})
        async with agents.running(settings) as agent:
            await gateway.until(lambda: gateway.site.requests > 1)
            document = await agent.health()
    assert document["status"] == "fail"
    assert "http_401" in document["checks"]["gateway:connection"][0]["output"]


async def test_a_database_that_cannot_be_read_is_a_failure_and_not_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreadable(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    async with agents.running(agents.configured(tmp_path / "state")) as agent:
        monkeypatch.setattr(outbox_view, "stats", unreadable)
        document = await agent.health()
    assert document["status"] == "fail"
    assert "disk I/O error" in document["checks"]["state:readable"][0]["output"]


async def test_a_fault_of_one_actor_ends_the_daemon_and_comes_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(judge.Judge, "run", broken)
    with pytest.raises(ExceptionGroup) as caught:
        async with agents.running(agents.configured(tmp_path / "state")) as agent:
            await asyncio.wait([agent.supervision])
    assert caught.group_contains(ZeroDivisionError)


async def test_a_body_that_claims_to_be_compressed_is_no_fault_of_ours(tmp_path: Path) -> None:
    config = processes.write_config(tmp_path)
    async with processes.running(config) as agent, aiohttp.ClientSession() as session:
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        async with session.post(
            agent.webhooks_url, data=b"no gzip at all", headers=headers
        ) as response:
            assert response.status == 401
        assert not [line for line in agent.log if "Traceback" in line]
