"""What the stand-in can say of batches that were under way together."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from agent.demo.site import Fault
from tests.clock import FakeClock
from tests.demo.gateway_caller import Caller, calling, event, event_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def caller(tmp_path: Path) -> AsyncIterator[Caller]:
    async with calling(tmp_path / "gateway.db", FakeClock()) as served:
        yield served


async def test_batches_are_logged_as_they_came(caller: Caller) -> None:
    await caller.post(event(2), event(1, type="nonsense"))
    await caller.post(event(2))
    assert [batch.ids for batch in caller.gateway.batches("shop")] == [
        (event_id(2), event_id(1)),
        (event_id(2),),
    ]
    assert caller.gateway.batches("shop")[0].at == FakeClock().now()


async def test_batches_one_after_the_other_do_not_overlap(caller: Caller) -> None:
    await caller.post(event(1))
    await caller.post(event(1))
    assert caller.gateway.max_concurrent == 1
    assert caller.gateway.overlapping("shop") == set()


async def test_held_answers_show_what_is_in_flight_together(caller: Caller) -> None:
    gateway = caller.gateway
    gateway.hold_answers()
    lanes = ("order/1", "order/2", "order/1")
    posts = [
        asyncio.ensure_future(caller.post(event(number, correlationid=lane)))
        for number, lane in enumerate(lanes)
    ]
    await gateway.until(lambda: gateway.head_position("shop") == 3)
    assert not any(post.done() for post in posts)
    gateway.release_answers()
    assert all(answer.status == 200 for answer in await asyncio.gather(*posts))
    assert gateway.max_concurrent == 3
    assert gateway.overlapping("shop") == {"order/1"}


async def test_two_events_of_a_lane_in_one_batch_overlap(caller: Caller) -> None:
    await caller.post(event(1), event(2, correlationid="order/1"))
    assert caller.gateway.overlapping("shop") == {"order/1"}


async def test_a_batch_whose_client_has_gone_is_no_longer_in_flight(caller: Caller) -> None:
    gateway = caller.gateway
    gateway.hold_answers()
    given_up = asyncio.ensure_future(caller.post(event(1)))
    await gateway.until(lambda: gateway.head_position("shop") == 1)
    given_up.cancel()
    await asyncio.wait([given_up])
    again = asyncio.ensure_future(caller.post(event(1)))
    await gateway.until(lambda: len(gateway.batches("shop")) == 2)
    gateway.release_answers()
    assert (await again).results == [("duplicate", 1)]
    assert gateway.max_concurrent == 1
    assert gateway.overlapping("shop") == set()


async def test_a_condition_is_looked_at_for_faulty_answers_too(caller: Caller) -> None:
    caller.gateway.site.misbehave(Fault.SERVER_ERROR)
    asked = asyncio.ensure_future(caller.post(event(1)))
    await caller.gateway.until(lambda: caller.gateway.site.requests == 1)
    assert (await asked).status == 500
    caller.gateway.behave()
    assert (await caller.post(event(1))).status == 200
