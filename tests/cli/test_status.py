from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from agent import errors
from agent.cli import main
from agent.ops import health, http
from agent.ops.admin import Admin
from agent.ops.facts import Facts, Side
from agent.settings import AdminSettings, UnixAddress
from tests import processes
from tests.ops.facts import SETTINGS, WELL, facts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.cli.conftest import Past

WARN, FAIL = facts(outbox={"dead_unresolved": 2}), facts(gateway=Side("http_401", True))


class Up:
    """A daemon's admin listener, and ``woo-agent status`` asking it."""

    def __init__(self, folder: Path, known: Facts) -> None:
        self.folder, self._known = folder, known
        self.listen = UnixAddress(folder / "admin.sock")

    async def true(self) -> bool:
        return True

    async def ready(self) -> str:
        return ""

    async def health(self) -> dict[str, Any]:
        return health.document(self._known, SETTINGS)

    @asynccontextmanager
    async def listening(self, **settings: str) -> AsyncIterator[None]:
        given = AdminSettings.model_validate({"listen": str(self.listen)} | settings)
        admin = Admin(given, alive=self.true, ready=self.ready, health=self.health)
        async with http.listening(admin.application(), self.listen, setting="admin.listen"):
            yield

    async def status(self, *arguments: str, **admin: str) -> Result:
        admin = {"listen": str(self.listen)} | admin
        config = processes.write_config(self.folder, admin=admin)
        line = ["status", "--config", str(config), *arguments]
        environ = {"COLUMNS": "300"}
        result = await asyncio.to_thread(CliRunner().invoke, main.app, line, env=environ)
        if isinstance(result.exception, errors.AgentError):
            raise result.exception
        return result


@pytest.mark.parametrize(
    ("known", "status", "exit_code", "nagios", "word"),
    [
        (WELL, "pass", 0, 0, "OK"),
        (WARN, "warn", 0, 1, "WARNING"),
        (FAIL, "fail", 1, 2, "CRITICAL"),
    ],
)
async def test_it_says_what_health_says_in_words_json_and_for_nagios(
    tmp_path: Path, known: Facts, status: str, exit_code: int, nagios: int, word: str
) -> None:
    up = Up(tmp_path, known)
    document = await up.health()
    async with up.listening():
        text = await up.status()
        as_json = await up.status("--json")
        for_nagios = await up.status("--nagios")
    assert (text.exit_code, as_json.exit_code) == (exit_code, exit_code)
    assert text.stdout.startswith(f"{status}: {health.line(document)}\n")
    assert all(name in text.stdout for name in document["checks"])
    assert json.loads(as_json.stdout) == document
    assert for_nagios.exit_code == nagios
    [line] = for_nagios.stdout.splitlines()
    told, _, performance = line.partition(" | ")
    assert told == f"WOO-AGENT {word} - {health.line(document)}"
    figures = dict(pair.split("=") for pair in performance.split())
    assert figures["'outbox:dead'"] == str(known.outbox["dead_unresolved"])
    assert "'state:writable'" not in figures


async def test_a_daemon_that_does_not_let_us_in_is_not_called_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(UnixAddress, "is_local", False)
    up = Up(tmp_path, WELL)
    async with up.listening(token="right"):
        with pytest.raises(errors.UnreachableError, match="does not answer us") as refused:
            await up.status(token="wrong")
        assert (await up.status(token="right")).exit_code == 0
    assert refused.value.exit_code == 3
    assert "admin.token" in refused.value.hint


def test_when_the_daemon_is_down_the_files_speak(past: Past) -> None:
    text = past.run("status")
    assert text.exit_code == 3
    assert text.stdout.startswith("down: no daemon answers on 127.0.0.1:")
    assert "dead              1" in text.stdout
    assert text.stderr.startswith("hint: ")
    as_json = past.run("status", "--json")
    assert as_json.exit_code == 3
    told = json.loads(as_json.stdout)
    assert told["status"] == "down"
    assert (told["outbox"]["pending"], told["outbox"]["dead"]) == (1, 1)
    for_nagios = past.run("status", "--nagios")
    assert for_nagios.exit_code == 2
    assert for_nagios.stdout.startswith("WOO-AGENT CRITICAL - the daemon does not answer")


async def test_down_and_without_a_state_is_still_down(tmp_path: Path) -> None:
    up = Up(tmp_path, WELL)
    text = await up.status()
    assert text.exit_code == 3
    assert "no state yet" in text.stdout
    told = json.loads((await up.status("--json")).stdout)
    assert told == {"status": "down", "outbox": None, "paused": {}}
