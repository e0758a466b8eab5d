from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from agent.ops.reload import Current, Reload
from agent.ops.systemd import Notifier
from agent.settings import loading
from tests import processes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from agent.settings import Settings


pytestmark = pytest.mark.usefixtures("root_logger")


class Reloading:
    """A reload of one file; ``loaded`` is set whenever the file was read."""

    def __init__(self, path: Path, watched: Path | None = None) -> None:
        self.path = path
        self.current = Current(self._load())
        self.asked, self.loaded = asyncio.Event(), asyncio.Event()
        self.reload = Reload(
            self.current,
            self.load,
            path=watched or path,
            asked=self.asked,
            notifier=Notifier({}),
        )

    def _load(self) -> Settings:
        return loading.load(config=self.path, environ={}).settings

    def load(self) -> Settings:
        self.loaded.set()
        return self._load()

    async def read(self) -> None:
        """Waits until the file is read (again)."""
        await asyncio.wait_for(self.loaded.wait(), 5)
        self.loaded.clear()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        task = asyncio.create_task(self.reload.run(stop))
        await self.read()
        yield
        stop.set()
        await task


async def test_what_changed_before_it_watched_is_not_missed(tmp_path: Path) -> None:
    reloading = Reloading(processes.write_config(tmp_path))
    processes.write_config(tmp_path, gateway={"batch_size": 7})
    async with reloading.running():
        assert reloading.current().gateway.batch_size == 7


async def test_a_file_that_is_replaced_again_and_again_is_seen_each_time(tmp_path: Path) -> None:
    reloading = Reloading(processes.write_config(tmp_path))
    async with reloading.running():
        for size in (7, 8, 9):
            processes.write_config(tmp_path, gateway={"batch_size": size})
            await reloading.read()
            assert reloading.current().gateway.batch_size == size


async def test_where_nothing_can_be_watched_it_still_reloads_when_asked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gone = tmp_path / "gone" / "brand.toml"
    reloading = Reloading(processes.write_config(tmp_path), watched=gone)
    async with reloading.running():
        assert "can't be watched: reload with SIGHUP" in caplog.text
        processes.write_config(tmp_path, gateway={"batch_size": 7})
        reloading.asked.set()
        await reloading.read()
        assert reloading.current().gateway.batch_size == 7


def test_a_bad_file_is_refused_and_the_old_settings_stay(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reloading = Reloading(processes.write_config(tmp_path, gateway={"batch_size": 7}))
    processes.write_config(tmp_path, gateway={"batch_size": 0})
    reloading.reload.reload()
    assert reloading.current().gateway.batch_size == 7
    assert "gateway.batch_size must be at least 1" in caplog.text


def test_what_needs_a_restart_is_named_and_not_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reloading = Reloading(processes.write_config(tmp_path))
    before = reloading.current()
    changed = {"listen": "127.0.0.1:1"}
    processes.write_config(tmp_path, gateway={"batch_size": 7}, admin=changed)
    reloading.reload.reload()
    assert "changes that need a restart: admin.listen" in caplog.text
    assert reloading.current().admin == before.admin
    assert reloading.current().gateway.batch_size == 7
