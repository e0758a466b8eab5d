"""Where values come from: the file, the environment, files of secrets, systemd credentials.

Each source becomes a layer, dotted key → value and origin. What is wrong with a source as such
goes into ``Findings``; whether the values are any good is not asked here.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.errors import ConfigError
from agent.settings import keys, problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PREFIX = "WOO_AGENT__"
_READABLE_BY_OTHERS = 0o004


@dataclass(frozen=True)
class Given:
    """A value as it was found; ``place`` is a path, a variable or a credential."""

    value: Any
    source: str
    place: str

    @property
    def origin(self) -> str:
        """``file /etc/woo-agent/brand.toml``, ``environment WOO_AGENT__LOG__LEVEL``."""
        return f"{self.source} {self.place}".strip()

    @property
    def where(self) -> str:
        """The origin as it stands in an error: a path needs no introduction."""
        return self.place if self.source == "file" else self.origin


Layer = dict[str, Given]


@dataclass
class Findings:
    """What came up on the way: lines by dotted key that stop us, and lines that don't."""

    problems: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def from_file(path: Path, findings: Findings) -> Layer:
    """The settings in a TOML file. Raises ConfigError where it can't be read at all."""
    layer = {key: Given(value, "file", str(path)) for key, value in _flat(_table(path))}
    if any(key in layer for key in keys.SECRETS) and _open_to_others(path):
        findings.warnings.append(f"every user can read the secrets in {path}: chmod o= {path}")
    return _with_secret_files(layer, findings)


def _table(path: Path) -> dict[str, Any]:
    hint = correction(path)
    text = ""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text)
    except FileNotFoundError:
        message = f"there is no configuration at {path}"
        hint = f"copy woo-agent.example.toml to {path} and fill it in"
    except OSError as error:
        message = f"{path} can't be read: {error.strerror}"
        hint = f"the user who runs woo-agent must be able to read it: ls -l {path}"
    except UnicodeDecodeError as error:
        message = f"{path} is not UTF-8 text (at byte {error.start})"
    except tomllib.TOMLDecodeError as error:
        *_, last = text.split("\n")
        end = f"line {text.count(chr(10)) + 1}, column {len(last) + 1}"
        message = f"{path} is not TOML: {str(error).replace('end of document', end)}"
    raise ConfigError(message, hint=hint)


def correction(path: Path) -> str:
    """The next step after an error in a configuration."""
    return f"correct it, then run: woo-agent config check --config {path}"


def _flat(table: Mapping[str, Any], parent: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        key = f"{parent}{name}"
        is_section = isinstance(value, dict) and (value or key in keys.SECTIONS)
        if is_section and key not in keys.FIELDS:
            yield from _flat(value, f"{key}.")
        else:
            yield key, value


def from_environment(environ: Mapping[str, str], findings: Findings) -> Layer:
    """``WOO_AGENT__STORE__URL`` is ``store.url``."""
    layer = {
        name.removeprefix(_PREFIX).lower().replace("__", "."): Given(value, "environment", name)
        for name, value in environ.items()
        if name.startswith(_PREFIX)
    }
    return _with_secret_files(layer, findings)


def from_credentials(environ: Mapping[str, str], findings: Findings) -> Layer:
    """Secrets that systemd hands over, in files named by their dotted key (systemd.exec(5))."""
    directory = environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        return {}
    handed = {key: Path(directory, key) for key in keys.SECRETS}
    return {
        key: Given(secret, "credential", key)
        for key, path in handed.items()
        if path.exists()
        and (secret := _secret_in(path, key, f"credential {key}", findings)) is not None
    }


def _with_secret_files(layer: Layer, findings: Findings) -> Layer:
    resolved = dict(layer)
    for named, key in keys.FILES_OF_SECRETS.items():
        given = resolved.pop(named, None)
        if given is None:
            continue
        path = Path(str(given.value))
        if key in layer:
            findings.problems[key] = f"{key} and {named} are both given (in {given.where})"
        elif not path.is_absolute():
            rule = f"must be an absolute path, got {problems.shown(given.value)}"
            findings.problems[key] = f"{named} {rule} (in {given.where})"
        elif (secret := _secret_in(path, key, named, findings)) is not None:
            if _open_to_others(path):
                findings.warnings.append(f"{named}: every user can read {path}: chmod o= {path}")
            name = given.place if given.source == "environment" else named.rpartition(".")[2]
            resolved[key] = Given(secret, "file", f"{path} ({name})")
    return resolved


def _secret_in(path: Path, key: str, named: str, findings: Findings) -> str | None:
    try:
        return path.read_bytes().decode().rstrip("\r\n")
    except OSError as error:
        reason = f"can't be read: {error.strerror}"
    except UnicodeDecodeError:
        reason = "is not UTF-8 text"
    findings.problems[key] = f"{named}: {problems.masked(str(path))} {reason}"
    return None


def _open_to_others(path: Path) -> bool:
    return path.is_file() and bool(path.stat().st_mode & _READABLE_BY_OTHERS)
