"""What the contract shows is what the agent says and understands."""

from __future__ import annotations

import json

import pytest

from agent.demo import gateway_checks
from agent.gateway.contract import published, schemas
from agent.model import resend, types, update
from agent.model.update import Refusal
from tests.gateway.contract import examples, readme, validation

EVENTS = examples.events()


def test_the_committed_examples_are_recorded_bodies_translated() -> None:
    """To bring them up to date: ``python -m tests.gateway.contract``."""
    assert published.examples() == json.loads(json.dumps(examples.everything()))


def test_every_type_that_was_recorded_has_one() -> None:
    assert types.TYPES.keys() - EVENTS.keys() == {"retail.coupon.snapshot.v1"}


@pytest.mark.parametrize("kind", EVENTS)
def test_an_event_fits_the_envelope_its_own_schema_and_the_gateway(kind: str) -> None:
    event = EVENTS[kind]
    assert validation.errors("cloudevent.v1", event) == []
    assert validation.errors(kind, event["data"]) == []
    assert gateway_checks.complaint(event, examples.STORE) is None


def test_data_that_does_not_fit_its_type_is_found_through_the_envelope() -> None:
    event = EVENTS["retail.order.snapshot.v1"]
    wrong = event | {"data": event["data"] | {"currency": None}}
    assert validation.errors("cloudevent.v1", wrong) == [
        "$.data.currency: None is not of type 'string'"
    ]
    assert validation.errors("cloudevent.v1", event | {"sequence": "7"})


@pytest.mark.parametrize("name", examples.documents())
def test_another_document_fits_its_schema(name: str) -> None:
    assert validation.errors(name, examples.documents()[name]) == []


def test_the_agent_understands_the_updates() -> None:
    found = examples.documents()
    for name in ("update.stock.v1", "update.price.v1"):
        assert not isinstance(update.read(found[name]), Refusal)
    assert isinstance(resend.read(found["update.resend.v1"]), resend.Resend)


UPDATE = {"id": "u", "kind": "price", "sku": "S", "version": 1}


@pytest.mark.parametrize(
    "item",
    [
        UPDATE,
        UPDATE | {"regular_price": None},
        UPDATE | {"regular_price": 12.9},
        UPDATE | {"regular_price": "12,90"},
        UPDATE | {"regular_price": "1", "currency": "euro"},
        UPDATE | {"kind": "stock", "quantity": "1"},
        UPDATE | {"kind": "stock", "quantity": 1, "sku": ""},
        UPDATE | {"kind": "stock", "quantity": 1, "version": -1},
        {"id": "r", "kind": "resend"},
        {"id": "r", "kind": "resend", "subject": "order/1", "type": "retail.order.snapshot.v1"},
    ],
)
def test_what_the_agent_refuses_does_not_fit_the_schemas(item: dict[str, object]) -> None:
    said = resend.read(item) or update.read(item)
    assert isinstance(said, Refusal)
    assert validation.errors(f"update.{item['kind']}.v1", item)


def test_the_readme_shows_the_examples_and_the_answer_table_as_they_are() -> None:
    told = readme.PATH.read_text(encoding="utf-8")
    assert readme.filled(told, examples.everything()) == told


def test_the_readme_links_to_its_own_headings() -> None:
    told = readme.PATH.read_text(encoding="utf-8")
    headings = {readme.anchor(line[3:]) for line in told.splitlines() if line.startswith("## ")}
    assert readme.links(told) <= headings


def test_schemas_and_examples_have_the_same_names() -> None:
    assert published.examples().keys() <= schemas.documents().keys()
