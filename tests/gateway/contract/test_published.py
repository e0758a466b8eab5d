"""The committed contract is what the models say, and nobody who built on it is broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from typer.testing import CliRunner

from agent.cli import main
from agent.events import verdict
from agent.gateway import protocol
from agent.gateway.contract import answers, openapi, published, schemas, wire
from agent.gateway.contract.answers import Does
from agent.model import types
from agent.model.delivery import Answer
from agent.model.update import UpdateState
from tests.gateway.contract import breaking, readme

if TYPE_CHECKING:
    from agent.gateway.contract.answers import Row

RELEASED = Path(__file__).parents[1] / "released"
PROBLEM = {"code": "x", "title": "x"}


def test_the_committed_files_are_what_the_commands_print(tmp_path: Path) -> None:
    """To bring them up to date: ``python -m tests.gateway.contract``."""
    told = CliRunner().invoke(main.app, ["contract", "openapi"])
    assert told.exit_code == 0
    assert told.stdout == (published.HERE / "openapi.json").read_text(encoding="utf-8")
    written = CliRunner().invoke(main.app, ["contract", "schemas", str(tmp_path / "new")])
    assert written.exit_code == 0
    assert _texts(tmp_path / "new") == _texts(published.HERE / "schemas")


def test_the_page_and_the_schema_say_how_long_a_cursor_may_be() -> None:
    said = f"at most {protocol.LONGEST_CURSOR:,} characters"
    schema = schemas.documents()["updates-page.v1"]
    assert said in schema["properties"]["cursor"]["description"]
    assert said in readme.PATH.read_text(encoding="utf-8").replace("\n", " ")


def test_without_a_folder_the_schemas_are_printed() -> None:
    told = CliRunner().invoke(main.app, ["contract", "schemas"])
    assert [each["$id"] for each in json.loads(told.stdout)] == [
        schemas.urn(name) for name in schemas.documents()
    ]


def test_a_folder_that_is_a_file_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = CliRunner().invoke(main.app, ["contract", "schemas", str(tmp_path / "file")])
    assert "can't write to" in str(refused.exception)


def _texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_every_type_has_a_schema_of_its_own() -> None:
    assert types.TYPES.keys() <= schemas.documents().keys()
    for name, schema in schemas.documents().items():
        Draft202012Validator.check_schema(schema)
        assert schema["$id"] == f"urn:woo-agent:schema:{name}"
        assert '"additionalProperties": false' not in json.dumps(schema), "fields may be added"


def test_the_openapi_document_is_one() -> None:
    document = json.loads(published.openapi())
    OpenAPIV31SpecValidator(document).validate()
    assert openapi.document({})["paths"].keys() == document["paths"].keys()


@pytest.mark.parametrize("name", sorted(path.stem for path in RELEASED.glob("*.json")))
def test_a_released_schema_keeps_its_meaning(name: str) -> None:
    """A breaking change is a new version beside the old one."""
    released = json.loads((RELEASED / f"{name}.json").read_text(encoding="utf-8"))
    present = schemas.documents().get(name)
    assert present is not None, f"{name} was released and must stay"
    assert breaking.changes(released, present, said_by_agent=name in schemas.SAID) == []


def test_every_schema_is_released() -> None:
    """Freeze a new one: copy its file from ``schemas/`` into ``released/``."""
    assert {path.stem for path in RELEASED.glob("*.json")} == schemas.documents().keys()


def test_what_the_agent_is_told_is_never_what_it_says() -> None:
    assert not schemas.SAID.keys() & schemas.TOLD.keys()


@pytest.mark.parametrize("row", answers.TABLE, ids=lambda row: row.status)
def test_the_answer_table_says_what_the_agent_does(row: Row) -> None:
    for status in _statuses(row):
        assert _does(status, PROBLEM if row.problem else None) is row.does, status


def test_an_error_of_a_proxy_blames_no_event() -> None:
    [default] = [row for row in answers.TABLE if row.status == "default"]
    assert _does(400, None) is _does(422, None) is default.does


def _statuses(row: Row) -> list[int]:
    match row.status:
        case "5XX":
            return [500, 502, 503, 504, 507]
        case "default":
            named = {other.status for other in answers.TABLE}
            return [n for n in (301, 302, 307, 402, 405, 406, 415, 451) if str(n) not in named]
        case number:
            return [int(number)]


def _does(status: int, body: Any) -> Does:
    answer = Answer(status, body={"results": []} if status == 200 else body)
    match verdict.decide(answer, ["x"], accept_empty=False):
        case verdict.Settled():
            return Does.SETTLES
        case verdict.Guilty():
            return Does.HALVES
        case verdict.Forbidden():
            return Does.PROBES
        case verdict.Unavailable(refused=refused):
            return Does.STOPS if refused else Does.AGAIN


def test_every_state_that_is_reported_is_a_status_of_a_result() -> None:
    reported = set(UpdateState) - {UpdateState.PENDING}
    assert {str(status) for status in wire.ResultStatus} == {str(state) for state in reported}
