"""The receiver in the contract's README, as a reader copies it, and the real agent against it."""

from __future__ import annotations

import base64
import hmac
import io
import json
import random
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from agent.clock import SystemClock
from agent.demo.store import Store
from agent.model.registration import TOPICS
from tests import agents, recordings
from tests.gateway.contract import examples, readme, validation
from tests.gateway.contract import receiver as receivers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.gateway.contract.receiver import Receiver

EVENT = examples.events()["retail.order.snapshot.v1"]


@pytest.fixture
async def receiver(tmp_path: Path) -> AsyncIterator[Receiver]:
    async with receivers.serving(tmp_path / "receiver.db") as served:
        yield served


@pytest.mark.timeout(30)
async def test_both_lines_of_the_real_agent(receiver: Receiver, tmp_path: Path) -> None:
    store = Store(
        SystemClock(), consumer_key=agents.KEY, consumer_secret=agents.SECRET, rng=random.Random(1)
    )
    async with store.serving():
        settings = agents.configured(
            tmp_path / "state",
            store={"url": store.url, "connect_to": f"127.0.0.1:{store.site.port}"},
            gateway={"url": receiver.url, "token": agents.TOKEN, "poll_every": "50ms"},
        )
        async with agents.running(settings) as agent:
            for topic in TOPICS:
                store.add_webhook(topic, agents.url(agent), recordings.SECRET)
            store.add_product("MUG-1", price="10.00", stock=20)
            subject = f"order/{store.place_order([('MUG-1', 2)], 'processing')}"
            await receiver.until(
                lambda: receiver.select("SELECT 1 FROM subjects WHERE subject = ?", subject)
            )
            assert receiver.event(subject)["type"] == "retail.order.snapshot.v1"
            assert receiver.event(subject)["data"]["lines"][0]["committed_units"] == 2

            update = {"kind": "stock", "sku": "MUG-1", "quantity": 30, "version": 1}
            receiver.publish(update | {"id": "u-1", "seen_position": 0})  # before that order
            receiver.publish({"id": "u-2", "kind": "price", "sku": "MUG-1", "version": 1})
            await receiver.until(lambda: len(receiver.select("SELECT 1 FROM results")) == 2)
            results = dict(receiver.select("SELECT id, result FROM results"))
            assert json.loads(results["u-1"])["status"] == "applied"
            assert json.loads(results["u-2"])["code"] == "invalid"
            assert store.stock("MUG-1") == 28
            assert validation.errors("heartbeat.v1", await agent.health()) == []

    ids = receiver.select(
        "SELECT count(*), count(DISTINCT id), count(DISTINCT position) FROM events"
    )
    assert ids[0][0] == ids[0][1] == ids[0][2] > 0


async def test_a_batch_that_comes_twice_keeps_its_positions(receiver: Receiver) -> None:
    other = EVENT | {"id": "other", "subject": "order/2"}
    first = await receiver.ask("POST", "/events", [EVENT, other])
    again = await receiver.ask("POST", "/events", [other, EVENT])
    assert [(r["status"], r["position"]) for r in first[1]["results"]] == [
        ("accepted", 1),
        ("accepted", 2),
    ]
    assert [(r["status"], r["position"]) for r in again[1]["results"]] == [
        ("duplicate", 2),
        ("duplicate", 1),
    ]
    assert first[1]["journal"] == again[1]["journal"]
    assert again[1]["head_position"] == 2


async def test_an_older_snapshot_is_accepted_and_changes_nothing(receiver: Receiver) -> None:
    newer = EVENT | {"id": "b", "sequence": "0" * 18 + "9", "type": "retail.order.deleted.v1"}
    older = EVENT | {"id": "a", "sequence": "0" * 18 + "8"}
    _, answer = await receiver.ask("POST", "/events", [newer, older])
    assert [r["status"] for r in answer["results"]] == ["accepted", "accepted"]
    assert receiver.event("order/1022")["type"] == "retail.order.deleted.v1"


async def test_a_replay_is_processed_again(receiver: Receiver) -> None:
    await receiver.ask("POST", "/events", [EVENT])
    replay = EVENT | {"replay": True, "data": {"healed": True}}
    _, answer = await receiver.ask("POST", "/events", [replay])
    assert answer["results"][0]["status"] == "accepted"
    assert receiver.event("order/1022")["data"] == {"healed": True}


@pytest.mark.parametrize("wrong", [EVENT | {"sequence": "first"}, {"id": "x"}, 7])
async def test_a_batch_with_something_else_in_it_is_refused_whole(
    receiver: Receiver, wrong: object
) -> None:
    """The agent halves it."""
    status, answer = await receiver.ask("POST", "/events", [EVENT, wrong])
    assert (status, answer["code"]) == (400, "invalid")
    assert receiver.select("SELECT * FROM events") == []


async def test_errors_are_problems(receiver: Receiver) -> None:
    assert (await receiver.ask("POST", "/events", [], token="wrong"))[0] == 401
    assert (await receiver.ask("GET", "/updates?after=99"))[1]["code"] == "cursor_unknown"
    assert (await receiver.ask("GET", "/updates?after=x"))[1]["code"] == "cursor_unknown"
    assert (await receiver.ask("POST", "/updates/results", {}))[1]["code"] == "invalid"
    assert (await receiver.ask("POST", "/events", []))[1]["results"] == []


async def test_a_body_beyond_what_it_tells_is_too_large(receiver: Receiver) -> None:
    _, told = await receiver.ask("GET", "")
    assert validation.errors("store-description.v1", told) == []
    whole = b"[]".rjust(told["max_batch_bytes"])
    url, headers = f"{receiver.url}/v1/stores/x/events", {"Authorization": f"Bearer {agents.TOKEN}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for body, status in ((whole + b" ", 413), (whole, 200)):
            async with session.post(url, data=io.BytesIO(body)) as answer:
                assert answer.status == status


async def test_it_goes_on_where_it_was(tmp_path: Path) -> None:
    async with receivers.serving(tmp_path / "receiver.db") as receiver:
        await receiver.ask("POST", "/events", [EVENT])
        before = await receiver.ask("GET", "")
    async with receivers.serving(tmp_path / "receiver.db") as receiver:
        assert await receiver.ask("GET", "") == before
        _, answer = await receiver.ask("POST", "/events", [EVENT | {"id": "next"}])
        assert answer["results"][0]["position"] == 2


def test_it_is_about_as_long_as_promised() -> None:
    lines = [line for line in readme.code("receiver").splitlines() if line.strip()]
    assert len(lines) <= 85


def test_the_signature_is_verified_by_hand() -> None:
    names: dict[str, Any] = {"base64": base64, "hmac": hmac, "time": time}
    exec(readme.code("signature"), names)
    key, body, now = b"0123456789abcdef", b'[{"id": 1}]', str(int(time.time()))
    secret = "whsec_" + base64.b64encode(key).decode()
    digest = hmac.digest(key, b"msg_1." + now.encode() + b"." + body, "sha256")
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": now,
        "webhook-signature": "v1,other v1," + base64.b64encode(digest).decode(),
    }
    assert names["is_signed"](headers, body, secret)
    assert not names["is_signed"](headers, body + b" ", secret)
    assert not names["is_signed"](headers | {"webhook-timestamp": "1700000000"}, body, secret)
