from __future__ import annotations

import re

from agent.model.types import TYPES


def test_every_type_names_its_resource_its_kind_and_its_version() -> None:
    assert all(
        re.fullmatch(r"retail\.[a-z]+\.(snapshot|deleted|report)\.v[0-9]+", name) for name in TYPES
    )


def test_no_model_takes_a_field_that_it_does_not_name_and_all_say_what_they_are() -> None:
    for model in TYPES.values():
        schema = model.model_json_schema(mode="serialization")
        for part in [schema, *schema.get("$defs", {}).values()]:
            assert part["description"], part["title"]
            assert "properties" not in part or part["additionalProperties"] is False, part["title"]
            assert set(part.get("required", ())) == set(part.get("properties", ())), part["title"]
