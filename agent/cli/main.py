"""The command line as a whole."""

from __future__ import annotations

from typing import Annotated

import typer

from agent import __version__
from agent.cli import (
    audit,
    config,
    contract,
    demo,
    outbox,
    pause,
    reconcile,
    run,
    sandbox,
    status,
    updates,
    webhooks,
)

app = typer.Typer(
    name="woo-agent",
    help="Stands between a WooCommerce store and its ERP.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(run.run)
app.command()(demo.demo)
app.command()(status.status)
app.command()(pause.pause)
app.command()(pause.resume)
app.command()(reconcile.reconcile)
app.add_typer(outbox.app, name="outbox")
app.add_typer(updates.app, name="updates")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(audit.app, name="audit")
app.add_typer(config.app, name="config")
app.add_typer(contract.app, name="contract")
app.add_typer(sandbox.app, name="sandbox")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"woo-agent {__version__}")
        raise typer.Exit


@app.callback()
def woo_agent(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Stands between a WooCommerce store and its ERP."""
