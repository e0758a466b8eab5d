"""Disks that can be filled under a running daemon."""

from __future__ import annotations

import resource
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


class Disk(Protocol):
    """Where a state lies; ``told`` is what SQLite says of it when it is full."""

    folder: Path
    told: str

    def fill(self, pid: int) -> None:
        """From now on nothing fits any more."""

    def make_room(self, pid: int) -> None:
        """There is room again."""


@dataclass
class Tmpfs:
    """A real file system of its own: ENOSPC comes from the kernel."""

    folder: Path
    told: str = "database or disk is full"

    def fill(self, pid: int) -> None:
        with self._filler.open("wb", buffering=0) as filler:
            try:
                while filler.write(bytes(4096)):
                    pass
            except OSError:
                filler.truncate(filler.tell() - 12_288)  # room for a page or two, not for a webhook

    def make_room(self, pid: int) -> None:
        self._filler.unlink()

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"


@dataclass
class Limited:
    """Where nothing may be mounted: no file of the process may grow (RLIMIT_FSIZE). The kernel
    says EFBIG, which SQLite calls an I/O error."""

    folder: Path
    told: str = "disk I/O error"

    def fill(self, pid: int) -> None:
        self._limit(pid, 16_384)

    def make_room(self, pid: int) -> None:
        self._limit(pid, resource.RLIM_INFINITY)

    def _limit(self, pid: int, size: int) -> None:
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


@contextmanager
def mounted(folder: Path, options: str = "size=4m") -> Iterator[None]:
    """A tmpfs there; raises PermissionError where this user may not mount."""
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PermissionError(done.stderr)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, how: str) -> None:
    """``ro`` or ``rw``."""
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


def names(folder: Path) -> list[str]:
    """Of the files there."""
    return sorted(path.name for path in folder.iterdir())


def may_mount() -> bool:
    """Whether this user may mount a tmpfs here."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with mounted(Path(folder)):
                return True
        except (PermissionError, FileNotFoundError):
            return False


@contextmanager
def disk(kind: type[Tmpfs | Limited], folder: Path) -> Iterator[Disk]:
    """One of that kind, empty."""
    folder.mkdir()
    if kind is Limited:
        yield Limited(folder)
        return
    with mounted(folder):
        yield Tmpfs(folder)
