"""Ways in which only a gateway can misbehave."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.clock import FakeClock
from tests.demo.gateway_caller import Caller, calling, event, event_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def caller(tmp_path: Path) -> AsyncIterator[Caller]:
    async with calling(tmp_path / "gateway.db", FakeClock()) as served:
        yield served


@pytest.mark.parametrize(
    "chosen", ["order/2", "retail.customer.snapshot.v1", lambda each: each["data"] == {"id": 2}]
)
async def test_chosen_events_are_rejected(caller: Caller, chosen: Any) -> None:
    caller.gateway.faults.reject(chosen, code="unknown_customer", message="who?")
    customer = event(2, type="retail.customer.snapshot.v1")
    answer = await caller.post(event(1), customer, event(3))
    assert answer.results == [("accepted", 1), ("rejected", None), ("accepted", 2)]
    rejected = answer.json["results"][1]
    assert (rejected["code"], rejected["message"]) == ("unknown_customer", "who?")


async def test_chosen_events_are_deferred_as_often_as_told(caller: Caller) -> None:
    caller.gateway.faults.defer("order/1", times=1)
    assert (await caller.post(event(1))).results == [("deferred", None)]
    assert (await caller.post(event(1))).results == [("accepted", 1)]


async def test_omitted_events_are_stored_and_not_named(caller: Caller) -> None:
    caller.gateway.faults.omit("order/1", times=1)
    answer = await caller.post(event(1), event(2))
    assert [each["id"] for each in answer.json["results"]] == [event_id(2)]
    assert (await caller.post(event(1))).results == [("duplicate", 1)]


@pytest.mark.parametrize("status", [400, 403, 422])
async def test_a_batch_with_a_chosen_event_is_refused_whole(caller: Caller, status: int) -> None:
    caller.gateway.faults.refuse_batch("order/2", status=status)
    answer = await caller.post(event(1), event(2))
    assert (answer.status, answer.content_type) == (status, "application/problem+json")
    assert caller.gateway.events("shop") == []
    assert (await caller.post(event(1), event(3))).status == 200
    assert (await caller.post()).status == 200


async def test_a_proxy_refuses_a_batch_with_a_page(caller: Caller) -> None:
    caller.gateway.faults.refuse_batch("order/2", status=400, html=True)
    answer = await caller.post(event(2))
    assert (answer.status, answer.content_type) == (400, "text/html")
    assert [batch.ids for batch in caller.gateway.batches("shop")] == [(event_id(2),)]


@pytest.mark.parametrize("status", [302, 401, 402, 403, 404, 503, 520])
async def test_everything_is_refused(caller: Caller, status: int) -> None:
    caller.gateway.faults.refuse_everything(status)
    assert (await caller.post()).status == status
    assert (await caller.poll()).status == status
    caller.gateway.behave()
    assert (await caller.post()).status == 200


async def test_a_portal_answers_everything_with_its_page(caller: Caller) -> None:
    caller.gateway.faults.refuse_everything(200, html=True)
    answer = await caller.post(event(1))
    assert (answer.status, answer.content_type) == (200, "text/html")
    assert caller.gateway.events("shop") == []


async def test_one_endpoint_is_refused_as_often_as_told(caller: Caller) -> None:
    caller.gateway.faults.refuse_everything(404, under="/heartbeat", times=1)
    assert (await caller.post()).status == 200
    assert (await caller.ask("PUT", "/heartbeat", b"{}")).status == 404
    assert (await caller.ask("PUT", "/heartbeat", b"{}")).status == 204


async def test_an_instance_that_was_replaced_is_told_so(caller: Caller) -> None:
    caller.gateway.faults.refuse_everything(409, code="another_instance", instance="old")
    answer = await caller.post(Woo_Agent_Instance="old")
    assert (answer.status, answer.json["code"]) == (409, "another_instance")
    assert (await caller.post(Woo_Agent_Instance="new")).status == 200


async def test_headers_go_onto_every_answer(caller: Caller) -> None:
    caller.gateway.faults.headers["Deprecation"] = "@1688169600"
    assert (await caller.post()).headers["Deprecation"] == "@1688169600"
    caller.gateway.faults.refuse_everything(503)
    assert (await caller.poll()).headers["Deprecation"] == "@1688169600"
    caller.gateway.behave()
    assert "Deprecation" not in (await caller.post()).headers


async def test_results_are_withheld_though_events_are_stored(caller: Caller) -> None:
    caller.gateway.faults.withhold_results(times=1)
    answer = await caller.post(event(1))
    assert (answer.status, answer.text) == (204, "")
    assert (await caller.post(event(1))).results == [("duplicate", 1)]


async def test_a_gateway_that_cannot_wait_answers_at_once(caller: Caller) -> None:
    caller.gateway.faults.never_waits = True
    assert (await caller.poll(wait=25)).json["updates"] == []


async def test_a_restored_backup_has_forgotten_and_says_so(caller: Caller) -> None:
    caller.gateway.publish("shop", {"id": "u-1"})
    before = (await caller.post(event(1), event(2), event(3))).json
    cursor = (await caller.poll()).json["cursor"]
    polled = asyncio.ensure_future(caller.poll(after=cursor, wait=25))
    await caller.gateway.until(lambda: caller.gateway.site.requests == 3)
    caller.gateway.rewind("shop", 1)
    assert (await polled).json["code"] == "cursor_unknown"
    assert caller.gateway.head_position("shop") == 1
    assert list(caller.gateway.subjects("shop")) == ["order/1"]
    after = await caller.post(event(1), event(3))
    assert after.results == [("duplicate", 1), ("accepted", 2)]
    assert after.json["journal"] != before["journal"]
    assert (await caller.poll()).json["journal"] == after.json["journal"]


async def test_how_far_its_journal_goes_is_told_in_every_answer_or_in_none(caller: Caller) -> None:
    await caller.post(event(1))

    async def told() -> list[int | None]:
        answers = [await caller.ask("GET"), await caller.post(), await caller.poll()]
        return [answer.json.get("head_position") for answer in answers]

    assert await told() == [1, 1, 1]
    caller.gateway.faults.hides_head = True
    assert await told() == [None, None, None]
    caller.gateway.behave()
    assert await told() == [1, 1, 1]
