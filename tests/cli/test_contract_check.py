"""``woo-agent contract check`` as a command."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import sys
from typing import TYPE_CHECKING

import pytest

from agent.clock import SystemClock
from agent.demo.gateway import Gateway
from tests import agents, processes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    stand_in = Gateway(tmp_path / "gateway.db", SystemClock(), token=agents.TOKEN)
    async with stand_in.serving():
        yield stand_in


async def test_a_gateway_that_keeps_the_contract_ends_well(gateway: Gateway) -> None:
    finished = await processes.run(
        "contract", "check", gateway.url, "--token", agents.TOKEN, "--yes"
    )
    assert finished.exit_code == 0, finished.stdout
    assert "fail " not in finished.stdout
    *_, counts = finished.stdout.splitlines()
    assert counts == "30 pass, 0 fail, 4 skipped"
    said = finished.stderr
    assert gateway.url in said
    store = said.partition("for store ")[2].partition(";")[0]
    assert store.startswith("conformance-")
    assert 100 < len(gateway.events(store)) <= 300
    assert agents.TOKEN not in said + finished.stdout


async def test_a_sentence_that_is_not_kept_is_named(gateway: Gateway) -> None:
    gateway.faults.reject(lambda event: event["type"] == "retail.order.deleted.v1", code="why")
    finished = await processes.run(
        *("contract", "check", gateway.url, "--yes", "--json", "--store", "trial-1"),
        environ={"WOO_AGENT__GATEWAY__TOKEN": agents.TOKEN},
    )
    assert finished.exit_code == 1
    document = json.loads(finished.stdout)
    assert (document["url"], document["store"]) == (gateway.url, "trial-1")
    [failed] = [check for check in document["checks"] if check["outcome"] == "fail"]
    assert failed["check"] == "deletion"
    assert failed["found"] == "status 'rejected' (why: not wanted here)"
    assert "retail.X.deleted.v1" in failed["rule"]


async def test_on_a_terminal_it_asks_before_it_writes(gateway: Gateway) -> None:
    terminal, stdin = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent", "contract", "check", gateway.url),
        *("--token", agents.TOKEN),
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    os.write(terminal, b"n\n")
    _, said = await process.communicate()
    os.close(terminal)
    os.close(stdin)
    assert process.returncode == 1
    assert "Go on?" in said.decode()
    assert "nothing was written" in said.decode()
    assert gateway.site.requests == 0


@pytest.mark.parametrize(
    ("arguments", "exit_code", "error"),
    [
        (["http://127.0.0.1:{port}"], 3, "error: the gateway does not answer"),
        (["erp.example.com"], 2, "error: URL must be an http:// or https:// URL with a host"),
        (["http://127.0.0.1:{port}", "--store", "a b"], 2, "error: --store must be 1 to 64"),
        (["http://127.0.0.1:{port}", "--token", ""], 2, "error: --token is empty"),
    ],
)
async def test_what_can_not_begin_is_one_line_and_a_hint(
    arguments: list[str], exit_code: int, error: str
) -> None:
    port = agents.closed_port()
    finished = await processes.run(
        *("contract", "check", "--yes"), *(argument.format(port=port) for argument in arguments)
    )
    assert finished.exit_code == exit_code
    *_, line, hint = finished.stderr.splitlines()
    assert line.startswith(error)
    assert hint.startswith("hint: ")
    assert finished.stdout == ""
