"""``woo-agent config``: is the configuration right, what is in force, and what could be set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from agent import settings
from agent.settings import keys
from agent.settings import schema as file_schema

app = typer.Typer(help="Check the configuration, show what is in force, print its schema.")

ConfigFile = Annotated[Path | None, typer.Option("--config", help="The configuration file.")]
Instance = Annotated[
    str | None, typer.Option("--instance", help="NAME, for /etc/woo-agent/NAME.toml.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def check(config: ConfigFile = None, instance: Instance = None, as_json: AsJson = False) -> None:
    """Say whether the configuration can be used, and what is doubtful about it."""
    loaded = settings.load(config=config, instance=instance)
    if as_json:
        print(json.dumps({"path": str(loaded.path), "warnings": loaded.warnings}))
        return
    for warning in loaded.warnings:
        typer.echo(f"warning: {warning}", err=True)
    count = len(loaded.warnings)
    doubts = f" ({count} warning{'s' if count > 1 else ''})" if count else ""
    print(f"ok: {loaded.path}{doubts}")


@app.command()
def show(config: ConfigFile = None, instance: Instance = None, as_json: AsJson = False) -> None:
    """Show every value in force and where it comes from; secrets are masked."""
    loaded = settings.load(config=config, instance=instance)
    values = keys.written(loaded.settings)
    if as_json:
        rows = {
            key: {"value": value, "origin": loaded.origins[key]} for key, value in values.items()
        }
        print(json.dumps({"path": str(loaded.path), "settings": rows}, indent=2))
        return
    from rich import box, console, table  # here: other commands start without it

    shown = table.Table(box=box.SIMPLE)
    for heading in ("setting", "value", "from"):
        shown.add_column(heading, overflow="fold")
    for key, value in values.items():
        shown.add_row(key, _cell(value), loaded.origins[key])
    console.Console(markup=False, highlight=False).print(shown)


def _cell(value: Any) -> str:
    match value:
        case None | []:
            return "-"
        case dict():
            return ", ".join(f"{name} = {said}" for name, said in value.items()) or "-"
        case list():
            return ", ".join(value)
        case bool():
            return str(value).lower()
        case _:
            return str(value)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the file, for editors that complete and check."""
    print(json.dumps(file_schema.of_file(), indent=2))
