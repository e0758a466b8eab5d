"""``woo-agent contract check``: does somebody's gateway keep to the contract?"""

from __future__ import annotations

import asyncio
import random
import secrets
import sys
from collections import Counter
from functools import partial
from typing import Annotated

import typer

from agent.cli import arguments, output, sandbox, state
from agent.clock import SystemClock
from agent.gateway.conformance import run, session
from agent.gateway.conformance.verdict import Finding, Outcome
from agent.settings import GatewaySettings
from agent.settings.addresses import BaseUrl
from agent.settings.words import Secret, StoreId

_COLUMNS = ("check", "outcome", "found", "the contract")
_HINT = "woo-agent contract check http://127.0.0.1:8090"


def check(
    url: Annotated[str, typer.Argument(metavar="URL", help="Its base; /v1/stores/… is appended.")],
    token: Annotated[
        str,
        typer.Option(
            "--token", envvar="WOO_AGENT__GATEWAY__TOKEN", help="What it wants agents to bring."
        ),
    ] = sandbox.TOKEN,
    store: Annotated[
        str | None, typer.Option("--store", help="The id to speak for; default: a new one.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask before writing.")] = False,
    as_json: state.AsJson = False,
) -> None:
    """Play agent against a gateway; exits 0 only if nothing failed, 3 if it is not reachable."""
    fit = partial(arguments.fit, hint=_HINT)
    settings = GatewaySettings(url=fit("URL", BaseUrl, url), token=fit("--token", Secret, token))
    store_id = fit("--store", StoreId, store or f"conformance-{secrets.token_hex(4)}")
    output.say(
        f"{settings.url} gets up to 300 events about orders that nobody placed, some results and a"
        f" heartbeat, all for store {store_id}; they stay there"
    )
    if not yes and sys.stdin.isatty() and not typer.confirm("Go on?", err=True):
        output.say("nothing was written")
        raise typer.Exit(1)
    findings = asyncio.run(_findings(settings, store_id))
    counts = Counter(finding.outcome for finding in findings)
    if as_json:
        checks = [finding._asdict() for finding in findings]
        output.as_json({"url": settings.url, "store": store_id, "checks": checks})
    else:
        output.table(list(map(_row, findings)), _COLUMNS)
        print(", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome))
    if counts[Outcome.FAIL]:
        raise typer.Exit(1)


async def _findings(settings: GatewaySettings, store_id: str) -> list[Finding]:
    clock, rng = SystemClock(), random.SystemRandom()
    async with session.opened(settings, store_id=store_id, clock=clock, rng=rng) as opened:
        return await run.run(opened)


def _row(finding: Finding) -> dict[str, str]:
    """The rule only where it is not kept."""
    rule = finding.rule if finding.outcome is Outcome.FAIL else ""
    return dict(zip(_COLUMNS, (finding.check, finding.outcome, finding.found, rule), strict=True))
