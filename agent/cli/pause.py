"""``woo-agent pause`` and ``resume``: holds one of the two lines up. Taking in goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from agent import clock, errors
from agent.cli import state
from agent.clock import SystemClock
from agent.model.pause import Line, Pause
from agent.settings import quantities
from agent.storage import pauses

Paused = Annotated[Line, typer.Argument(metavar="events|updates", help="Which line.")]


def pause(
    line: Paused,
    reason: state.Reason,
    span: Annotated[
        str | None,
        typer.Option("--for", metavar="2h", help="It goes on by itself after that time."),
    ] = None,
    config: state.ConfigFile = None,
    instance: state.Instance = None,
) -> None:
    """Hold a line up: nothing is sent to the gateway, or nothing written to the store."""
    now = SystemClock().now()
    until = now + _span(span) if span is not None else None
    begun = Pause(line, now, until, state.who(), reason)
    state.write(state.settings(config, instance), lambda tx: pauses.begin(tx, begun))
    print(f"{line} paused" + (f" until {clock.iso(until)}" if until else ""))


def resume(
    line: Paused,
    config: state.ConfigFile = None,
    instance: state.Instance = None,
) -> None:
    """Let a line go on."""
    of, who, now = state.settings(config, instance), state.who(), SystemClock().now()
    was = state.write(of, lambda tx: pauses.end(tx, line, who=who, now=now))
    print(f"{line} resumed" if was else f"{line} was not paused")


def _span(written: str) -> timedelta:
    try:
        span = quantities.duration(written)
    except ValueError as error:
        raise errors.UsageError(f"--for {error}", hint="--for 2h") from None
    if not span:
        raise errors.UsageError("--for must be more than zero", hint="--for 2h")
    return span
