"""The drop folder on disk: what lies in it, what was claimed, and where a file ends."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.dropfolder import formats

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

CLAIMED, DONE, REJECTED = "claimed", "done", "rejected"
_LONGEST_NAME = 200  # bytes: a stamp and the end of the report's name must still fit


@dataclass(frozen=True, slots=True)
class Look:
    """What changes with a file when somebody writes to it."""

    file: int
    size: int
    changed_ns: int


class Folder:
    """Blocks, and raises OSError where the folder can't be used."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self) -> None:
        """Makes the folders in it, as open to others as it is itself."""
        for name in (CLAIMED, DONE, REJECTED):
            room = self.path / name
            if not room.is_dir():
                room.mkdir()
                room.chmod(stat.S_IMODE(self.path.stat().st_mode))

    def waiting(self) -> dict[str, Look]:
        """The files that can be read, oldest first; hidden ones and all others are left alone."""
        return _files(self.path)

    def claim(self, name: str, now: datetime) -> Path | None:
        """Takes it out of the reach of whoever writes files; its new name is one that no other
        file has or had. None where it is gone."""
        stamped = f"{now:%Y%m%dT%H%M%S.%fZ}-{_end(name)}"
        claimed = self.path / CLAIMED / stamped
        if claimed.exists():
            raise FileExistsError(f"{claimed} is there already")
        try:
            return (self.path / name).rename(claimed)
        except FileNotFoundError:
            return None

    def claimed(self) -> list[Path]:
        """Files that were claimed and not finished, oldest first."""
        room = self.path / CLAIMED
        return [room / name for name in _files(room)]

    def finish(self, claimed: Path, room: str, report: Mapping[str, Any]) -> Path:
        """Moves it to ``done`` or ``rejected``, under its own name where that is free, with its
        report beside it, which comes first: a crash in between repeats both."""
        path = self.path / room / original(claimed)
        if path.exists():
            path = path.with_name(claimed.name)
        told = path.with_name(f"{path.name}.report.json")
        fresh = path.with_name(f".{told.name}.tmp")
        fresh.write_text(json.dumps(report, indent=2) + "\n", encoding="ascii")
        fresh.chmod(stat.S_IMODE(claimed.stat().st_mode))
        fresh.replace(told)
        return claimed.rename(path)


def _files(path: Path) -> dict[str, Look]:
    found = {}
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.name.startswith(".") or not formats.is_known(entry.name):
                continue
            if entry.is_file(follow_symlinks=False) and (seen := look(Path(entry.path))):
                found[entry.name] = seen
    return dict(sorted(found.items(), key=lambda one: (one[1].changed_ns, one[0])))


def look(path: Path) -> Look | None:
    """None where it is gone."""
    try:
        seen = path.lstat()
    except FileNotFoundError:
        return None
    return Look(seen.st_ino, seen.st_size, seen.st_mtime_ns)


def original(claimed: Path) -> str:
    """The name it was dropped under."""
    return claimed.name.partition("-")[2] or claimed.name


def shown(name: str) -> str:
    """A name that can be written to a log: file names may hold any bytes."""
    return "".join(char if char.isprintable() else "?" for char in name)


def _end(name: str) -> str:
    return os.fsdecode(os.fsencode(name)[-_LONGEST_NAME:])
