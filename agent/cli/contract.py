"""``woo-agent contract``: what a gateway has to keep to."""

from __future__ import annotations

import typer

from agent.cli import contract_check

app = typer.Typer(help="What a gateway has to keep to.", no_args_is_help=True)
app.command()(contract_check.check)
