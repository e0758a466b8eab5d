"""The disk under the daemon is full, locked or read-only: no lie is told, and it recovers."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import tempfile
from contextlib import closing, nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from agent import daemon, errors
from agent.clock import SystemClock
from agent.daemon import Surroundings
from agent.demo.gateway import Gateway
from agent.ops.systemd import Notifier
from agent.storage import database
from agent.woo import signature
from tests import agents, processes, recordings
from tests.crash import disks
from tests.crash.disks import Limited, Tmpfs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime
    from pathlib import Path

# The name of each test says what it was shown on: a real tmpfs, where this machine allows it.
MOUNTS = disks.may_mount()
KINDS = [Tmpfs, Limited] if MOUNTS else [Limited]
_ORDER, _PRODUCT = recordings.webhook(14), "product.updated"
_LONG = "x" * 20_000


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def send(
    http: aiohttp.ClientSession, url: str, number: int, topic: str = "order.updated", note: str = ""
) -> int:
    """A signed order of that number; the status of the answer."""
    body = json.dumps(_ORDER.json() | {"id": number, "customer_note": note}).encode()
    headers = {
        **_ORDER.headers,
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Signature": signature.sign(body, recordings.SECRET.encode()),
    }
    async with http.post(url, data=body, headers=headers) as answer:
        return answer.status


async def writable(http: aiohttp.ClientSession, agent: processes.Agent) -> Any:
    """What health says of writing."""
    async with http.get(f"http://{agent.admin}/health") as response:
        document = await response.json(content_type=None)
    return document["checks"]["state:writable"][0]


async def readiness(http: aiohttp.ClientSession, agent: processes.Agent) -> int:
    async with http.get(f"http://{agent.admin}/readyz") as response:
        return response.status


def stored(folder: Path) -> list[int]:
    """The numbers of the orders on disk, in a database that is whole."""
    with closing(sqlite3.connect(folder / "state" / database.FILE)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = db.execute("SELECT body FROM arrivals ORDER BY sequence").fetchall()
    return [json.loads(body)["id"] for (body,) in rows]


@pytest.mark.timeout(40)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_full_disk_gets_no_200_and_nothing_half_written_and_recovers_by_itself(
    tmp_path: Path, http: aiohttp.ClientSession, kind: type[Tmpfs | Limited]
) -> None:
    with disks.disk(kind, tmp_path / "disk") as disk:
        config = processes.write_config(
            tmp_path, state={"dir": str(disk.folder / "state"), "min_free": "0B"}
        )
        answers: dict[int, int] = {}
        async with processes.running(config) as agent:
            for number in range(1, 6):
                answers[number] = await send(http, agent.webhooks_url, number, note=_LONG)
            assert set(answers.values()) == {200}
            for first in (100, 200):
                disk.fill(agent.process.pid)
                for number in range(first, first + 30):
                    answers[number] = await send(http, agent.webhooks_url, number, note=_LONG)
                assert set(answers.values()) == {200, 503}
                assert answers[first + 29] == 503
                check = await writable(http, agent)
                assert check["status"] == "fail"
                assert disk.told in check["output"]
                assert await readiness(http, agent) == 503
                disk.make_room(agent.process.pid)
                assert await send(http, agent.webhooks_url, first + 50, note=_LONG) == 200
                answers[first + 50] = 200
                assert (await writable(http, agent))["status"] == "pass"
                assert await readiness(http, agent) == 200
            agent.signal(signal.SIGTERM)
            assert await agent.ended() == 0
        assert stored(disk.folder) == [n for n, status in answers.items() if status == 200]
        assert not any("Traceback" in line for line in agent.log)


@pytest.mark.parametrize(
    ("full", "answers", "status"), [(0.99, [200, 503], "warn"), (0.5, [503, 503], "fail")]
)
async def test_the_catalogue_is_refused_first_and_orders_last(
    tmp_path: Path, http: aiohttp.ClientSession, full: float, answers: list[int], status: str
) -> None:
    async with agents.running(agents.configured(tmp_path)) as agent:
        url = agents.url(agent)
        assert [await send(http, url, 1), await send(http, url, 2, _PRODUCT)] == [200, 200]
        for number in range(100, 150):  # so that one more is little
            assert await send(http, url, number) == 200
        while (await agent.outbox())["unjudged"]:
            await SystemClock().sleep(0.01)
        size = (await agent.health())["checks"]["state:databaseSize"][0]["observedValue"]
    largest = {"dir": str(tmp_path), "min_free": 0, "max_size": int(size * full)}
    given = agents.configured(tmp_path)
    limited = given.model_copy(update={"state": given.state.model_validate(largest)})
    async with agents.running(limited) as agent:
        url = agents.url(agent)
        assert [await send(http, url, 3), await send(http, url, 4, _PRODUCT)] == answers
        assert (await agent.health())["checks"]["state:databaseSize"][0]["status"] == status
        assert bool(await agent.ready()) == (status == "fail")


@pytest.mark.timeout(20)
async def test_a_database_that_another_process_holds_is_named_and_taken_up_again(
    tmp_path: Path, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.1)
    async with agents.running(agents.configured(tmp_path)) as agent:
        url, path = agents.url(agent), tmp_path / database.FILE
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert await send(http, url, 1) == 503
            check = (await agent.health())["checks"]["state:writable"][0]
            assert check["status"] == "fail"
            assert "database is locked" in check["output"]
            assert check["output"].endswith(f"fuser -v {path}")
            assert "database" in await agent.ready()
        assert await send(http, url, 2) == 200
        assert (await agent.health())["checks"]["state:writable"][0]["status"] == "pass"
        assert await agent.ready() == ""


@pytest.mark.parametrize("real", [MOUNTS])
async def test_a_read_only_file_system_is_named_at_start_and_nothing_is_set_aside(
    tmp_path: Path, real: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing may be mounted (``False``) the kernel's answer is made up."""
    with disks.mounted(tmp_path) if real else nullcontext():
        async with database.opened(tmp_path):
            pass
        before = disks.names(tmp_path)
        if real:
            disks.remount(tmp_path, "ro")
        else:
            monkeypatch.setattr(tempfile, "TemporaryFile", _read_only)
        with pytest.raises(errors.StartError, match="Read-only file system") as caught:
            async with database.opened(tmp_path):
                raise AssertionError
        assert caught.value.hint.endswith(f"findmnt -T {tmp_path}")
        assert disks.names(tmp_path) == before
        if real:
            disks.remount(tmp_path, "rw")
        else:
            monkeypatch.undo()
        async with database.opened(tmp_path):
            pass


