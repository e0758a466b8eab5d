from __future__ import annotations

from typing import Any

from agent.settings import keys, schema


def properties() -> dict[str, Any]:
    told = schema.of_file()
    found: dict[str, Any] = {}
    for name, entry in told["properties"].items():
        table = told["$defs"].get(entry.get("$ref", "").removeprefix("#/$defs/"))
        inner = table["properties"] if table else {}
        found |= {f"{name}.{key}": value for key, value in inner.items()} or {name: entry}
    return found


def test_the_schema_knows_every_setting_and_every_file_of_a_secret() -> None:
    assert properties().keys() == keys.FIELDS.keys() | keys.FILES_OF_SECRETS.keys()


def test_defaults_are_shown_as_a_file_has_them() -> None:
    told = properties()
    assert told["stop_grace"]["default"] == "20s"
    assert told["inventory.unexplained_for"]["default"] == "24h"
    assert told["webhooks.max_body"]["default"] == "16MiB"
    assert told["webhooks.listen"]["default"] == "127.0.0.1:8787"
    assert "default" not in told["store.url"]


def test_nothing_is_required_since_it_may_come_from_elsewhere_but_nothing_unknown_is_allowed() -> (
    None
):
    told = schema.of_file()
    assert told["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for table in (told, *told["$defs"].values()):
        assert "required" not in table
        assert table["additionalProperties"] is False
