from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.ops import health, http
from agent.ops.admin import Admin
from agent.ops.facts import Facts, Side
from agent.settings import AdminSettings, TcpAddress
from tests.ops.facts import SETTINGS, WELL, facts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ANY_PORT = TcpAddress("127.0.0.1", 0)


class Agent:
    """What an admin listener asks."""

    def __init__(self, known: Facts = WELL, *, alive: bool = True, reason: str = "") -> None:
        self.known, self._alive, self._reason = known, alive, reason

    async def alive(self) -> bool:
        return self._alive

    async def ready(self) -> str:
        return self._reason

    async def health(self) -> dict[str, Any]:
        return health.document(self.known, SETTINGS)


@asynccontextmanager
async def session(
    agent: Agent, listen: str = "127.0.0.1:0", token: str | None = None
) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of an admin listener; ``listen`` is where it believes to listen."""
    settings = AdminSettings.model_validate({"listen": listen, "token": token})
    admin = Admin(settings, alive=agent.alive, ready=agent.ready, health=agent.health)
    async with (
        http.listening(admin.application(), ANY_PORT, setting="admin.listen") as address,
        aiohttp.ClientSession(base_url=f"http://{address}") as client,
    ):
        yield client


@pytest.mark.parametrize(
    ("agent", "path", "status", "text"),
    [
        (Agent(), "/livez", 200, "ok\n"),
        (Agent(alive=False), "/livez", 503, "stuck\n"),
        (Agent(), "/readyz", 200, "ok\n"),
        (Agent(reason="no space"), "/readyz", 503, "no space\n"),
    ],
)
async def test_probes_say_ok_or_why_not(agent: Agent, path: str, status: int, text: str) -> None:
    async with session(agent) as client, client.get(path) as response:
        assert (response.status, await response.text()) == (status, text)


@pytest.mark.parametrize(
    ("known", "status", "code"),
    [
        (WELL, "pass", 200),
        (facts(store=Side("away")), "warn", 200),
        (facts(store=Side("refused", True)), "fail", 503),
    ],
)
async def test_health_is_health_json_and_503_only_on_fail(
    known: Facts, status: str, code: int
) -> None:
    async with session(Agent(known)) as client, client.get("/health") as response:
        assert response.status == code
        assert response.content_type == "application/health+json"
        document = await response.json(content_type=None)
    assert document == health.document(known, SETTINGS)
    assert document["status"] == status


async def test_every_metric_carries_our_name_and_can_be_parsed() -> None:
    async with session(Agent()) as client, client.get("/metrics") as response:
        assert response.status == 200
        assert response.content_type == "text/plain"
        families = list(text_string_to_metric_families(await response.text()))
    assert families
    assert {family.name[:10] for family in families} == {"woo_agent_"}


BEYOND = "0.0.0.0:8788"


@pytest.mark.parametrize(
    ("listen", "token", "given", "status"),
    [
        ("127.0.0.1:0", None, None, 200),
        ("127.0.0.1:0", "t", None, 200),
        ("unix:/run/admin.sock", None, None, 200),
        (BEYOND, None, None, 403),
        (BEYOND, None, "Bearer ", 403),
        (BEYOND, "t", None, 401),
        (BEYOND, "t", "Bearer x", 401),
        (BEYOND, "t", "t", 401),
        (BEYOND, "t", "Bearer é", 401),
        (BEYOND, "t", "Bearer t", 200),
    ],
)
@pytest.mark.parametrize("path", ["/health", "/metrics"])
async def test_beyond_this_machine_nobody_reads_without_the_token(
    listen: str, token: str | None, given: str | None, status: int, path: str
) -> None:
    headers = {} if given is None else {"Authorization": given}
    async with (
        session(Agent(), listen, token) as client,
        client.get(path, headers=headers) as response,
    ):
        assert response.status == status
        assert "pass" not in await response.text() or status == 200


async def test_probes_need_no_token_and_nothing_else_is_there() -> None:
    async with session(Agent(), BEYOND, "t") as client:
        statuses = {}
        for path in ("/livez", "/readyz", "/webhooks"):
            async with client.get(path) as response:
                statuses[path] = response.status
        async with client.post("/health") as response:
            statuses["POST"] = response.status
    assert statuses == {"/livez": 200, "/readyz": 200, "/webhooks": 404, "POST": 405}
