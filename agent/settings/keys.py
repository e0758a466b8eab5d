"""The dotted key of every setting, which of them are secrets, and which one was meant."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, get_args

from pydantic import SecretStr

from agent.settings.sections import Section
from agent.settings.whole import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic.fields import FieldInfo

SECTIONS: Mapping[str, type[Section]] = {
    name: field.annotation
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
}


def _fields() -> Iterator[tuple[str, FieldInfo]]:
    for name, field in Settings.model_fields.items():
        if name not in SECTIONS:
            yield name, field
    for section, model in SECTIONS.items():
        for name, field in model.model_fields.items():
            yield f"{section}.{name}", field


def _takes_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(map(_takes_secret, get_args(annotation)))


FIELDS: Mapping[str, FieldInfo] = dict(_fields())
SECRETS = tuple(key for key, field in FIELDS.items() if _takes_secret(field.annotation))
FILES_OF_SECRETS: Mapping[str, str] = {f"{key}_file": key for key in SECRETS}


def nearest(key: str) -> str | None:
    """The setting that was most likely meant by a key that is none."""
    close = difflib.get_close_matches(key, [*FIELDS, *FILES_OF_SECRETS], n=1)
    return close[0] if close else None


def read(settings: Settings, key: str) -> Any:
    """The value that a dotted key has in ``settings``."""
    section, _, name = key.rpartition(".")
    return getattr(getattr(settings, section) if section else settings, name)


def written(settings: Settings) -> dict[str, Any]:
    """Every value as a file would have it, by dotted key; secrets are masked."""
    tables = settings.model_dump(mode="json")
    split = {key: key.rpartition(".") for key in FIELDS}
    return {
        key: (tables[section] if section else tables)[name]
        for key, (section, _, name) in split.items()
    }
