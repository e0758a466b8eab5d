"""``woo-agent reconcile``: compares both ends now, beside the daemon or without one.

What differs is asked for in the state: the daemon reads it, at once or at its next start.
"""

from __future__ import annotations

import asyncio
import random
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from agent import clock, errors
from agent.cli import output, report_text, state, status
from agent.cli.asking import Asking, Counted
from agent.clock import SystemClock
from agent.model.report import ReconciliationReport
from agent.settings import Settings
from agent.storage import baseline


class What(StrEnum):
    """What is compared."""

    ORDERS = "orders"
    STOCK = "stock"


def reconcile(
    what: Annotated[
        What,
        typer.Argument(
            metavar="orders|stock",
            help="Orders and refunds, or the catalogue with its stock and prices.",
        ),
    ],
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since",
            metavar="T",
            formats=state.TIMES,
            help="Load history: orders changed since then (UTC).",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Compare only: nothing is asked for or put right.")
    ] = False,
    believe: Annotated[
        bool,
        typer.Option(
            "--believe", help="What the store does not show is gone, however much that is."
        ),
    ] = False,
    as_json: state.AsJson = False,
    config: state.ConfigFile = None,
    instance: state.Instance = None,
) -> None:
    """Compare both ends now, and have the daemon read what differs; exits 1 if they do not agree.

    With --since it exits 0 once the history is asked for.
    """
    of = state.settings(config, instance)
    if since is not None and what is What.STOCK:
        raise errors.UsageError(
            "--since is for orders: stock is compared as it is now",
            hint="woo-agent reconcile stock",
        )
    moment = None if since is None else state.utc(since)
    found = _compared(of, what, moment, dry=dry_run, believe=believe)
    made, asked, is_up = asyncio.run(found)
    if as_json:
        output.as_json(made.model_dump(mode="json"))
    else:
        print(*report_text.lines(made), sep="\n")
    is_history = moment is not None
    if told := asked.summary() or ("asked for: nothing" if is_history else ""):
        (print if is_history and not as_json else output.say)(told)
        if not (dry_run or is_up):
            output.say("no daemon answers: that waits for its next start: woo-agent run")
    if is_history:
        return
    if not as_json:
        print(report_text.conclusion(made))
    if not made.agreed:
        raise typer.Exit(1)


async def _compared(
    of: Settings, what: What, since: datetime | None, *, dry: bool, believe: bool
) -> tuple[ReconciliationReport, Asking, bool]:
    """The report, what was asked for, and whether a daemon is there to read it."""
    from agent import reconciling  # other commands start without it
    from agent.reconcile.comparison import Wanted
    from agent.woo import client as woo

    now, rng = SystemClock(), random.SystemRandom()
    reason = "" if since is None else f"since {clock.iso(since)}"
    wanted = Wanted(
        orders=what is What.ORDERS,
        catalogue=what is What.STOCK,
        since=since,
        repair=of.reconcile.stock == "repair",
        believe=believe,
    )
    async with (
        state.opened(of, readonly=dry) as opened,
        woo.opened(of.store, clock=now, rng=rng) as store,
    ):
        if not await opened.read(baseline.is_done):
            raise errors.AgentError(
                "the daemon has not read the store's orders yet", hint="woo-agent run"
            )
        asked = Asking(opened, what=what, reason=reason, dry=dry, clock=now)
        with output.counting() as tell:
            comparison = reconciling.beside(
                *(opened, asked, store),
                counted=lambda lists: Counted(lists, tell),
                settings=lambda: of,
                clock=now,
            )
            made = await comparison.compare(wanted, mend=False)
    return made, asked, await status.is_up(of)
