"""Sending: nothing lost, nothing overtaken within its lane, and only the guilty pay."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import pytest

from agent.events.breaker import Permit
from agent.events.forwarder import Forwarder
from agent.events.sender import REFUSED_S, Sender
from agent.model.delivery import Accepted, Again, Answer, Dead
from agent.settings import GatewaySettings
from tests.clock import FakeClock
from tests.events import fakes
from tests.events.fakes import FakeGateway, FakeOutbox, event, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.model.delivery import Event

AWAY = Answer(503, excerpt="maintenance", retry_after_s=40.0)
WRONG_TOKEN = Answer(401, excerpt="who are you?")


class Line:
    """A forwarder between an outbox and a gateway."""

    def __init__(
        self,
        *events: Event,
        answer: Callable[[list[str]], Answer] | None = None,
        encode: Callable[[Event], bytes] = fakes.encode,
        seed: int = 3,
        **settings: Any,
    ) -> None:
        self.outbox, self.gateway, self.clock = (
            FakeOutbox(*events),
            FakeGateway(answer),
            FakeClock(),
        )
        configured = GatewaySettings.model_validate(
            {"url": "https://erp.example", "token": "t"} | settings
        )
        self.sender = Sender(
            self.outbox,
            self.gateway,
            encode,
            settings=lambda: configured,
            clock=self.clock,
            rng=random.Random(seed),
        )
        self.forwarder = Forwarder(
            self.outbox,
            self.sender,
            settings=lambda: configured,
            clock=self.clock,
            judged=asyncio.Event(),
        )

    async def send(self) -> list[int]:
        """Takes and sends one batch; the sequences it was made of."""
        batch = await self.forwarder.take()
        if batch:
            await self.forwarder.send(batch)
        return [one.sequence for one in batch]


async def test_a_batch_is_settled_by_what_is_said_of_each_event() -> None:
    said = [
        ("accepted", Accepted),
        ("rejected", Dead),
        ("deferred", Again),
        ("duplicate", Accepted),
    ]

    def answer(_: list[str]) -> Answer:
        results = [{"id": f"id-{n}", "status": status} for n, (status, _) in enumerate(said)]
        return Answer(200, body={"results": results})

    line = Line(*[event(n) for n in range(len(said))], answer=answer)
    assert await line.send() == [0, 1, 2, 3]
    outcomes = {a.event.sequence: type(a.outcome) for a in line.outbox.attempts}
    assert outcomes == {n: kind for n, (_, kind) in enumerate(said)}
    assert {(a.status, a.at) for a in line.outbox.attempts} == {(200, line.clock.now())}


@pytest.mark.parametrize("status", [400, 413, 422])
@pytest.mark.parametrize("guilty", [{0}, {4}, {8}, {2, 3}, {0, 8}, {6, 7, 8}])
async def test_halving_finds_the_guilty_and_only_they_are_dead(
    guilty: set[int], status: int
) -> None:
    names = [f"id-{n}" for n in guilty]
    line = Line(*[event(n) for n in range(9)], answer=fakes.refusing(status, *names))
    await line.send()
    assert set(line.outbox.ended(Dead)) == guilty
    assert set(line.outbox.ended(Accepted)) == set(range(9)) - guilty
    assert len(line.outbox.attempts) == 9
    assert {a.outcome.code for a in line.outbox.attempts if isinstance(a.outcome, Dead)} == {
        "bad_total"
    }


async def test_a_gateway_that_goes_away_while_a_batch_is_halved_loses_nothing() -> None:
    def answer(ids: list[str]) -> Answer:
        if len(ids) == 4:
            return Answer(422, body=fakes.PROBLEM)
        return fakes.accept(ids) if "id-0" in ids else AWAY

    line = Line(*[event(n) for n in range(4)], answer=answer)
    await line.send()
    assert line.outbox.ended(Accepted) == [0, 1]
    assert [one.sequence for one in line.outbox.pending] == [2, 3]


@pytest.mark.parametrize(
    ("answer", "counted", "wait_s"),
    [
        (AWAY, True, 40.0),
        (Answer(None, "timeout"), True, 0.0),
        (Answer(200, excerpt="<html>"), True, 0.0),
        (WRONG_TOKEN, False, REFUSED_S),
        (Answer(None, "tls"), False, REFUSED_S),
        (Answer(400, excerpt="No required SSL certificate"), False, REFUSED_S),
    ],
)
async def test_an_unavailable_gateway_costs_no_event_and_a_refusal_not_even_an_attempt(
    answer: Answer, counted: bool, wait_s: float
) -> None:
    line = Line(event(1), event(2), event(3), answer=lambda _: answer)
    await line.send()
    assert line.outbox.ended(Again) == ([1, 2, 3] if counted else [])
    assert [one.sequence for one in line.outbox.pending] == [1, 2, 3]
    assert wait_s <= line.sender.breaker.until - line.clock.monotonic() <= wait_s + 1
    assert line.sender.breaker.refused is not counted
    assert await line.send() == []

    line.clock.advance(wait_s + 1)
    assert await line.send() == [1]  # the probe
    assert await line.send() == []
    line.gateway.answer = fakes.accept
    line.clock.advance(3600)
    assert await line.send() == [1]
    assert line.sender.breaker.permits(0.0, 0) is Permit.ALL
    assert await line.send() == [2, 3]


async def test_the_probe_is_alone() -> None:
    line = Line(*[event(n) for n in range(6)], answer=lambda _: AWAY)
    await line.send()
    line.clock.advance(100)
    probe = await line.forwarder.take()
    assert len(probe) == 1
    assert await line.forwarder.take() == []


async def test_a_gateway_that_comes_back_is_not_flooded() -> None:
    line = Line(
        *[event(n) for n in range(40)], answer=lambda _: AWAY, batch_size=1, max_in_flight=16
    )
    await line.send()
    line.gateway.answer = fakes.accept
    line.clock.advance(100)
    side_by_side = []
    while line.outbox.pending:
        batches = []
        while batch := await line.forwarder.take():
            batches.append(batch)
        side_by_side.append(len(batches))
        await asyncio.gather(*map(line.forwarder.send, batches))
    # The probe, then one, and twice as many for each that came through.
    assert side_by_side == [1, 1, 2, 8, 16, 12]


async def test_agents_do_not_come_back_to_it_all_at_once() -> None:
    waits = []
    for seed in range(50):
        line = Line(event(1), answer=lambda _: Answer(None, "unreachable"), seed=seed)
        for _ in range(6):
            await line.send()
            line.clock.advance(3600)
        waits.append(line.sender.breaker.until - line.clock.monotonic() + 3600)
    assert min(waits) < 4 < 28 < max(waits) < 32  # of the 32 s that it comes to by then


async def test_a_probe_that_is_guilty_does_not_stop_the_line() -> None:
    line = Line(event(0), event(1), answer=lambda _: AWAY)
    await line.send()
    line.gateway.answer = fakes.refusing(422, "id-0")
    line.clock.advance(100)
    assert await line.send() == [0]
    assert line.outbox.ended(Dead) == [0]
    assert await line.send() == [1]
    assert line.outbox.ended(Accepted) == [1]


@pytest.mark.parametrize(
    ("settings", "batches"),
    [
        ({}, [[0, 1, 2, 3, 4]]),
        ({"batch_size": 2}, [[0, 1], [2, 3], [4]]),
        ({"max_batch_bytes": 3 * 1024}, [[0, 1, 2], [3, 4]]),
        ({"max_in_flight": 1, "batch_size": 4}, [[0, 1, 2, 3]]),
    ],
)
async def test_batches_keep_the_configured_bounds(
    settings: dict[str, Any], batches: list[list[int]]
) -> None:
    line = Line(*[event(n) for n in range(5)], **settings)
    taken = []
    while batch := await line.forwarder.take():
        taken.append([one.sequence for one in batch])
    assert taken == batches


async def test_what_can_not_be_translated_is_dead_and_the_others_go_on() -> None:
    def encode(one: Event) -> bytes:
        if one.sequence != 1:
            raise ValueError("currency: missing")
        return fakes.encode(one)

    line = Line(event(0), event(1), event(2), encode=encode)
    await line.send()
    assert line.gateway.batches == [["id-1"]]
    assert [a.outcome for a in line.outbox.attempts if a.event.sequence != 1] == [
        Dead("untranslatable", "currency: missing")
    ] * 2
    hopeless = Line(event(0), encode=encode)
    await hopeless.send()
    assert hopeless.gateway.batches == []
    assert hopeless.outbox.ended(Dead) == [0]


async def test_a_result_that_can_not_be_written_down_is_asked_for_again() -> None:
    line = Line(event(1), event(2))
    line.outbox.failing = ["settle"]
    await line.send()
    assert len(line.outbox.pending) == 2
    assert line.sender.breaker.reason == "storage"
    assert line.forwarder.in_flight == {1, 2}  # the gateway may have them
    line.clock.advance(100)
    assert await line.send() == [1]
    assert line.forwarder.in_flight == {2}
    assert await line.send() == [2]
    assert not line.forwarder.in_flight
    assert line.gateway.batches == [["id-1", "id-2"], ["id-1"], ["id-2"]]


@pytest.mark.parametrize("read", ["ready", "events"])
async def test_events_that_could_not_be_read_are_taken_again(read: str) -> None:
    line = Line(event(1), event(2), max_in_flight=1)
    line.outbox.failing = [read]
    with pytest.raises(Exception, match="disk is full"):
        await line.forwarder.take()
    assert await line.send() == [1, 2]


@pytest.mark.parametrize("seed", range(5))
async def test_two_events_of_a_lane_are_never_in_flight_and_keep_their_order(seed: int) -> None:
    """The gateway defers, loses and takes at random; it looks for two of a lane by itself."""
    rng = random.Random(seed)
    events = [event(n, f"order/{rng.randrange(7)}") for n in range(80)]

    def answer(ids: list[str]) -> Answer:
        if rng.random() < 0.1:
            return Answer(None, "timeout")
        statuses = rng.choices(("accepted", "rejected", "deferred"), (6, 1, 2), k=len(ids))
        pairs = zip(ids, statuses, strict=True)
        return Answer(200, body={"results": [{"id": i, "status": s} for i, s in pairs]})

    line = Line(*events, answer=answer, batch_size=3)
    line.gateway.turns = lambda: rng.randrange(8)
    stop = asyncio.Event()
    running = asyncio.create_task(line.forwarder.run(stop))
    while not line.outbox.emptied.is_set():
        line.clock.advance(1)
        await asyncio.sleep(0)
    stop.set()
    await running
    final = [a.event for a in line.outbox.attempts if not isinstance(a.outcome, Again)]
    assert sorted(one.sequence for one in final) == list(range(80))
    for lane in {one.lane for one in events}:
        sent = [one.sequence for one in final if one.lane == lane]
        assert sent == sorted(sent)
    assert 1 < line.gateway.most_at_once <= 4


async def test_stopping_waits_for_batches_in_flight() -> None:
    line = Line(event(1))
    line.gateway.let_go.clear()
    stop = asyncio.Event()
    running = asyncio.create_task(line.forwarder.run(stop))
    await line.gateway.called.wait()
    stop.set()
    await until(lambda: bool(line.clock.slept))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not running.done()
    line.gateway.let_go.set()
    await running
    assert line.outbox.ended(Accepted) == [1]


async def test_an_unreadable_database_does_not_end_the_loop() -> None:
    line = Line(event(1))
    line.outbox.failing = ["ready", "events"]
    stop = asyncio.Event()
    running = asyncio.create_task(line.forwarder.run(stop))
    while not line.outbox.emptied.is_set():
        line.clock.advance(1)
        await asyncio.sleep(0)
    stop.set()
    await running
    assert line.outbox.ended(Accepted) == [1]
