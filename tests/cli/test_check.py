"""``woo-agent outbox check``, with the daemon up and down."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from agent.storage import database, salvage
from tests import processes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(30)
async def test_a_broken_file_is_found_and_salvaged_at_the_next_start(tmp_path: Path) -> None:
    config = processes.write_config(tmp_path)
    path = tmp_path / "state" / database.FILE
    arguments = ("outbox", "check", "--config", str(config))
    async with processes.running(config):
        sound = await processes.run(*arguments)
        assert (sound.exit_code, sound.stdout) == (0, "")
    async with database.opened(path.parent):
        pass
    garble(path)
    found = await processes.run(*arguments)
    assert found.exit_code == 1
    for line in found.stdout.splitlines():
        assert line.endswith("systemctl restart 'woo-agent@*'")
    as_json = await processes.run(*arguments, "--json")
    assert as_json.exit_code == 1
    assert len(json.loads(as_json.stdout)) == len(found.stdout.splitlines()) > 0
    async with processes.running(config) as agent:
        await agent.said("the database was broken; set aside as agent.db.corrupt-")
        assert (await processes.run(*arguments)).exit_code == 0
    assert len(salvage.set_aside(path)) == 1


def garble(path: Path) -> None:
    """A page in the middle of the file is nonsense."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 8192 * 4096)
        file.write(os.urandom(4096))
