"""The comparison that guards released schemas."""

from __future__ import annotations

from typing import Any

import pytest

from agent.gateway.contract import schemas
from tests.gateway.contract import breaking

Schema = dict[str, Any]


def _object(properties: Schema, *required: str, **more: Any) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required), **more}


TEXT: Schema = {"type": "string"}
MAYBE: Schema = {"anyOf": [{"type": "string"}, {"type": "null"}]}
LISTED: Schema = {"type": "array", "items": TEXT}
A_OR_B: Schema = {"type": "string", "enum": ["a", "b"]}
ONLY_A: Schema = {"type": "string", "enum": ["a"]}
SHORT: Schema = {"type": "string", "maxLength": 10}
DIGITS: Schema = {"type": "string", "pattern": "^[0-9]+$"}
V1: Schema = {"const": "1.0"}
V2: Schema = {"const": "2.0"}

BOTH = [
    ("a field is removed", _object({"a": TEXT, "b": TEXT}), _object({"a": TEXT})),
    ("a field is required now", _object({"a": TEXT}), _object({"a": TEXT}, "a")),
    ("another type", TEXT, {"type": "integer"}),
    ("another type in a list", LISTED, {"type": "array", "items": {"type": "integer"}}),
    ("null is no longer one", MAYBE, TEXT),
    ("a value is gone", A_OR_B, ONLY_A),
    ("only some values", TEXT, ONLY_A),
    ("another constant", V1, V2),
    ("another pattern", DIGITS, {"type": "string", "pattern": "^[0-9]{2}$"}),
    ("a pattern where there was none", TEXT, DIGITS),
    ("shorter", SHORT, {"type": "string", "maxLength": 9}),
    ("a limit where there was none", TEXT, SHORT),
    ("another default", {"type": "boolean", "default": False}, {"type": "boolean"}),
    ("another format", {"type": "string", "format": "date"}, TEXT | {"format": "date-time"}),
    ("another document", {"$ref": "urn:a"}, {"$ref": "urn:b"}),
    (
        "another document for a type",
        {"allOf": [{"if": {"const": 1}, "then": {"$ref": "urn:a"}}]},
        {"allOf": [{"if": {"const": 1}, "then": {"$ref": "urn:b"}}]},
    ),
    (
        "deep inside, behind references",
        _object({"a": {"$ref": "#/$defs/A"}}, **{"$defs": {"A": _object({"b": TEXT})}}),
        _object({"a": {"$ref": "#/$defs/B"}}, **{"$defs": {"B": _object({"b": V1})}}),
    ),
    (
        "in one of several choices",
        {"anyOf": [_object({"a": TEXT}, "a"), {"type": "null"}]},
        {"anyOf": [_object({"b": TEXT}, "b"), {"type": "null"}]},
    ),
    ("in a map", {"additionalProperties": LISTED}, {"additionalProperties": TEXT}),
]
SAID = [
    ("a field may be missing", _object({"a": TEXT}, "a"), _object({"a": TEXT})),
    ("a field may be null", TEXT, MAYBE),
    ("a value more", ONLY_A, A_OR_B),
    ("anything", DIGITS, TEXT),
    ("longer", SHORT, {"type": "string", "maxLength": 11}),
    ("another type too", TEXT, {"type": ["string", "integer"]}),
]
TOLD = [("a new field is required", _object({"a": TEXT}), _object({"a": TEXT, "b": TEXT}, "b"))]
FINE = [
    ("nothing", _object({"a": A_OR_B}, "a"), _object({"a": A_OR_B}, "a")),
    ("a new field", _object({"a": TEXT}, "a"), _object({"a": TEXT, "b": TEXT}, "a")),
    ("other words", TEXT | {"description": "x"}, TEXT | {"description": "y", "title": "z"}),
    (
        "another name behind a reference",
        _object({"a": {"$ref": "#/$defs/A"}}, **{"$defs": {"A": ONLY_A}}),
        _object({"a": {"$ref": "#/$defs/B"}}, **{"$defs": {"B": ONLY_A}}),
    ),
    (
        "something that holds itself",
        {"$ref": "#/$defs/A", "$defs": {"A": _object({"a": {"$ref": "#/$defs/A"}})}},
        {"$ref": "#/$defs/A", "$defs": {"A": _object({"a": {"$ref": "#/$defs/A"}})}},
    ),
    (
        "a type more",
        {"allOf": [{"if": {"const": 1}, "then": {"$ref": "urn:a"}}]},
        {
            "allOf": [
                {"if": {"const": 0}, "then": {"$ref": "urn:b"}},
                {"if": {"const": 1}, "then": {"$ref": "urn:a"}},
            ]
        },
    ),
]


def _ids(row: tuple[str, Schema, Schema]) -> str:
    return row[0]


@pytest.mark.parametrize("said", [True, False])
@pytest.mark.parametrize("row", BOTH, ids=_ids)
def test_what_breaks_either_side(row: tuple[str, Schema, Schema], said: bool) -> None:
    assert breaking.changes(row[1], row[2], said_by_agent=said)


@pytest.mark.parametrize("row", SAID, ids=_ids)
def test_what_surprises_a_reader_breaks_only_what_the_agent_says(
    row: tuple[str, Schema, Schema],
) -> None:
    assert breaking.changes(row[1], row[2], said_by_agent=True)
    assert breaking.changes(row[1], row[2], said_by_agent=False) == []


@pytest.mark.parametrize("row", TOLD, ids=_ids)
def test_what_refuses_a_writer_breaks_only_what_the_agent_is_told(
    row: tuple[str, Schema, Schema],
) -> None:
    assert breaking.changes(row[1], row[2], said_by_agent=False)
    assert breaking.changes(row[1], row[2], said_by_agent=True) == []


@pytest.mark.parametrize("said", [True, False])
@pytest.mark.parametrize("row", FINE, ids=_ids)
def test_additions_pass(row: tuple[str, Schema, Schema], said: bool) -> None:
    assert breaking.changes(row[1], row[2], said_by_agent=said) == []


def test_it_says_where_in_a_real_schema() -> None:
    old = schemas.documents()["retail.order.snapshot.v1"]
    new = schemas.documents()["retail.order.snapshot.v1"]
    del new["$defs"]["AppliedTax"]["properties"]["amount"]
    found = breaking.changes(old, new, said_by_agent=True)
    assert "lines[].taxes[].amount: was removed" in found
    assert all("amount" in each for each in found)
