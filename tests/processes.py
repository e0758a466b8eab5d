"""The agent as a process of its own: ``python -m agent …`` on a configuration file.

config = processes.write_config(tmp_path, gateway={"url": gateway.url})
async with processes.running(config) as agent:      # ready: it takes webhooks
    await agent.said("the gateway")                 # waits for a line of its log
    agent.signal(signal.SIGTERM)
    assert await agent.ended() == 0

finished = await processes.run("outbox", "stats", "--json", "--config", str(config))
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests import agents, recordings

if TYPE_CHECKING:
    import signal
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

_LISTENING = re.compile(r"taking webhooks on (\S+), health on (\S+)")
_SAID_WITHIN_S = 8.0
_HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execv(sys.argv[2], sys.argv[2:])
"""


def write_config(folder: Path, name: str = "brand.toml", **sections: dict[str, Any]) -> Path:
    """A configuration on free ports, with store and gateway down and its state in ``folder``.

    ``sections`` add to, or replace, what stands here; written again it replaces the file at once.
    """
    given: dict[str, dict[str, Any]] = {
        "store": {
            "id": agents.STORE,
            "url": recordings.SOURCE,
            "consumer_key": agents.KEY,
            "consumer_secret": agents.SECRET,
            "connect_to": "127.0.0.1:9",
        },
        "webhooks": {"listen": "127.0.0.1:0", "secret": recordings.SECRET},
        "gateway": {"url": "http://127.0.0.1:9", "token": agents.TOKEN},
        "state": {"dir": str(folder / "state"), "min_free": "1MiB"},
        "admin": {"listen": "127.0.0.1:0"},
    }
    for section, values in sections.items():
        given[section] = given.get(section, {}) | values
    lines = []
    for section, values in given.items():
        lines += ["", f"[{section}]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    path = folder / name
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text("\n".join(['stop_grace = "5s"', *lines, ""]), encoding="utf-8")
    fresh.replace(path)
    return path


class Agent:
    """A running daemon. ``webhooks`` and ``admin`` are where it says it listens."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.log: list[str] = []
        self.webhooks = self.admin = ""
        self._stirred = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @property
    def webhooks_url(self) -> str:
        """Where it takes webhooks, if that is not a unix socket."""
        return f"http://{self.webhooks}/webhooks"

    async def said(self, text: str, times: int = 1) -> str:
        """Waits until that many lines of the log hold ``text``; the last of them."""
        try:
            async with asyncio.timeout(_SAID_WITHIN_S):
                while len(found := [line for line in self.log if text in line]) < times:
                    if self._reading.done():
                        break
                    await self._stirred.wait()
        except TimeoutError:
            pass
        assert len(found) >= times, f"it did not say {text!r}:\n" + "\n".join(self.log)
        return found[-1]

    def signal(self, number: signal.Signals) -> None:
        """Sends that signal to it."""
        self.process.send_signal(number)

    async def ended(self) -> int:
        """Waits for its end; the exit code, or minus the signal that killed it."""
        await self._reading
        return await self.process.wait()

    async def ready(self) -> None:
        """Waits until it takes webhooks."""
        match = _LISTENING.search(json.loads(await self.said("taking webhooks"))["message"])
        assert match is not None
        self.webhooks, self.admin = match.groups()

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.log.append(line.decode().rstrip())
            self._stir()
        self._stir()

    def _stir(self) -> None:
        self._stirred.set()
        self._stirred = asyncio.Event()


@asynccontextmanager
async def running(
    config: Path,
    *,
    environ: Mapping[str, str] | None = None,
    inherits: int | None = None,
    ready: bool = True,
) -> AsyncIterator[Agent]:
    """``woo-agent run``, ready unless it is not waited for; killed on exit if it has not ended by
    then.

    ``inherits`` is a listening socket's descriptor, handed over as systemd would.
    """
    command = [sys.executable, "-m", "agent", "run", "--config", str(config)]
    if inherits is not None:
        command = [sys.executable, "-c", _HAND_OVER, str(inherits), *command]
    process = await asyncio.create_subprocess_exec(
        *command,
        env=_environ(environ),
        stderr=asyncio.subprocess.PIPE,
        pass_fds=() if inherits is None else (inherits,),
    )
    agent = Agent(process)
    try:
        if ready:
            await agent.ready()
        yield agent
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await agent.ended()


@dataclass(frozen=True)
class Finished:
    """A command that has ended."""

    exit_code: int
    stdout: str
    stderr: str


async def run(*arguments: str, environ: Mapping[str, str] | None = None) -> Finished:
    """A command of the agent, run to its end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent", *arguments),
        env=_environ(environ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        stdout, stderr = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Finished(process.returncode, stdout.decode(), stderr.decode())


def _environ(added: Mapping[str, str] | None) -> dict[str, str]:
    """Nothing of the machine's own systemd, nor of a configuration that lies about."""
    foreign = ("WOO_AGENT", "NOTIFY_", "WATCHDOG_", "LISTEN_", "STATE_DIRECTORY", "CREDENTIALS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | dict(added or {})
