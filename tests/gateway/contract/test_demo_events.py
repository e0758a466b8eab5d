"""Whatever the demo's agent says fits the published schemas, and is a CloudEvent to others too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from typer.testing import CliRunner

from agent.cli import main
from agent.demo import tally
from tests.gateway.contract import examples, validation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.demo.gateway import Gateway
    from agent.demo.store import Store
    from agent.demo.tally import Line

_OF_THE_JOURNAL = {"position", "accepted_at", "received"}


@pytest.mark.timeout(60)
@pytest.mark.usefixtures("root_logger")
def test_a_day_in_a_shop_in_the_words_of_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    counted = tally.events

    def kept(
        store: Store, gateway: Gateway, store_id: str, outbox: Mapping[str, Any]
    ) -> list[Line]:
        events.extend(
            {name: value for name, value in entry.items() if name not in _OF_THE_JOURNAL}
            for entry in gateway.events(store_id)
        )
        results.extend(gateway.results(store_id))
        return counted(store, gateway, store_id, outbox)

    monkeypatch.setattr(tally, "events", kept)
    played = CliRunner().invoke(main.app, ["demo", "--orders", "20"])
    assert played.exit_code == 0, played.output
    assert {"retail.order.snapshot.v1", "retail.product.snapshot.v1"} <= {
        event["type"] for event in events
    }
    wrong = {
        f"{event['type']} {error}"
        for event in events
        for error in validation.errors("cloudevent.v1", event)
    }
    assert not wrong
    assert len(results) > 100
    assert validation.errors("results.v1", {"results": results}) == []
    for event in events:
        _is_a_cloud_event(event)


@pytest.mark.parametrize("kind", examples.events())
def test_an_example_is_a_cloud_event(kind: str) -> None:
    _is_a_cloud_event(examples.events()[kind])


def _is_a_cloud_event(event: dict[str, Any]) -> None:
    parsed = JSONFormat().read(None, json.dumps(event))
    assert (parsed.get_id(), parsed.get_type()) == (event["id"], event["type"])
    assert parsed.get_subject() == event["subject"]
    assert parsed.get_extension("sequence") == event["sequence"]
    assert parsed.get_data() == event["data"]
