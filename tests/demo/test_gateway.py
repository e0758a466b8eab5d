"""Protocol v1 as the stand-in speaks it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from agent.demo.gateway import Gateway
from agent.errors import StorageError
from agent.model import envelope
from agent.model.delivery import Event
from tests.clock import FakeClock
from tests.demo.gateway_caller import BATCH, Caller, calling, event, event_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def caller(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Caller]:
    async with calling(tmp_path / "gateway.db", clock, max_batch_bytes=4096) as served:
        yield served


@pytest.mark.parametrize("authorization", ["", "Bearer nope", "Basic t0ken", "Bearer t0ken\u00e9"])
async def test_without_the_token_nothing_is_said(caller: Caller, authorization: str) -> None:
    answer = await caller.ask("GET", Authorization=authorization)
    assert answer.status == 401
    assert answer.content_type == "application/problem+json"
    assert answer.json["code"] == "unauthorized"
    assert answer.json["status"] == 401


async def test_a_store_is_described(caller: Caller) -> None:
    new = (await caller.ask("GET")).json
    assert new["last_sequence"] is None
    assert new["head_position"] == 0
    assert new["max_batch_bytes"] == 4096
    assert "retail.order.snapshot.v1" in new["accepts"]
    await caller.post(event(7), event(5))
    known = (await caller.ask("GET")).json
    assert known["last_sequence"] == "0000000000000000007"
    assert known["head_position"] == 2
    assert known["journal"] == new["journal"] == caller.gateway.journal("shop")


async def test_events_are_accepted_under_rising_positions(caller: Caller, clock: FakeClock) -> None:
    answer = await caller.post(event(1), event(2))
    assert answer.status == 200
    assert answer.json == {
        "results": [
            {
                "id": event_id(number),
                "status": "accepted",
                "position": number,
                "accepted_at": "2026-11-24T08:00:00Z",
            }
            for number in (1, 2)
        ],
        "journal": caller.gateway.journal("shop"),
        "head_position": 2,
    }
    assert (await caller.post(event(3))).results == [("accepted", 3)]


async def test_an_event_the_agent_makes_is_accepted(caller: Caller) -> None:
    now = datetime(2026, 11, 23, 20, 22, 51, tzinfo=UTC)
    made = Event(
        sequence=1,
        id=envelope.event_id(now, 12345),
        type="retail.order.snapshot.v1",
        subject="order/1022",
        lane="order/1022",
        topic="order.updated",
        received_at=now,
        changed_at=None,
        attempts=0,
        replay=True,
        body=b"",
    )
    answer = await caller.post(envelope.make(made, store_id="shop") | {"data": {}})
    assert answer.results == [("accepted", 1)], answer.text


async def test_a_known_event_is_a_duplicate_where_it_first_stood(
    caller: Caller, clock: FakeClock
) -> None:
    await caller.post(event(1), event(2))
    clock.advance(60)
    answer = await caller.post(event(3), event(2), event(3))
    assert answer.results == [("accepted", 3), ("duplicate", 2), ("duplicate", 3)]
    assert answer.json["results"][1]["accepted_at"] == "2026-11-24T08:00:00Z"
    assert answer.json["results"][0]["accepted_at"] == "2026-11-24T08:01:00Z"
    assert [each["received"] for each in caller.gateway.events("shop")] == [1, 2, 2]


async def test_a_replay_is_processed_again(caller: Caller) -> None:
    await caller.post(event(1))
    anew = event(1, replay=True, data={"id": 1, "translated": "anew"})
    assert (await caller.post(anew)).results == [("accepted", 2)]
    assert caller.gateway.subjects("shop")["order/1"]["data"]["translated"] == "anew"
    assert (await caller.post(event(1))).results == [("duplicate", 1)]


async def test_a_faulty_event_is_rejected_and_the_others_go_on(caller: Caller) -> None:
    answer = await caller.post(event(1, sequence=0, time="yesterday"), event(2), "no event")
    assert answer.results == [("rejected", None), ("accepted", 1), ("rejected", None)]
    first, _, last = answer.json["results"]
    assert (first["id"], first["code"]) == (event_id(1), "invalid")
    assert first["message"] == "time: expected an RFC 3339 time"
    assert last["id"] is None


async def test_an_empty_batch_is_a_probe(caller: Caller) -> None:
    answer = await caller.post()
    assert (answer.status, answer.json["results"]) == (200, [])
    assert caller.gateway.batches("shop")[0].ids == ()


@pytest.mark.parametrize("pattern", [" \n[\t%s\r,  %s ] ", "[%s,%s]"])
async def test_an_array_is_read_whatever_its_blanks(caller: Caller, pattern: str) -> None:
    events = [event(number, data={"name": "Zoë \ud83d", "rows": [[], {}]}) for number in (1, 2)]
    body = pattern % tuple(json.dumps(each, indent=1) for each in events)
    answer = await caller.ask("POST", "/events", body.encode(), Content_Type=BATCH)
    assert answer.results == [("accepted", 1), ("accepted", 2)]
    kept = caller.gateway.events("shop")
    assert [each["data"] for each in kept] == [each["data"] for each in events]


@pytest.mark.parametrize(
    "body",
    [
        *(b"{", b'{"id":1}', b'[{"data":NaN}]', b"\xff", b"", b"[", b"[1", b"[1 2]", b"[1,]"),
        *(b"[,1]", b"[1]]", b"[] x", b"[" * 4000),
    ],
)
async def test_what_is_no_json_array_is_a_contract_error(caller: Caller, body: bytes) -> None:
    answer = await caller.ask("POST", "/events", body, Content_Type=BATCH)
    assert answer.status == 400
    assert answer.content_type == "application/problem+json"


async def test_other_content_types_are_not_taken(caller: Caller) -> None:
    answer = await caller.post(event(1), Content_Type="application/json")
    assert answer.status == 415
    assert caller.gateway.events("shop") == []


async def test_a_body_too_large_is_not_taken(caller: Caller) -> None:
    answer = await caller.post(event(1, data={"note": "x" * 4096}))
    assert (answer.status, answer.json["code"]) == (413, "too_large")
    assert caller.gateway.events("shop") == []


async def test_the_newest_state_of_a_subject_is_the_highest_sequence(caller: Caller) -> None:
    deleted = {"type": "retail.order.deleted.v1", "subject": "order/1"}
    await caller.post(event(1, sequence=10), event(2, sequence=30, **deleted))
    await caller.post(event(3, sequence=20, subject="order/1"))
    assert caller.gateway.subjects("shop")["order/1"]["id"] == event_id(2)


async def test_stores_do_not_know_of_each_other(caller: Caller) -> None:
    await caller.post(event(1))
    body = json.dumps([event(1, source="urn:woo-agent:store:other")]).encode()
    answer = await caller.ask("POST", "/events", body, store="other", Content_Type=BATCH)
    assert answer.results == [("accepted", 1)]
    assert (await caller.ask("GET", store="third")).json["head_position"] == 0
    assert caller.gateway.journal("other") != caller.gateway.journal("shop")


async def test_updates_come_in_pages(caller: Caller) -> None:
    updates = [{"id": f"u-{number}"} for number in range(5)]
    caller.gateway.publish("shop", *updates[:3])
    caller.gateway.publish("shop", *updates[3:])
    first = (await caller.poll(limit=3)).json
    assert first["updates"] == updates[:3]
    assert first["journal"] == caller.gateway.journal("shop")
    second = (await caller.poll(limit=3, after=first["cursor"], wait=25)).json
    assert second["updates"] == updates[3:]
    third = (await caller.poll(after=second["cursor"])).json
    assert third["updates"] == []
    assert third["cursor"] == second["cursor"]


async def test_a_poll_waits_until_something_is_published(caller: Caller) -> None:
    cursor = (await caller.poll()).json["cursor"]
    polled = asyncio.ensure_future(caller.poll(after=cursor, wait=25))
    await caller.gateway.until(lambda: caller.gateway.site.requests == 2)
    caller.gateway.publish("another", {"id": "u-0"})
    caller.gateway.publish("shop", {"id": "u-1"})
    assert (await polled).json["updates"] == [{"id": "u-1"}]


async def test_a_poll_waits_no_longer_than_asked(caller: Caller, clock: FakeClock) -> None:
    polled = asyncio.ensure_future(caller.poll(wait=25))
    await caller.gateway.until(lambda: clock.slept == [25])
    clock.advance(24)
    caller.gateway.publish("another", {"id": "u-0"})
    await caller.ask("GET")
    assert not polled.done()
    clock.advance(1)
    assert (await polled).json["updates"] == []


@pytest.mark.parametrize("query", [{"limit": "many"}, {"wait": "25s"}, {"limit": -1}])
async def test_a_poll_that_makes_no_sense_is_refused(
    caller: Caller, query: dict[str, str | int]
) -> None:
    assert (await caller.poll(**query)).status == 400


@pytest.mark.parametrize("made_up", ["x", "x.0", "{feed}.1", "{feed}.-1", "{feed}."])
async def test_an_unknown_cursor_is_said_to_be(caller: Caller, made_up: str) -> None:
    feed = (await caller.poll()).json["cursor"].split(".")[0]
    answer = await caller.poll(after=made_up.format(feed=feed))
    assert (answer.status, answer.json["code"]) == (409, "cursor_unknown")
    assert answer.content_type == "application/problem+json"


async def test_forgotten_cursors_reach_a_poll_that_waits(caller: Caller) -> None:
    cursor = (await caller.poll()).json["cursor"]
    polled = asyncio.ensure_future(caller.poll(after=cursor, wait=25))
    await caller.gateway.until(lambda: caller.gateway.site.requests == 2)
    caller.gateway.forget_cursors("shop")
    assert (await polled).json["code"] == "cursor_unknown"


async def test_results_count_once_and_the_highest_n_wins(caller: Caller) -> None:
    waiting = {"id": "u-1", "n": 1, "status": "waiting"}
    applied = {"id": "u-1", "n": 2, "status": "applied"}
    assert (await caller.report(applied)).status == 200
    await caller.report(waiting, applied)
    assert caller.gateway.result("shop", "u-1") == applied
    assert caller.gateway.results("shop") == [applied, waiting]
    assert caller.gateway.result("shop", "u-2") is None


@pytest.mark.parametrize("result", ["u-1", {"id": "u-1"}, {"id": 1, "n": 1}, {"id": "u", "n": -1}])
async def test_results_without_id_and_n_are_refused(caller: Caller, result: object) -> None:
    assert (await caller.report(result)).status == 422
    assert caller.gateway.results("shop") == []


async def test_the_last_heartbeat_stays(caller: Caller) -> None:
    assert caller.gateway.heartbeat("shop") is None
    for status in ("pass", "warn"):
        body = json.dumps({"status": status}).encode()
        assert (await caller.ask("PUT", "/heartbeat", body)).status == 204
    assert caller.gateway.heartbeat("shop") == {"status": "warn"}
    assert (await caller.ask("PUT", "/heartbeat", b"[]")).status == 400
    assert (await caller.ask("PUT", "/heartbeat", b"pass")).status == 400


async def test_a_gateway_opened_again_goes_on(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "gateway.db"
    async with calling(path, clock) as caller:
        await caller.post(event(1), event(2))
        caller.gateway.publish("shop", {"id": "u-1"})
        journal, cursor = caller.gateway.journal("shop"), (await caller.poll()).json["cursor"]
        await caller.report({"id": "u-1", "n": 1})
        await caller.ask("PUT", "/heartbeat", b"{}")
    async with calling(path, clock) as caller:
        assert (await caller.post(event(2), event(3))).results == [
            ("duplicate", 2),
            ("accepted", 3),
        ]
        caller.gateway.publish("shop", {"id": "u-2"})
        assert (await caller.poll(after=cursor)).json["updates"] == [{"id": "u-2"}]
        assert caller.gateway.journal("shop") == journal
        assert caller.gateway.result("shop", "u-1") == {"id": "u-1", "n": 1}
        assert caller.gateway.heartbeat("shop") == {}


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "missing" / "gateway.db"
    with pytest.raises(StorageError, match=r"missing/gateway\.db: unable to open") as caught:
        Gateway(path, clock, token="t")
    assert caught.value.hint
