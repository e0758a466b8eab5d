from __future__ import annotations

import asyncio
import random
import signal
import socket
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest

from agent.clock import SystemClock
from agent.settings import loading
from agent.woo import client
from tests import processes
from tests.settings.instances import Instances

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

REST = """
[store]
id = "brand-de"
url = "https://shop.example.com"
consumer_key = "ck_1"
consumer_secret = "cs_1"
[gateway]
url = "https://erp.example.com"
token = "t"
"""


@asynccontextmanager
async def sandbox(name: str, *arguments: str, lines: int) -> AsyncIterator[str]:
    """The configuration that it prints once it listens; then SIGTERM ends it well."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent", "sandbox", name, "--listen", "127.0.0.1:0", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        printed = [(await process.stdout.readline()).decode() for _ in range(lines)]
        yield "".join(printed)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def loaded(folder: Path, snippet: str) -> loading.Loaded:
    """The snippet in place of its section, with all the others."""
    section = snippet.partition("]")[0] + "]"
    others = ["[" + part for part in REST.split("[")[1:] if not f"[{part}".startswith(section)]
    text = "".join(others) + snippet + f'\n[webhooks]\nsecret = "s"\n[state]\ndir = "{folder}"\n'
    return loading.load(config=Instances(folder).write(text), environ={})


async def test_the_gateway_says_how_an_agent_reaches_it_and_is_there(tmp_path: Path) -> None:
    async with sandbox("gateway", "--token", "t0ken", lines=3) as snippet:
        gateway = loaded(tmp_path, snippet).settings.gateway
        headers = {"Authorization": f"Bearer {gateway.token.get_secret_value()}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"{gateway.url}/v1/stores/sandbox/updates") as response,
        ):
            assert response.status == 200


async def test_the_store_says_how_an_agent_reaches_it_and_has_products(tmp_path: Path) -> None:
    async with sandbox("store", "--products", "3", lines=5) as snippet:
        store = loaded(tmp_path, snippet).settings.store
        async with client.opened(store, clock=SystemClock(), rng=random.Random(1)) as woo:
            found = await woo.find(["SKU-003", "SKU-004"])
    assert {sku: len(products) for sku, products in found.items()} == {"SKU-003": 1, "SKU-004": 0}


@pytest.mark.parametrize("name", ["gateway", "store"])
async def test_an_address_that_is_taken_or_no_address_is_an_error_with_a_hint(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        finished = await processes.run("sandbox", name, "--listen", address)
    assert finished.exit_code == 1
    error, hint = finished.stderr.splitlines()
    assert error.startswith("error: can't listen")
    assert "--listen" in hint
