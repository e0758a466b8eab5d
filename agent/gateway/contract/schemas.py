"""JSON Schemas (2020-12), one document per type and version, made from the models. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from agent.gateway.contract import wire
from agent.model import types
from agent.model.resend import Resend
from agent.model.update import PriceUpdate, StockUpdate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel
    from pydantic.json_schema import JsonSchemaMode

Schema = dict[str, Any]

SAID: Mapping[str, type[BaseModel]] = {
    **types.TYPES,
    "cloudevent.v1": wire.CloudEvent,
    "results.v1": wire.Results,
    "heartbeat.v1": wire.Heartbeat,
}
"""What the agent says, by name and version."""

TOLD: Mapping[str, type[BaseModel]] = {
    "update.stock.v1": StockUpdate,
    "update.price.v1": PriceUpdate,
    "update.resend.v1": Resend,
    "updates-page.v1": wire.UpdatesPage,
    "events-answer.v1": wire.EventsAnswer,
    "store-description.v1": wire.StoreDescription,
    "problem.v1": wire.Problem,
}
"""What the agent is told."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MODES: tuple[tuple[Mapping[str, type[BaseModel]], JsonSchemaMode], ...] = (
    (SAID, "serialization"),
    (TOLD, "validation"),
)


class _Untitled(GenerateJsonSchema):
    """A title that repeats the name of its field says nothing."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def urn(name: str) -> str:
    """What names a schema for good; ``dataschema`` of an event is one of these."""
    return f"urn:woo-agent:schema:{name}"


def documents() -> dict[str, Schema]:
    """Every schema by its name, such as ``retail.order.snapshot.v1``; those of the
    envelope and of a page refer to others by their URNs."""
    found = {}
    for models, mode in _MODES:
        for name, model in models.items():
            schema = model.model_json_schema(mode=mode, schema_generator=_Untitled)
            found[name] = {"$schema": _DIALECT, "$id": urn(name)} | _open(schema)
    urns = {name: urn(name) for name in found}
    _bind(found["cloudevent.v1"], found["updates-page.v1"], urns)
    return dict(sorted(found.items()))


def components() -> tuple[dict[str, Schema], dict[str, str]]:
    """The same for OpenAPI: components by their names, and the reference to each by schema name."""
    named = {
        name: (model, mode) for models, mode in _MODES for name, model in sorted(models.items())
    }
    refs, defined = models_json_schema(
        list(dict.fromkeys(named.values())),
        schema_generator=_Untitled,
        ref_template="#/components/schemas/{model}",
    )
    found = {name: _open(schema) for name, schema in sorted(defined["$defs"].items())}
    references = {name: refs[key]["$ref"] for name, key in named.items()}
    _bind(found["CloudEvent"], found["UpdatesPage"], references)
    return found, references


def _open(schema: Any) -> Any:
    """Fields may be added to a released type, so none is forbidden; a default of null is no
    default, and text is Markdown."""
    match schema:
        case dict():
            return {
                key: _markdown(value) if key == "description" else _open(value)
                for key, value in schema.items()
                if (key, value) not in (("additionalProperties", False), ("default", None))
            }
        case list():
            return [_open(each) for each in schema]
        case _:
            return schema


def _markdown(text: Any) -> Any:
    """As it stands for the property of that name, which is a schema."""
    if not isinstance(text, str):
        return _open(text)
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n")).replace("``", "`")


def _bind(envelope: Schema, page: Schema, references: Mapping[str, str]) -> None:
    """What the models leave open: the data of each type, and the kinds of updates."""
    envelope["allOf"] = [
        {
            "if": {"properties": {"type": {"const": name}}},
            "then": {"properties": {"data": {"$ref": references[name]}}},
        }
        for name in sorted(types.TYPES)
    ]
    page["properties"]["updates"]["items"] = {
        "anyOf": [{"$ref": references[name]} for name in sorted(TOLD) if name.startswith("update.")]
    }
