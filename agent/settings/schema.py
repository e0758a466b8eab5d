"""The configuration as JSON Schema 2020-12: what an editor needs to complete and check a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.settings import keys
from agent.settings.whole import Settings

if TYPE_CHECKING:
    from agent.settings.sections import Section


def of_file() -> dict[str, Any]:
    """The schema of a file. Nothing is required: any setting may come from elsewhere."""
    schema = Settings.model_json_schema()
    _as_written(schema, Settings)
    tables = {name: schema["$defs"][model.__name__] for name, model in keys.SECTIONS.items()}
    for section, model in keys.SECTIONS.items():
        _as_written(tables[section], model)
    for named, key in keys.FILES_OF_SECRETS.items():
        section, _, name = named.partition(".")
        told = {"type": "string", "description": f"File that holds {key}."}
        tables[section]["properties"][name] = told
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _as_written(table: dict[str, Any], model: type[Section]) -> None:
    """Defaults as a file has them (pydantic says PT90S and 16777216), and nothing required."""
    table.pop("required", None)
    defaults = model.model_construct().model_dump(mode="json", exclude_none=True)
    for name, entry in table["properties"].items():
        entry.pop("default", None)
        if name in defaults and name not in keys.SECTIONS:
            entry["default"] = defaults[name]
