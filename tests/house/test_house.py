"""What was agreed about the house itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

_TOP = Path(__file__).parents[2]
_FORBIDDEN = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}


def _tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=_TOP,
        capture_output=True,
        text=True,
        check=True,
    )
    return [Path(line) for line in listed.stdout.splitlines()]


def test_the_top_level_holds_what_the_owner_fixed() -> None:
    top = {path.parts[0] for path in _tracked()}
    fixed = {"pyproject.toml", "agent", "tests", "systemd", "README.md"}
    assert {name for name in top if not name.startswith(".")} == fixed


def test_no_file_is_longer_than_400_lines_or_has_a_name_that_says_nothing() -> None:
    for path in _tracked("agent/*.py"):
        assert len((_TOP / path).read_text().splitlines()) <= 400, path
        assert not _FORBIDDEN.intersection((*path.parts[:-1], path.stem)), path


def test_what_the_package_needs_is_packed() -> None:
    """Data files that setuptools would leave out are missed only on a clean machine."""
    packed = {".py", ".sql", ".json", ".toml", ".html", ".md", ".typed"}
    assert {path.suffix or path.name for path in _tracked("agent/*")} - {"py.typed"} <= packed
