"""``woo-agent updates``: what the store was told, and what became of it."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from agent.cli import output, state, submit
from agent.model.update import UpdateState
from agent.storage import inbox_view

app = typer.Typer(help="What the store was told, and what became of it.", no_args_is_help=True)

app.command()(submit.submit)

_LISTED = ("id", "kind", "sku", "version", "state", "code", "message", "received_at")


@app.command("list")
def list_(
    wanted: Annotated[
        UpdateState | None, typer.Option("--state", help="Only updates in that state.")
    ] = None,
    sku: Annotated[str | None, typer.Option("--sku", help="Only updates of that SKU.")] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="At most so many, newest first.")
    ] = 50,
    as_json: state.AsJson = False,
    config: state.ConfigFile = None,
    instance: state.Instance = None,
) -> None:
    """List updates, newest first."""
    found = state.read(
        state.settings(config, instance),
        lambda db: inbox_view.rows(db, state=wanted, sku=sku, limit=limit),
    )
    if as_json:
        output.as_json(found)
    else:
        output.table(found, _LISTED)


@app.command()
def show(
    update_id: Annotated[str, typer.Argument(metavar="ID", help="The id of the update.")],
    as_json: state.AsJson = False,
    config: state.ConfigFile = None,
    instance: state.Instance = None,
) -> None:
    """Show one update as it came, and results the gateway has not taken yet."""
    row = state.read(state.settings(config, instance), lambda db: inbox_view.row(db, update_id))
    row["body"] = _parsed(row["body"])
    if as_json:
        output.as_json(row)
        return
    body, unreported = row.pop("body"), row.pop("unreported")
    output.pairs(row)
    for title, part in (("update", body), ("results not yet reported", unreported)):
        print(f"\n{title}")
        output.as_json(part)


def _parsed(body: str) -> object:
    """An item that was no update may have been cut."""
    try:
        parsed: object = json.loads(body)
    except ValueError:
        return body
    return parsed
