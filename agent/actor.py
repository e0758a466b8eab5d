"""Actors: the loop each of them runs, and the one place that starts and stops them all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from agent import errors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from agent.clock import Clock

Actor = Callable[[asyncio.Event], Awaitable[None]]
"""Works until the event is set, then returns soon."""

log = logging.getLogger(__name__)

STORAGE_PAUSE_S = 2.0


async def run(
    work: Callable[[], Awaitable[float]],
    *,
    stop: asyncio.Event,
    nudged: asyncio.Event,
    clock: Clock,
    interruptible: bool = False,
) -> None:
    """Calls ``work`` until ``stop``; it returns how many seconds to rest unless nudged, 0 for none.
    Where it takes long and may be cut anywhere it is ``interruptible``: nobody waits for its end.

    A database that can't be read or written now is tried again: what it holds is not lost. Any
    other error is a fault of ours and ends the actor, and with it the daemon, in plain sight.
    """
    broken = False
    while not stop.is_set():
        nudged.clear()
        try:
            rest_s = await (_cut_by(stop, work()) if interruptible else work())
            if broken:
                log.info("the database answers again")
            broken = False
        except errors.StorageError as error:
            if not broken:
                log.error("%s", error.message)
            broken = True
            rest_s = STORAGE_PAUSE_S
        if rest_s:
            await clock.sleep(rest_s, or_when=(stop,) if broken else (stop, nudged))


async def _cut_by(stop: asyncio.Event, work: Awaitable[float]) -> float:
    working, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((working, stopped), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else 0.0
    finally:
        working.cancel()
        stopped.cancel()
        await asyncio.wait((working, stopped))


def longer(pause_s: float, first_s: float, longest_s: float) -> float:
    """The pause after one that did not help, in seconds; 0 stands for none before."""
    return min(max(pause_s * 2, first_s), longest_s)


async def supervise(
    actors: Mapping[str, Actor], stop: asyncio.Event, grace: timedelta, hurry: asyncio.Event
) -> None:
    """Runs all actors until ``stop``: asks, waits ``grace`` (or until ``hurry``), insists.

    An actor that fails, or ends alone, ends all of them, and its fault is raised.
    """

    async def watched(name: str, actor: Actor) -> None:
        await actor(stop)
        if not stop.is_set():
            raise RuntimeError(f"{name} ended alone")

    async def insist() -> None:
        await stop.wait()
        waits = [asyncio.create_task(hurry.wait()), asyncio.create_task(asyncio.wait(tasks))]
        try:
            await asyncio.wait(
                waits, timeout=grace.total_seconds(), return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for wait in waits:
                wait.cancel()
        for task in tasks:
            task.cancel()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(watched(name, run), name=name) for name, run in actors.items()]
        group.create_task(insist(), name="insist")
