"""The README is held against the code: commands, settings, files that it names."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import typer
from pydantic import TypeAdapter

from agent.cli import main
from agent.dropfolder import formats, rows
from agent.dropfolder.rows import Bad, Source
from agent.settings import keys

_TOP = Path(__file__).parents[2]
_README = (_TOP / "README.md").read_text()


def _commands() -> dict[str, set[str]]:
    """``woo-agent outbox list`` → its own options."""
    found: dict[str, set[str]] = {}

    def walk(command: object, name: str) -> None:
        nested = getattr(command, "commands", None)
        if nested is not None:
            for inner, of in nested.items():
                walk(of, f"{name} {inner}")
            return
        options = {option for parameter in command.params for option in parameter.opts}  # type: ignore[attr-defined]
        found[name] = {option for option in options if option.startswith("--")}

    walk(typer.main.get_command(main.app), "woo-agent")
    return found


_EVERYWHERE = {"--config", "--instance", "--json", "--help"}


def test_every_command_and_option_is_in_the_table_and_nothing_else() -> None:
    rows = re.findall(r"^\| `(woo-agent [^`]*)` \|", _README, re.MULTILINE)
    commands = _commands()
    told = {}
    for row in rows:
        plain = row.replace("\\|", "|")
        name = next(n for n in sorted(commands, key=len, reverse=True) if plain.startswith(n))
        told[name] = set(re.findall(r"--[a-z-]+", plain))
    assert told == {name: options - _EVERYWHERE for name, options in commands.items()}


def test_every_setting_stands_in_the_table_with_its_default() -> None:
    rows = re.findall(r"^\| `([a-z_.0-9]+)` \| (.*?) \| (.*) \|$", _README, re.MULTILINE)
    assert [key for key, _, _ in rows] == list(keys.FIELDS)
    for key, default, _ in rows:
        assert default == _default(key), key


def _default(key: str) -> str:
    field = keys.FIELDS[key]
    if key == "state.dir":
        return "by instance"
    if field.is_required():
        return "**required**"
    if field.default is None:
        return "none"
    written = TypeAdapter(field.rebuild_annotation()).dump_python(field.default, mode="json")
    return f"`{json.dumps(written)}`"


def test_every_file_it_names_is_there() -> None:
    for named in re.findall(r"`((?:agent|systemd|tests)/[\w./@-]+)`", _README):
        assert (_TOP / named).exists(), named


def test_the_nginx_limit_is_the_default_of_max_body() -> None:
    [megabytes] = re.findall(r"client_max_body_size (\d+)m;", _README)
    assert int(megabytes) * 2**20 == keys.FIELDS["webhooks.max_body"].default


def test_its_example_of_a_file_is_one() -> None:
    [example] = re.findall(r"```csv\n(.*?)```", _README, re.DOTALL)
    source = Source("example.csv", datetime(2026, 11, 24, tzinfo=UTC))
    lines = list(formats.read(io.BytesIO(example.encode()), "example.csv", source))
    assert [line for line in lines if isinstance(line, Bad)] == []
    named = re.findall(r"`([a-z_]+)`", _README.partition("The header names the columns")[2])
    assert set(rows.FIELDS) <= set(named)
