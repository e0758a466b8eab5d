"""``woo-agent status``: how it is, from the daemon, or from the files when the daemon is down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any

import aiohttp
import typer

from agent import errors
from agent.cli import output, state
from agent.clock import SystemClock
from agent.ops import health
from agent.settings import Settings, UnixAddress
from agent.storage import outbox_view, pauses

TIMEOUT_S = 10.0
_NAGIOS = {"pass": (0, "OK"), "warn": (1, "WARNING"), "fail": (2, "CRITICAL")}
_DOWN = 3


def status(
    nagios: Annotated[
        bool, typer.Option("--nagios", help="One line and the exit codes of a Nagios plugin.")
    ] = False,
    as_json: state.AsJson = False,
    config: state.ConfigFile = None,
    instance: state.Instance = None,
) -> None:
    """How it is: exits 0 on pass and warn, 1 on fail, 3 when the daemon is down."""
    of = state.settings(config, instance)
    document = asyncio.run(_asked(of))
    if document is None:
        _say_down(of, nagios=nagios, as_json=as_json)
    if nagios:
        code, word = _NAGIOS[document["status"]]
        print(f"WOO-AGENT {word} - {health.line(document)} | {_performance(document)}")
        raise typer.Exit(code)
    if as_json:
        output.as_json(document)
    else:
        print(f"{document['status']}: {health.line(document)}\n")
        output.table(_lines(document), ("check", "status", "value", "unit", "what to do"))
    raise typer.Exit(1 if document["status"] == "fail" else 0)


def _say_down(of: Settings, *, nagios: bool, as_json: bool) -> None:
    now = SystemClock().now()
    try:
        found: Any = state.read(of, lambda db: outbox_view.stats(db, now))
        paused = state.read(of, lambda db: pauses.in_force(db, now))
    except errors.StorageError:
        found, paused = None, []
    if nagios:
        print(f"WOO-AGENT CRITICAL - the daemon does not answer on {of.admin.listen}")
        raise typer.Exit(2)
    if as_json:
        told = {pause.line: pause.told() for pause in paused}
        output.as_json({"status": "down", "outbox": found, "paused": told})
    else:
        print(f"down: no daemon answers on {of.admin.listen}\n")
        output.pairs(found or {"outbox": "no state yet"})
        for pause in paused:
            print(f"{pause.line} {pause.told()}")
        output.say("hint: systemctl status 'woo-agent@*', or: woo-agent run")
    raise typer.Exit(_DOWN)


async def is_up(of: Settings) -> bool:
    """Whether a daemon answers, however it is."""
    try:
        async with _get(of, "/livez"):
            return True
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


async def _asked(of: Settings) -> Any:
    """The health document, None where no daemon gives one."""
    try:
        async with _get(of, "/health") as response:
            if response.status in (401, 403):
                raise errors.UnreachableError(
                    f"the daemon on {of.admin.listen} does not answer us:"
                    f" {(await response.text()).strip()}",
                    hint="admin.token must be the one it was started with: woo-agent config show",
                )
            document = await response.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return None
    return document if isinstance(document, dict) and "checks" in document else None


@asynccontextmanager
async def _get(of: Settings, path: str) -> AsyncIterator[aiohttp.ClientResponse]:
    headers = {}
    if of.admin.token is not None:
        headers["Authorization"] = f"Bearer {of.admin.token.get_secret_value()}"
    listen = of.admin.listen
    unix = isinstance(listen, UnixAddress)
    connector = aiohttp.UnixConnector(str(listen.path)) if isinstance(listen, UnixAddress) else None
    url = f"http://localhost{path}" if unix else f"http://{_reachable(str(listen))}{path}"
    async with (
        aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)
        ) as session,
        session.get(url, headers=headers) as response,
    ):
        yield response


def _reachable(listen: str) -> str:
    return listen.replace("0.0.0.0:", "127.0.0.1:").replace("[::]:", "[::1]:")


def _lines(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "check": name,
            "status": check["status"],
            "value": check["observedValue"],
            "unit": check["observedUnit"],
            "what to do": check.get("output"),
        }
        for name, found in document["checks"].items()
        for check in found
    ]


def _performance(document: Mapping[str, Any]) -> str:
    return " ".join(
        f"'{name}'={check['observedValue']}"
        for name, found in document["checks"].items()
        for check in found
        if isinstance(check["observedValue"], int | float) and check["observedUnit"] != "boolean"
    )
