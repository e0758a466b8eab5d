"""Documents held against the published schemas; those refer to each other by URN."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from agent.gateway.contract import schemas

_DOCUMENTS = schemas.documents()
_REGISTRY: Registry[Any] = Registry().with_resources(
    (schema["$id"], DRAFT202012.create_resource(schema)) for schema in _DOCUMENTS.values()
)
_VALIDATORS = {
    name: Draft202012Validator(schema, registry=_REGISTRY, format_checker=FormatChecker())
    for name, schema in _DOCUMENTS.items()
}


def errors(name: str, document: Any) -> list[str]:
    """What is wrong with a document, as ``path: message``."""
    return [f"{each.json_path}: {each.message}" for each in _VALIDATORS[name].iter_errors(document)]
