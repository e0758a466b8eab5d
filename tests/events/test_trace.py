"""A request that carries one event is a step of its trace."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from agent import tracing
from agent.events.sender import Sender
from agent.model import envelope
from agent.settings import GatewaySettings
from tests.clock import FakeClock
from tests.events import fakes

if TYPE_CHECKING:
    from agent.model.delivery import Answer


class _Gateway(fakes.FakeGateway):
    """Notes the unit of work that each request belongs to."""

    def __init__(self) -> None:
        super().__init__()
        self.works: list[tracing.Work] = []

    async def post_events(self, body: bytes) -> Answer:
        self.works.append(tracing.current())
        return await super().post_events(body)


@pytest.mark.parametrize("count", [1, 2])
async def test_one_event_is_one_unit_of_work_and_a_batch_is_none(count: int) -> None:
    events = [fakes.event(number) for number in range(1, count + 1)]
    gateway = _Gateway()
    settings = GatewaySettings.model_validate({"url": "http://127.0.0.1:9", "token": "t"})
    sender = Sender(
        fakes.FakeOutbox(*events),
        gateway,
        fakes.encode,
        settings=lambda: settings,
        clock=FakeClock(),
        rng=random.Random(1),
    )
    await sender.send(events)
    alone = tracing.Work("order/1", envelope.traceparent("id-1"))
    assert gateway.works == [alone if count == 1 else tracing.Work()]
    assert tracing.current() == tracing.Work()
