"""A result is kept until the gateway has it, and nothing else counts as having it."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import pytest

from agent.demo.site import Fault
from agent.model.delivery import Answer
from agent.updates import reporter
from tests.agents import STORE
from tests.updates.rows import stock

if TYPE_CHECKING:
    from tests.updates.lines import Line


async def settled(line: Line, *versions: int) -> list[str]:
    """So many updates were answered for (rejected: their product is of no interest here)."""
    await line.feed(*(stock(version, "none") for version in versions))
    return [f"s-{version}" for version in versions]


def reported(line: Line) -> list[str]:
    return [result["id"] for result in line.gateway.results(STORE)]


async def test_results_arrive_in_order_and_are_then_forgotten(line: Line) -> None:
    ids = await settled(line, *range(450))
    assert [await line.reporter.run_once() for _ in range(4)] == [0, 0, 0, reporter.IDLE_S]
    assert reported(line) == ids
    assert await line.results() == {}


async def test_a_result_says_what_the_protocol_wants(line: Line) -> None:
    line.store.add_product("MUG-1", stock=40)
    await line.feed(stock(1042, 18, correlation_id="c-9"))
    await line.apply()
    await line.reporter.run_once()
    [result] = line.gateway.results(STORE)
    product_id = result["store"]["id"]
    assert result == {
        "id": "s-1042",
        "sku": "MUG-1",
        "kind": "stock",
        "version": 1042,
        "n": 1,
        "status": "applied",
        "store": {"id": product_id, "quantity": 18},
        "before": {"id": product_id, "quantity": 40},
        "correlation_id": "c-9",
        "at": "2026-11-24T08:00:00Z",
    }


@pytest.mark.parametrize("fault", [*Fault])
async def test_whatever_the_gateway_does_each_result_is_kept_and_arrives_once(
    line: Line, fault: Fault
) -> None:
    ids = await settled(line, 1, 2)
    line.gateway.site.misbehave(fault)
    assert await line.reporter.run_once() > 0
    assert sorted(await line.results()) == ids
    line.gateway.site.behave()
    assert await line.reporter.run_once() == 0
    assert reported(line) == ids
    assert await line.results() == {}


async def test_while_the_gateway_is_away_the_pauses_grow(line: Line) -> None:
    ids = await settled(line, 1)
    await line.gateway.site.refuse()
    pauses = [await line.reporter.run_once() for _ in range(10)]
    for n, pause in enumerate(pauses):
        longest = min(2 * 2**n, 300)
        assert longest / 2 <= pause <= longest
    await line.gateway.site.accept()
    await line.reporter.run_once()
    assert reported(line) == ids


class Told:
    """A gateway that answers what a test says."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def post_results(self, results: list[Any]) -> Answer:
        assert results
        return self._answer


@pytest.mark.parametrize(
    ("answer", "taken"),
    [
        (Answer(200, body={}), True),
        (Answer(200, body={"results": []}), True),
        (Answer(201, body={}), True),
        (Answer(202, body={}), True),
        (Answer(204), True),
        (Answer(200, excerpt="<h1>Welcome to our hotel</h1>"), False),
        (Answer(200, body=[]), False),
        (Answer(200, body="ok"), False),
        (Answer(302, body={}), False),
        (Answer(400, body={}), False),
        (Answer(401, body={}), False),
        (Answer(409, body={}), False),
        (Answer(500, body={}), False),
        (Answer(None, "timeout"), False),
    ],
)
async def test_only_a_yes_in_json_or_an_empty_204_means_taken(
    line: Line, answer: Answer, taken: bool
) -> None:
    await settled(line, 1)
    reporting = reporter.Reporter(
        line.inbox,
        Told(answer),
        clock=line.clock,
        rng=random.Random(6),
        settled=asyncio.Event(),
    )
    assert (await reporting.run_once() == 0) == taken
    assert bool(await line.results()) != taken


async def test_the_gateway_may_say_when_to_come_back(line: Line) -> None:
    await settled(line, 1)
    for asked_s, rest in ((120.0, 120.0), (1e9, 3600.0)):
        told = Told(Answer(503, retry_after_s=asked_s))
        reporting = reporter.Reporter(
            line.inbox, told, clock=line.clock, rng=random.Random(6), settled=asyncio.Event()
        )
        assert await reporting.run_once() == rest


class _Picky:
    """Refuses whatever holds the result of ``guilty``, with the contract's error or with a 413."""

    def __init__(self, guilty: str, status: int) -> None:
        self._guilty = guilty
        self._answer = Answer(status, body={"title": "no"} if status != 413 else None)
        self.taken: list[str] = []

    async def post_results(self, results: list[Any]) -> Answer:
        ids = [result["id"] for result in results]
        if self._guilty in ids:
            return self._answer
        self.taken += ids
        return Answer(200, body={})


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_one_result_that_is_refused_does_not_hold_up_the_others(
    line: Line, status: int
) -> None:
    ids = await settled(line, *range(9))
    gateway = _Picky("s-4", status)
    reporting = reporter.Reporter(
        line.inbox, gateway, clock=line.clock, rng=random.Random(1), settled=asyncio.Event()
    )
    while await reporting.run_once() == 0:
        pass
    assert gateway.taken == [name for name in ids if name != "s-4"]
    assert await line.results() == {}
