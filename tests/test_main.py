"""What a person sees when a command can't do what it was asked."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

import pytest

from agent.__main__ import main
from agent.cli import main as cli
from tests import processes

if TYPE_CHECKING:
    from pathlib import Path


def called(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit code of ``woo-agent ARGUMENTS``."""
    monkeypatch.setattr(sys, "argv", ["woo-agent", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize(
    ("arguments", "error", "command"),
    [
        (["frobnicate"], "frobnicate", "woo-agent"),
        (["--frobnicate"], "--frobnicate", "woo-agent"),
        (["run", "--confg", "x"], "--confg", "woo-agent run"),
        (["run", "--config"], "--config", "woo-agent"),
        (["outbox", "frobnicate"], "frobnicate", "woo-agent outbox"),
        (["outbox", "list", "--state", "lost"], "lost", "woo-agent outbox list"),
        (["outbox", "list", "--limit", "0"], "--limit", "woo-agent outbox list"),
        (["outbox", "show"], "ID", "woo-agent outbox show"),
        (["updates", "list", "surplus"], "surplus", "woo-agent updates list"),
    ],
)
def test_wrong_usage_is_one_line_and_the_help_to_ask_for(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    error: str,
    command: str,
) -> None:
    assert called(monkeypatch, *arguments) == 2
    said = capsys.readouterr()
    first, second = said.err.splitlines()
    assert first.startswith("error: ")
    assert error in first
    assert second == f"hint: {command} --help"
    assert not said.out


def test_a_noun_alone_shows_its_commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, "outbox") == 2
    said = capsys.readouterr()
    assert "replay" in said.out
    assert not said.err


def test_the_version_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, "--version") == 0
    assert capsys.readouterr().out.startswith("woo-agent ")


def test_a_fault_of_ours_is_one_line_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(**_: object) -> int:
        raise ExceptionGroup("unhandled", [ZeroDivisionError("division by zero")])

    monkeypatch.setattr(cli, "app", broken)
    assert called(monkeypatch, "status") == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first == "error: unexpected ZeroDivisionError: division by zero"
    assert second.startswith("hint: ")


def test_every_problem_of_a_configuration_is_an_error_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    bad = processes.write_config(tmp_path, store={"batch_size": 500}, gateway={"tiemout": "1s"})
    assert called(monkeypatch, "run", "--config", str(bad)) == 2
    *errors, hint = capsys.readouterr().err.splitlines()
    assert len(errors) == 2
    assert all(line.startswith("error: ") for line in errors)
    assert hint.startswith("hint: ")


async def cannot_start(config: Path, exit_code: int = 1) -> str:
    """The error; what else it says may only be its log."""
    finished = await processes.run("run", "--config", str(config))
    assert finished.exit_code == exit_code, finished.stderr
    *log, error, hint = finished.stderr.splitlines()
    assert all(line.startswith("{") for line in log), finished.stderr
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")
    return error


async def test_without_a_configuration_it_does_not_start(tmp_path: Path) -> None:
    error = await cannot_start(tmp_path / "none.toml", exit_code=2)
    assert "none.toml" in error


@pytest.mark.parametrize("section", ["webhooks", "admin"])
async def test_a_port_that_is_taken_is_named_with_its_setting(tmp_path: Path, section: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        config = processes.write_config(tmp_path, "brand.toml", **{section: {"listen": address}})
        error = await cannot_start(config)
    assert f"{address} ({section}.listen)" in error


async def test_a_state_directory_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    config = processes.write_config(tmp_path, state={"dir": str(tmp_path / "file" / "state")})
    error = await cannot_start(config)
    assert str(tmp_path / "file" / "state") in error


async def test_a_file_that_is_no_database_is_set_aside_and_named(tmp_path: Path) -> None:
    config = processes.write_config(tmp_path)
    state, letter = tmp_path / "state", b"not a database, but long enough for one" * 9
    state.mkdir()
    (state / "agent.db").write_bytes(letter)
    async with processes.running(config) as agent:
        await agent.said("the database was broken; set aside as")
    [aside] = state.glob("agent.db.corrupt-*")
    assert aside.read_bytes() == letter


async def test_a_second_daemon_keeps_off_the_state_of_the_first(tmp_path: Path) -> None:
    config = processes.write_config(tmp_path)
    async with processes.running(config):
        error = await cannot_start(config)
    assert str(tmp_path / "state") in error
