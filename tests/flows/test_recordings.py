"""All recorded webhooks, in recorded order, twice, with no store to ask."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from agent.clock import SystemClock
from agent.demo.gateway import Gateway
from agent.model.types import TYPES
from tests import agents, recordings
from tests.flows.shop import signed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from agent.daemon import Daemon

# Each change of content once: what the gateway must have been told, in order per subject.
EXPECTED = {
    "order/1018": [1],
    "customer/2": [2],
    "product/1021": [3, 6],
    "product/10": [7, 16, 21, 23, 24, 38],  # 23 comes back to the content of 16
    "product/11": [8],  # 39 differs in total_sales only
    "product/12": [9, 40],
    "product/13": [10, 17, 41],
    "product/14": [11],
    "customer/3": [12, 27, 30],
    "order/1022": [14, 25, 26, 28],
    "order/1023": [18, 20, 22, 29],
    "product/1026": [31, 32, 33, 34, 36],  # 37 comes after the deletion
}

# What showed other stock than the one before.
STOCK = {
    "inventory/MUG-1": [16, 21, 23, 24, 38],
    "inventory/SHIRT-S": [40],
    "inventory/SHIRT-M": [17, 41],
    "inventory/CAP-2": [33],  # 34 is in the trash, which shows none
}
TOLD = EXPECTED | STOCK


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    stand_in = Gateway(tmp_path / "gateway.db", SystemClock(), token=agents.TOKEN)
    async with stand_in.serving():
        yield stand_in


async def _deliver(agent: Daemon, to: list[recordings.Webhook]) -> list[int]:
    async with aiohttp.ClientSession() as session:
        return [await agents.post(session, agents.url(agent), webhook) for webhook in to]


async def _until(
    agent: Daemon, gateway: Gateway, holds: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """Waits until that holds for the counts of the outbox, looked at whenever the agent polls."""
    while not holds(outbox := await agent.outbox()):
        seen = gateway.site.requests
        await gateway.until(functools.partial(_is_past, gateway, seen), timeout=10)
    return outbox


def _is_past(gateway: Gateway, seen: int) -> bool:
    return gateway.site.requests > seen


async def _settled(agent: Daemon, gateway: Gateway) -> dict[str, Any]:
    return await _until(agent, gateway, lambda outbox: not outbox["pending"])


def _told(gateway: Gateway) -> dict[str, list[dict[str, Any]]]:
    told: dict[str, list[dict[str, Any]]] = {}
    for event in gateway.events(agents.STORE):
        told.setdefault(event["subject"], []).append(event)
    return told


@pytest.mark.timeout(30)
async def test_the_gateway_gets_each_change_of_content_once_and_a_second_pass_adds_nothing(
    tmp_path: Path, gateway: Gateway
) -> None:
    settings = agents.configured(tmp_path / "state", gateway={"url": gateway.url, "payload": "raw"})
    async with agents.running(settings) as agent:
        everything = recordings.webhooks()
        assert await _deliver(agent, everything) == [200] * 44
        first = await _settled(agent, gateway)
        told = _told(gateway)
        for subject, numbers in EXPECTED.items():
            bodies = [recordings.webhook(number).json() for number in numbers]
            assert [event["data"] for event in told[subject]] == bodies, subject
        for subject, numbers in STOCK.items():
            bodies = [recordings.webhook(number).json() for number in numbers]
            for event, body in zip(told[subject], bodies, strict=True):
                assert event["data"].items() <= body.items(), subject
        assert told.keys() == TOLD.keys()
        assert first["skipped"]["other_kind"] == 2  # 05 and 35: products, not coupons
        assert first["skipped"]["error_body"] == 2  # 42 and 43
        assert first["skipped"]["stale"] == 1  # 37
        assert first["dead"] == 0

        assert await _deliver(agent, everything) == [200] * 44
        second = await _settled(agent, gateway)
        assert second["accepted"] == first["accepted"] == sum(map(len, TOLD.values()))
        assert _told(gateway) == told
        assert second["skipped"]["error_body"] == 4


@pytest.mark.timeout(30)
async def test_everything_of_retail_reaches_the_gateway_in_its_model(
    tmp_path: Path, gateway: Gateway
) -> None:
    settings = agents.configured(tmp_path / "state", gateway={"url": gateway.url})
    async with agents.running(settings) as agent:
        await _deliver(agent, recordings.webhooks())
        await _settled(agent, gateway)
        told = _told(gateway)
        assert {subject: len(events) for subject, events in told.items()} == {
            subject: len(numbers) for subject, numbers in TOLD.items()
        }
        for event in (event for events in told.values() for event in events):
            model = TYPES[event["type"]].model_validate(event["data"])
            assert model.model_dump()["id"] == event["subject"]


async def test_what_the_owner_says_of_statuses_and_meta_data_reaches_the_gateway(
    tmp_path: Path, gateway: Gateway
) -> None:
    settings = agents.configured(
        tmp_path / "state",
        gateway={"url": gateway.url},
        canonical={"statuses": {"shipped": "fulfilled"}, "meta": ["_vat_number"]},
    )
    meta = [{"id": 1, "key": "_vat_number", "value": "DE1"}, {"id": 2, "key": "_x", "value": "y"}]
    body = recordings.webhook(14).json() | {"status": "shipped", "meta_data": meta}
    async with agents.running(settings) as agent:
        await _deliver(agent, [signed("order.updated", body)])
        await _settled(agent, gateway)
    [event] = gateway.events(agents.STORE)
    assert event["data"]["fulfilment_status"] == "fulfilled"
    assert event["data"]["meta"] == [{"key": "_vat_number", "value": "DE1"}]


async def test_orders_reach_the_gateway_in_the_canonical_model(
    tmp_path: Path, gateway: Gateway
) -> None:
    settings = agents.configured(tmp_path / "state", gateway={"url": gateway.url})
    async with agents.running(settings) as agent:
        await _deliver(agent, [recordings.webhook(14)])
        await _settled(agent, gateway)
        [event] = gateway.events(agents.STORE)
        assert event["type"] == "retail.order.snapshot.v1"
        assert event["time"] == "2026-11-23T20:22:51Z"
        assert event["correlationid"] == event["subject"] == event["data"]["id"] == "order/1022"
        assert event["data"]["totals"]["total"] == "56.41"


async def test_colliding_delivery_ids_are_three_different_products(
    tmp_path: Path, gateway: Gateway
) -> None:
    colliding = [recordings.webhook(number) for number in (37, 38, 39)]
    assert len({webhook.headers["X-WC-Webhook-Delivery-ID"] for webhook in colliding}) == 1
    settings = agents.configured(tmp_path / "state", gateway={"url": gateway.url})
    async with agents.running(settings) as agent:
        await _deliver(agent, colliding)
        await _settled(agent, gateway)
        assert sorted(_told(gateway)) == ["product/10", "product/1026", "product/11"]


async def test_a_clone_signed_with_the_right_secret_is_kept_and_never_sent(
    tmp_path: Path, gateway: Gateway
) -> None:
    ours = recordings.webhook(14)
    clone = recordings.Webhook(
        ours.name,
        {**ours.headers, "X-WC-Webhook-Source": "https://staging.shop.localtest/"},
        ours.body,
    )
    settings = agents.configured(tmp_path / "state", gateway={"url": gateway.url})
    async with agents.running(settings) as agent:
        assert await _deliver(agent, [clone, recordings.webhook(18)]) == [200, 200]
        outbox = await _settled(agent, gateway)
        assert outbox["skipped"]["foreign_source"] == 1
        assert list(_told(gateway)) == ["order/1023"]


async def test_a_deletion_of_something_unknown_waits_for_the_store(
    tmp_path: Path, gateway: Gateway
) -> None:
    settings = agents.configured(tmp_path / "state", gateway={"url": gateway.url})
    async with agents.running(settings) as agent:
        await _deliver(agent, [recordings.webhook(5), recordings.webhook(14)])
        outbox = await _until(agent, gateway, lambda outbox: bool(outbox["accepted"]))
        assert (outbox["pending"], outbox["unjudged"], outbox["accepted"]) == (1, 1, 1)