def _read_only(**_: object) -> None:
    raise OSError(30, "Read-only file system")


class SetBack(SystemClock):
    """The machine's clock, until somebody sets it back."""

    def __init__(self) -> None:
        self.back = timedelta()

    def now(self) -> datetime:
        return super().now() - self.back


async def test_a_clock_that_jumps_back_an_hour_is_named_and_holds_nothing_up(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    gateway = Gateway(tmp_path / "gateway.db", SystemClock(), token=agents.TOKEN)
    async with gateway.serving():
        settings = agents.configured(tmp_path / "state", gateway={"url": gateway.url})
        around = Surroundings(clock := SetBack(), random.Random(1), Notifier({}))
        async with daemon.running(settings, around) as agent:
            url = agents.url(agent)
            assert await send(http, url, 1) == 200
            await gateway.until(lambda: gateway.head_position(agents.STORE) == 1)
            gateway.faults.withhold_results(times=1)  # number 2 waits, by the clock as it was
            assert await send(http, url, 2) == 200
            await gateway.until(lambda: len(gateway.batches(agents.STORE)) == 2)
            assert (await agent.health())["checks"]["state:clock"][0]["status"] == "pass"
            clock.back = timedelta(hours=1)
            assert await send(http, url, 3) == 200
            await gateway.until(lambda: gateway.head_position(agents.STORE) == 3)
            check = (await agent.health())["checks"]["state:clock"][0]
            assert check["status"] == "warn"
            assert 3590 < check["observedValue"] <= 3600
        numbers = [event["sequence"] for event in gateway.events(agents.STORE)]
        assert numbers == sorted(numbers)


@pytest.mark.timeout(40)
async def test_a_broken_page_is_named_found_and_set_aside_at_the_next_start(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    # What is sent as it came is read from the page that breaks.
    config = processes.write_config(tmp_path, gateway={"payload": "raw"})
    path = tmp_path / "state" / database.FILE
    async with processes.running(config) as agent:
        assert [await send(http, agent.webhooks_url, n, note=_LONG) for n in (1, 2)] == [200, 200]
        agent.signal(signal.SIGTERM)
        assert await agent.ended() == 0
    pages = path.read_bytes()
    body = pages.index(b"x" * 4092) // 4096 * 4096  # a page of the older one's
    path.write_bytes(pages[:body] + b"\xff" * 4096 + pages[body + 4096 :])
    async with processes.running(config) as agent:
        await agent.said("malformed")  # nobody but the forwarder read that page
        async with http.get(f"http://{agent.admin}/health") as response:
            checks = (await response.json(content_type=None))["checks"]
        assert checks["state:sound"][0]["status"] == "fail"
        assert "woo-agent outbox check" in checks["state:sound"][0]["output"]
        found = await processes.run("outbox", "check", "--config", str(config))
        assert found.exit_code == 1
        agent.signal(signal.SIGTERM)
        assert await agent.ended() == 0
    async with processes.running(config) as agent:
        async with http.get(f"http://{agent.admin}/health") as response:
            checks = (await response.json(content_type=None))["checks"]
        assert checks["state:sound"][0]["status"] == "pass"
        assert "lost: 1 of arrivals" in checks["state:setAside"][0]["output"]
        assert await send(http, agent.webhooks_url, 3) == 200
    assert stored(tmp_path) == [2, 3]
