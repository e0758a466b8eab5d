"""A report of ours on its way through the line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from agent.model import content
from agent.model.delivery import READ_BY_US, Webhook
from agent.model.report import ReconciliationReport
from agent.woo.translate import reading, report
from agent.woo.translate.errors import Untranslatable
from tests.gateway.contract import examples
from tests.storage.seeding import AT

if TYPE_CHECKING:
    from agent.model.delivery import Reading

SOURCE = "https://shop.example"
MADE = ReconciliationReport.model_validate(
    examples.events()["retail.reconciliation.report.v1"]["data"]
)


def read(webhook_id: str = READ_BY_US, **changed: Any) -> Reading:
    body = content.encoded(MADE.model_copy(update=changed))
    hook = Webhook(AT, "report.updated", SOURCE, webhook_id, "100", body)
    return reading.read(hook, frozenset({"shop.example"}))


def test_it_comes_out_as_it_went_in() -> None:
    said = read()
    assert (said.type, said.untranslatable) == ("retail.reconciliation.report.v1", "")
    assert (said.subject, said.lane) == (MADE.id, MADE.id)
    assert (said.changed_at, said.read_after, said.snapshot) == (MADE.made_at, 100, True)
    assert ReconciliationReport.model_validate_json(said.data) == MADE
    assert said.verdict is None
    assert said.priority == 4  # nobody's order waits for it


@pytest.mark.parametrize("changed", [{"made_at": AT}, {"requests": 7}])
def test_when_it_was_made_and_what_it_cost_is_no_news(changed: dict[str, Any]) -> None:
    assert read(**changed).digest == read().digest


@pytest.mark.parametrize(
    "changed", [{"agreed": True}, {"accurate": 1200}, {"drifted": ()}, {"held_updates": 2}]
)
def test_anything_else_is(changed: dict[str, Any]) -> None:
    assert read(**changed).digest != read().digest


def test_a_webhook_can_not_pass_for_one() -> None:
    assert read("3").type == "woocommerce.report.updated.v1"


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"agreed": "perhaps"}, "agreed"),
        ({"more": 1}, "more"),
        ({"orders": {"in_store": 1}}, "orders.accepted"),
    ],
)
def test_one_of_another_version_is_not_guessed_at(changed: dict[str, Any], place: str) -> None:
    body = json.loads(content.encoded(MADE)) | changed
    with pytest.raises(Untranslatable, match=place):
        report.of_body(body)
