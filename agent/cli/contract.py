"""``woo-agent contract``: what a gateway has to speak, for whoever builds or tests one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from agent import errors
from agent.cli import contract_check, output

app = typer.Typer(help="The contract between agent and gateway.", no_args_is_help=True)
app.command()(contract_check.check)


@app.command()
def openapi() -> None:
    """Print the OpenAPI 3.1 document of the gateway's endpoints."""
    from agent.gateway.contract import published  # the daemon's commands start without it

    print(published.openapi(), end="")


@app.command()
def schemas(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", show_default=False)] = None,
) -> None:
    """Write the JSON Schemas into a folder, a file per type and version; without one print them."""
    from agent.gateway.contract import published

    found = published.schemas()
    if folder is None:
        print(json.dumps([json.loads(text) for text in found.values()], indent=2))
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in found.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise errors.UsageError(
            f"can't write to {folder}: {error.strerror or error}",
            hint="woo-agent contract schemas /tmp/schemas",
        ) from error
    output.say(f"{len(found)} schemas in {folder}")
