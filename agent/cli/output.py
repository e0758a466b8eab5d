"""Data goes to stdout, as a table or as JSON; talk goes to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

Advance = Callable[[], None]
Tell = Callable[[str, bool], None]
"""A line, and whether it is the last about its matter."""


def as_json(value: Any) -> None:
    """One JSON document."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Those columns of the rows, one line each where the terminal is wide enough."""
    from rich import box, console, table  # other commands start without it

    shown = table.Table(box=box.SIMPLE, show_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*("" if row.get(name) is None else str(row[name]) for name in columns))
    console.Console(markup=False, highlight=False).print(shown)


def pairs(values: Mapping[str, Any]) -> None:
    """``name  value`` lines; nested mappings are indented."""
    width = max((len(name) for name in values), default=0)
    for name, value in values.items():
        if isinstance(value, Mapping):
            print(f"{name}")
            for inner, of in value.items():
                print(f"  {inner:<{max(width - 2, 1)}}  {of}")
        else:
            print(f"{name:<{width}}  {'-' if value is None else value}")


def say(text: str) -> None:
    """Talk."""
    print(text, file=sys.stderr)


@contextmanager
def progress(file: BinaryIO, name: str) -> Iterator[Advance]:
    """A bar on a terminal that shows, whenever it is told to, how far that file was read."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich import console, markup, progress  # other commands start without it

    with progress.Progress(console=console.Console(stderr=True)) as bar:
        task = bar.add_task(markup.escape(name), total=Path(file.name).stat().st_size)
        yield lambda: bar.update(task, completed=file.tell())


@contextmanager
def counting() -> Iterator[Tell]:
    """Last lines stay on stderr; on a terminal the others are shown until the next one comes."""
    if not sys.stderr.isatty():
        yield lambda text, is_last: say(text) if is_last else None
        return
    from rich import console, markup  # other commands start without it

    shown = console.Console(stderr=True, highlight=False)
    with shown.status("") as status:

        def tell(text: str, is_last: bool) -> None:
            if is_last:
                shown.print(markup.escape(text))
            else:
                status.update(markup.escape(text))

        yield tell
