"""``woo-agent run``: the daemon, in the foreground."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import signal
from collections.abc import Callable

from agent import errors
from agent.cli import state
from agent.clock import SystemClock
from agent.ops import logs, systemd
from agent.ops.reload import Current, Reload
from agent.settings import Settings, loading

log = logging.getLogger(__name__)


def run(config: state.ConfigFile = None, instance: state.Instance = None) -> None:
    """Run the agent until SIGTERM or SIGINT; a second one hurries, SIGHUP reloads."""

    def load() -> loading.Loaded:
        return loading.load(config=config, instance=instance)

    loaded = load()
    logs.configure(loaded.settings.log)
    for warning in loaded.warnings:
        log.warning("%s", warning)
    asyncio.run(_serve(loaded, lambda: load().settings))


async def _serve(loaded: loading.Loaded, load: Callable[[], Settings]) -> None:
    stop, hurry, asked = asyncio.Event(), asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: (hurry if stop.is_set() else stop).set())
    loop.add_signal_handler(signal.SIGHUP, asked.set)
    from agent import daemon  # the other commands start without it

    around = daemon.Surroundings(
        clock=SystemClock(),
        rng=random.Random(),  # seeded by the operating system
        notifier=systemd.Notifier(),
        webhooks_socket=systemd.inherited(),
    )

    def reload(current: Current) -> Reload:
        return Reload(current, load, path=loaded.path, asked=asked, notifier=around.notifier)

    settings: Settings = loaded.settings
    async with daemon.running(settings, around, reload=reload, hurry=hurry) as running:
        gc.collect()
        gc.freeze()  # what is there now stays: the collector need not look at it again
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((stopping, running.supervision), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        log.info("stopping")
    log.info("stopped; nothing is lost")


def fault(error: BaseException) -> errors.AgentError:
    """A fault of ours, as one line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, errors.AgentError):
        return error
    return errors.AgentError(
        f"unexpected {type(error).__name__}: {error}",
        hint="what was stored is safe; please report this, with the log",
    )
