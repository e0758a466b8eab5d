"""Takes what is dropped into the folder: watch, then scan, then wait for either.

A file is claimed by renaming it, so that it is read once and whoever wrote it may write the next
one under its name. What a crash interrupts is read again from its start: its rows have the same ids
then, and those that were taken in do nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import watchfiles

from agent import actor, clock
from agent.dropfolder import folder, formats
from agent.dropfolder.folder import Folder, Look
from agent.dropfolder.report import Report
from agent.dropfolder.rows import Bad, Source
from agent.model.inbox import Taken

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from agent.clock import Clock

log = logging.getLogger(__name__)

QUIET_S = 2.0  # a file that nobody wrote to for so long is complete
SCAN_EVERY_S = 10.0  # network drives tell nothing of what others write

Take = Callable[["Sequence[Mapping[str, Any]]"], "Awaitable[Taken]"]
"""Takes some hundred items in, in one transaction."""


class Watcher:
    """The loop."""

    def __init__(self, path: Path, take: Take, *, clock: Clock) -> None:
        self._folder = Folder(path)
        self._take = take
        self._clock = clock
        self._changed = asyncio.Event()
        self._stop = asyncio.Event()
        self._quiet_since: dict[str, tuple[Look, float]] = {}
        self.trouble = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Takes files until asked to stop; one that is being read then is gone on with later."""
        self._stop = stop
        watching = asyncio.create_task(self._watch(stop), name="drop folder watcher")
        try:
            await asyncio.sleep(0)  # the first step of the watcher: from here on it watches
            await actor.run(self.run_once, stop=stop, nudged=self._changed, clock=self._clock)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def run_once(self) -> float:
        """Takes what is there and complete; how long to rest before the next look."""
        failed: list[OSError] = []
        rest_s = SCAN_EVERY_S
        try:
            rest_s = await self._claim(failed)
            for path in await asyncio.to_thread(self._folder.claimed):
                if not self._stop.is_set():
                    await self._read(path, failed)
        except OSError as error:
            failed.append(error)
        self._tell(failed)
        return rest_s

    async def _claim(self, failed: list[OSError]) -> float:
        """What is complete; how long until the next file is. A file that can't be claimed does not
        keep the others."""
        await asyncio.to_thread(self._folder.prepare)
        waiting = await asyncio.to_thread(self._folder.waiting)
        now = self._clock.monotonic()
        before, self._quiet_since = self._quiet_since, {}
        for name, seen in waiting.items():
            last, since = before.get(name, (seen, now))
            self._quiet_since[name] = (seen, since if seen == last else now)
        rest_s = SCAN_EVERY_S
        for name, (_, since) in list(self._quiet_since.items()):
            if (left_s := since + QUIET_S - now) > 0:
                rest_s = min(rest_s, left_s)
            else:
                del self._quiet_since[name]
                try:
                    await asyncio.to_thread(self._folder.claim, name, self._clock.now())
                except OSError as error:
                    failed.append(error)
        return rest_s

    async def _read(self, path: Path, failed: list[OSError]) -> None:
        try:
            await self._read_whole(path)
        except OSError as error:
            failed.append(error)

    async def _read_whole(self, path: Path) -> None:
        name = folder.shown(folder.original(path))
        before = await asyncio.to_thread(folder.look, path)
        if before is None:
            return
        report = Report(name)
        try:
            file = await asyncio.to_thread(path.open, "rb")
        except PermissionError as error:
            report.add([Bad(1, None, f"can't be read: {error.strerror}")], Taken())
        else:
            with file:
                await self._take_in(file, path, before, report)
        if self._stop.is_set() or await asyncio.to_thread(folder.look, path) != before:
            return  # somebody still writes to it: once more, then
        room = folder.REJECTED if report.is_rejected else folder.DONE
        ended = await asyncio.to_thread(self._folder.finish, path, room, report.document())
        level = logging.WARNING if report.refused else logging.INFO
        log.log(
            level,
            "%s: %d updates taken, %d lines refused: see %s.report.json",
            *(name, report.taken, report.refused, folder.shown(str(ended))),
        )

    async def _take_in(self, file: BinaryIO, path: Path, seen: Look, report: Report) -> None:
        at = clock.micros(self._clock.now())
        written = clock.from_micros(min(max(seen.changed_ns // 1000, 0), at))
        source = Source(folder.shown(path.name), written)
        pieces = formats.pieces(formats.read(file, path.name, source))
        while not self._stop.is_set():
            piece = await asyncio.to_thread(next, pieces, None)
            if piece is None:
                return
            items = formats.items(piece)
            report.add(piece, await self._take(items) if items else Taken())

    def _tell(self, failed: Sequence[OSError]) -> None:
        trouble = ""
        if failed:
            why = failed[0].strerror or failed[0]
            trouble = f"the drop folder {self._folder.path} can't be used: {why}"
            if trouble != self.trouble:
                log.warning("%s", trouble)
        elif self.trouble:
            log.info("the drop folder can be used again")
        self.trouble = trouble

    async def _watch(self, stop: asyncio.Event) -> None:
        """Only hurries the next scan: where nothing can be watched, it comes by itself."""
        while not stop.is_set():
            try:
                async for _ in watchfiles.awatch(
                    self._folder.path, stop_event=stop, recursive=False, watch_filter=None
                ):
                    self._changed.set()
            except (OSError, RuntimeError):  # not there, or no inotify watches left on this host
                await self._clock.sleep(SCAN_EVERY_S, or_when=(stop,))
