"""``woo-agent updates submit``: a file goes through the same door as one in the drop folder."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from agent import clock, errors
from agent.cli import output, state
from agent.clock import SystemClock
from agent.dropfolder import formats
from agent.dropfolder.report import MOST_NAMED, Report
from agent.dropfolder.rows import SETS, Bad, Line, Source
from agent.settings import Settings
from agent.storage import audit, inbox, inbox_intake
from agent.storage.writer import Tx
from agent.updates.files import Piece

Rows = list[Line | Bad]
_LISTED = ("id", "kind", "sku", "version", "sets")


def submit(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .csv, .json or .ndjson file.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be taken, and take nothing.")
    ] = False,
    as_json: state.AsJson = False,
    config: state.ConfigFile = None,
    instance: state.Instance = None,
) -> None:
    """Take the updates in a file in; exits 1 if a line was refused, the others are taken.

    The same file again does nothing, until it is written anew.
    """
    of = state.settings(config, instance)
    state.file(of)
    work = _Submission(file, of)
    with _opened(file) as raw, output.progress(raw, file.name) as advance:
        if dry_run:
            work.look(raw, advance)
        else:
            work.take(raw, advance)
    document = work.report.document()
    if dry_run:
        document |= {"would_take": work.would_take, "dry_run": True}
    if as_json:
        output.as_json(document)
    else:
        _print(document)
    if work.report.refused:
        raise typer.Exit(1)


class _Submission:
    """A file on its way in, piece by piece."""

    def __init__(self, file: Path, of: Settings) -> None:
        self.report = Report(file.name)
        self.would_take: list[dict[str, Any]] = []
        self._file = file
        self._of = of
        self._clock = SystemClock()

    def take(self, raw: BinaryIO, advance: output.Advance) -> None:
        """Into the inbox, each piece in a short transaction of its own."""
        who, name = state.who(), str(self._file.absolute())

        async def step(lines: Rows, tx: Tx) -> None:
            piece, now = self._piece(formats.items(lines)), self._clock.now()
            if not self.report.lines:
                await audit.record(tx, who=who, action="submit", targets=[name], reason="", now=now)
            await inbox_intake.take_in(
                *(tx, piece.ids, piece.skus, piece.decide),
                cursor=None,
                who=who,
                now=now,
                versions=piece.versions,
                unversioned=piece.unversioned,
            )
            self.report.add(lines, piece.taken)
            advance()

        state.write_each(self._of, self._pieces(raw), step)

    def look(self, raw: BinaryIO, advance: output.Advance) -> None:
        """What would be taken in, as the inbox is now: versions that conflict with one another far
        apart in the file are not seen."""

        async def reading(db: Any) -> None:
            before: set[str] = set()
            for lines in self._pieces(raw):
                piece = self._piece(formats.items(lines), before)
                found = await inbox.look(
                    *(db, piece.ids, piece.skus),
                    versions=piece.versions,
                    unversioned=piece.unversioned,
                )
                piece.decide(*found)
                added = self.report.add(lines, piece.taken)
                room = MOST_NAMED - len(self.would_take)
                self.would_take += map(_listed, added[:room])
                before.update(piece.ids)
                advance()

        state.read(self._of, reading)

    def _pieces(self, raw: BinaryIO) -> Iterator[Rows]:
        seen = self._file.stat()
        at = min(clock.from_micros(max(seen.st_mtime_ns // 1000, 0)), self._clock.now())
        source = Source(f"{self._file.name} {seen.st_mtime_ns}", at)
        return formats.pieces(formats.read(raw, self._file.name, source))

    def _piece(self, items: Sequence[object], before: Collection[str] = ()) -> Piece:
        rule = self._of.updates.unversioned
        return Piece(items, unversioned=rule, now=self._clock.now(), before=before)


def _listed(item: Mapping[str, Any]) -> dict[str, Any]:
    sets = {name: item[name] for name in SETS if name in item}
    return {name: item.get(name) for name in _LISTED[:-1]} | {"sets": sets}


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    if not formats.is_known(file.name):
        raise errors.UsageError(
            f"{file} is none of {', '.join(formats.KNOWN)}",
            hint="name it after what is in it: woo-agent updates submit --help",
        )
    try:
        raw = file.open("rb")
    except OSError as error:
        raise errors.UsageError(
            f"{file} can't be read: {error.strerror}", hint=f"ls -l {file}"
        ) from error
    with raw:
        yield raw


def _print(document: dict[str, Any]) -> None:
    is_trial = "dry_run" in document
    if is_trial:
        rows = [row | {"sets": _told(row["sets"])} for row in document["would_take"]]
        output.table(rows, _LISTED)
        if (more := document["updates_taken"] - len(rows)) > 0:
            print(f"and {more} more")
    for bad in document["refused"]:
        column = "" if bad["column"] is None else f", {bad['column']}"
        print(f"line {bad['line']}{column}: {bad['reason']}")
    if document["cut"]:
        print(f"and {document['cut']} more")
    would = "would be " if is_trial else ""
    print(
        f"{document['updates_taken']} updates {would}taken,"
        f" {document['updates_known_before']} were taken before,"
        f" {document['lines_refused']} of {document['lines']} lines {would}refused"
    )


def _told(sets: dict[str, Any]) -> str:
    return ", ".join(f"{name} {'-' if value is None else value}" for name, value in sets.items())
