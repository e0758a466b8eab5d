"""One configuration from all its sources: found, merged, checked, with the origin of each value."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from agent.errors import ConfigError
from agent.settings import keys, problems, sources
from agent.settings.addresses import TcpAddress
from agent.settings.whole import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

INSTANCES = Path("/etc/woo-agent")
_STATES = Path("/var/lib/woo-agent")


@dataclass(frozen=True)
class Loaded:
    """The settings in force, where each value came from, and what is doubtful about them.

    ``origins``: dotted key → ``default``, ``file PATH``, ``file PATH (consumer_secret_file)``,
    ``environment WOO_AGENT__…`` or ``credential store.consumer_secret``.
    """

    settings: Settings
    origins: Mapping[str, str]
    path: Path
    warnings: tuple[str, ...]


def find(
    *,
    config: Path | None,
    instance: str | None,
    environ: Mapping[str, str],
    instances: Path = INSTANCES,
) -> Path:
    """The file: what was named, else the instance's, else $WOO_AGENT_CONFIG, else ``default``."""
    if config is None and instance is None and environ.get("WOO_AGENT_CONFIG"):
        config = Path(environ["WOO_AGENT_CONFIG"])
    if config is not None:
        return config.absolute()
    name = "default" if instance is None else instance
    if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", name) is None:
        raise ConfigError(
            f"{problems.shown(name)} can't be the name of an instance",
            hint=f"it is the name of a file in {instances} without .toml; a path goes to --config",
        )
    return instances / f"{name}.toml"


def load(
    *,
    config: Path | None = None,
    instance: str | None = None,
    environ: Mapping[str, str] = os.environ,
    instances: Path = INSTANCES,
) -> Loaded:
    """The configuration. Raises ConfigError with one line per problem, all of them at once."""
    path = find(config=config, instance=instance, environ=environ, instances=instances)
    findings = sources.Findings()
    given = {
        **_state_dir(path, instance, environ, instances),
        **sources.from_file(path, findings),
        **sources.from_credentials(environ, findings),
        **sources.from_environment(environ, findings),
    }
    settings = _checked(given, findings, path)
    return Loaded(
        settings=settings,
        origins={key: given[key].origin if key in given else "default" for key in keys.FIELDS},
        path=path,
        warnings=(*findings.warnings, *_doubts(settings)),
    )


def _state_dir(
    path: Path, instance: str | None, environ: Mapping[str, str], instances: Path
) -> sources.Layer:
    """Where the state goes unless a setting says so: known to systemd, or named by the instance."""
    if handed := environ.get("STATE_DIRECTORY"):  # several are separated by colons
        return {"state.dir": sources.Given(handed.split(":")[0], "environment", "STATE_DIRECTORY")}
    if instance is None and path.parent == instances:
        instance = path.stem
    return {"state.dir": sources.Given(_STATES / instance, "default", "")} if instance else {}


def _checked(given: sources.Layer, findings: sources.Findings, path: Path) -> Settings:
    places = {key: got.where for key, got in given.items()}
    lines = [problems.unknown(key, at) for key, at in places.items() if key not in keys.FIELDS]
    lines += findings.problems.values()
    values: dict[str, Any] = {section: {} for section in keys.SECTIONS}
    for key in given.keys() & keys.FIELDS.keys():
        section, _, name = key.rpartition(".")
        (values[section] if section else values)[name] = given[key].value
    try:
        settings = Settings.model_validate(values, context="written")
    except ValidationError as error:
        settings = None
        found = problems.of_values(error, places)
        lines += [line for key, line in found if key not in findings.problems]
    if lines or settings is None:
        raise ConfigError("\n".join(lines), hint=sources.correction(path))
    return settings


def _doubts(settings: Settings) -> Iterator[str]:
    gateway = urlsplit(settings.gateway.url)
    if gateway.scheme == "http" and not TcpAddress(gateway.hostname or "", 0).is_local:
        yield "gateway.url is not https: the token and customers' data can be read on the way"
    if not settings.store.verify_tls:
        yield "store.verify_tls is off: whoever is on the way can pose as the store"
    if settings.admin.token is None and not settings.admin.listen.is_local:
        yield "admin.token is missing: others than this machine see only /livez and /readyz"
