"""The configuration changes while the daemon runs: on SIGHUP, or when its file does."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import watchfiles

from agent import errors
from agent.ops import logs
from agent.settings import Settings, changes

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.ops.systemd import Notifier

log = logging.getLogger(__name__)


class Current:
    """The settings in force; call it to get them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self) -> Settings:
        return self._settings

    def take(self, new: Settings) -> changes.Changes:
        """Puts in force what may change while running; says what changed and what did not."""
        found = changes.between(self._settings, new)
        self._settings = changes.applied(self._settings, new)
        return found


class Reload:
    """Reloads when asked. A configuration that can't be used is refused, the old one stays."""

    def __init__(
        self,
        current: Current,
        load: Callable[[], Settings],
        *,
        path: Path,
        asked: asyncio.Event,
        notifier: Notifier,
    ) -> None:
        self._current = current
        self._load = load
        self._path = path
        self._asked = asked
        self._notifier = notifier

    async def run(self, stop: asyncio.Event) -> None:
        """Waits for SIGHUP or a changed file until asked to stop."""
        watching = asyncio.create_task(self._watch(stop), name="config watcher")
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.sleep(0)  # the first step of the watcher: from here on it watches
            self._take()  # what changed since the start
            while not stop.is_set():
                asking = asyncio.create_task(self._asked.wait())
                await asyncio.wait((asking, stopping), return_when=asyncio.FIRST_COMPLETED)
                asking.cancel()
                if self._asked.is_set():
                    self._asked.clear()
                    self.reload()
        finally:
            stopping.cancel()
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    def reload(self) -> None:
        """Once, now."""
        self._notifier.reloading()
        self._take()
        self._notifier.ready("running")

    def _take(self) -> None:
        try:
            new = self._load()
        except errors.ConfigError as error:
            log.error("the configuration was not taken: %s (%s)", error.message, error.hint)
        else:
            found = self._current.take(new)
            if "log.level" in found.live:
                logs.configure(self._current().log)
            if found.live:
                log.info("configuration reloaded: %s", ", ".join(found.live))
            if found.needs_restart:
                log.warning("changes that need a restart: %s", ", ".join(found.needs_restart))

    async def _watch(self, stop: asyncio.Event) -> None:
        """Editors and package managers replace files by renaming: the folder is watched."""
        folder = self._path.parent
        try:
            async for found in watchfiles.awatch(folder, stop_event=stop, recursive=False):
                if any(Path(changed).name == self._path.name for _, changed in found):
                    self._asked.set()
        except (OSError, RuntimeError) as error:  # such as no inotify watches left on this host
            log.warning("%s can't be watched: reload with SIGHUP (%s)", folder, error)
