"""``woo-agent audit``: who changed something by hand, when and why."""

from __future__ import annotations

import typer

from agent.cli import output, state
from agent.storage import audit

app = typer.Typer(help="Who changed something by hand, when and why.", no_args_is_help=True)

_LISTED = ("at", "who", "action", "target", "reason")


@app.command("list")
def list_(
    limit: state.Limit = 50,
    as_json: state.AsJson = False,
    config: state.ConfigFile = None,
    instance: state.Instance = None,
) -> None:
    """List what was done, newest first."""
    found = state.read(state.settings(config, instance), lambda db: audit.rows(db, limit))
    if as_json:
        output.as_json(found)
    else:
        output.table(found, _LISTED)


@app.callback()
def _noun() -> None:
    """Keeps ``list`` a command of its own."""
