"""One trace and one correlation id from the webhook to the event, and from the update to its
result, in every line that is logged about them."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from agent.ops import logs
from agent.settings import LogSettings
from tests import agents, recordings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.flows.shop import Ends

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def lines() -> Iterator[list[dict[str, str]]]:
    """Everything that is logged, as it would stand in a journal."""
    said: list[dict[str, str]] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(json.loads(self.format(record)))

    handler = Kept()
    handler.setFormatter(logs.JsonLines())
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    logs.configure(LogSettings(level="debug"))
    root.handlers[:] = [handler]
    yield said
    root.setLevel(level)
    root.handlers[:] = handlers


async def test_from_the_webhook_to_the_gateway(ends: Ends, lines: list[dict[str, str]]) -> None:
    async with ends.agent() as shop:
        await shop.post(recordings.webhook(14))
        await shop.until(lambda _: "order/1022" in shop.told())
    [event] = [e for e in ends.gateway.events(agents.STORE) if e["subject"] == "order/1022"]
    about = [line for line in lines if line.get("traceparent") == event["traceparent"]]
    assert [line["message"] for line in about] == [
        "order.created stored",
        "order.created is event",
        f"event {event['id']}: accepted",
    ]
    assert [line.get("correlation_id", "") for line in about] == ["", "order/1022", "order/1022"]


async def test_from_the_update_to_its_result(ends: Ends, lines: list[dict[str, str]]) -> None:
    ends.store.add_product("MUG-1", price="10.00", stock=5)
    given = {"correlation_id": "price-list/7", "traceparent": TRACE}
    good = {"id": "u-1", "kind": "price", "sku": "MUG-1", "version": 1, "regular_price": "11.00"}
    bad = {"id": "u-2", "kind": "price", "sku": "MUG-1", "version": "x", "regular_price": "1"}
    async with ends.agent():
        ends.gateway.publish(agents.STORE, good | given, bad | given)
        await ends.gateway.until(lambda: len(ends.gateway.results(agents.STORE)) == 2)
    results = {result["id"]: result for result in ends.gateway.results(agents.STORE)}
    assert {result["correlation_id"] for result in results.values()} == {"price-list/7"}
    assert results["u-1"]["traceparent"] == TRACE
    told = {
        line["message"].partition(":")[0]: line
        for line in lines
        if line.get("correlation_id") == "price-list/7"
    }
    assert {"update u-1 is applied", "update u-2 rejected"} <= told.keys()
    assert told["update u-1 is applied"]["traceparent"] == TRACE
