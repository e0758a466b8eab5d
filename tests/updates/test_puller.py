"""The feed is read to its end, page by page, and no update of it is lost or taken twice."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import pytest

from agent.demo.site import Fault
from agent.model.delivery import Answer
from agent.updates import puller
from tests.agents import STORE
from tests.updates import lines
from tests.updates.rows import stock

if TYPE_CHECKING:
    from tests.updates.lines import Line


def publish(line: Line, *items: Any) -> None:
    line.gateway.publish(STORE, *items)


async def taken(line: Line) -> list[str]:
    return [opened.update.id for opened in await line.inbox.due(10_000)]


class Told:
    """A gateway that answers what a test says, and keeps what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[str | None] = []
        self.holding = asyncio.Event()

    async def get_updates(self, after: str | None, *, limit: int, wait_s: float) -> Answer:
        self.asked.append(after)
        if not self.answers:
            self.holding.set()
            await asyncio.Event().wait()
        return self.answers.pop(0)


def told(line: Line, *answers: Answer) -> tuple[puller.Puller, Told]:
    gateway = Told(*answers)
    pulling = puller.Puller(
        line.inbox,
        gateway,
        settings=lambda: line.settings,
        clock=line.clock,
        rng=random.Random(5),
        arrived=asyncio.Event(),
        journal=lines.same_journal,
    )
    return pulling, gateway


async def test_a_page_is_taken_in_with_its_cursor_and_the_next_is_asked_for_at_once(
    line: Line,
) -> None:
    publish(line, stock(1, 7), {"id": "odd", "kind": "fulfilment"}, "text", stock(2, 8))
    assert await line.puller.run_once() == 0
    assert await taken(line) == ["s-1", "s-2"]
    assert (await line.results())["odd"] == ["unknown_kind"]
    cursor = await line.inbox.cursor()
    publish(line, stock(3, 9))
    assert await line.puller.run_once() == 0
    assert await taken(line) == ["s-1", "s-2", "s-3"]
    assert await line.inbox.cursor() != cursor


async def test_a_long_feed_is_read_page_after_page_without_a_rest(line: Line) -> None:
    ids = [f"u-{n}" for n in range(2 * puller.PAGE + 1)]
    publish(line, *(stock(n, 7, id=name, sku=name) for n, name in enumerate(ids)))
    line.gateway.faults.never_waits = True
    rests = [await line.puller.run_once() for _ in range(4)]
    assert rests == [0, 0, 0, 10]
    assert await taken(line) == ids


async def test_a_poll_that_was_held_in_vain_is_followed_by_the_next_one_at_once(
    line: Line,
) -> None:
    assert await line.puller.run_once() == 0
    assert line.clock.slept[-1] == 20  # the gateway held it


async def test_a_gateway_that_can_not_wait_is_asked_again_after_a_while(line: Line) -> None:
    line.gateway.faults.never_waits = True
    assert await line.puller.run_once() == 10
    line.configure(updates={"wait": line.settings.updates.wait * 0})
    line.gateway.faults.never_waits = False
    assert await line.puller.run_once() == 10


async def test_the_gateway_may_say_when_to_come_back(line: Line) -> None:
    empty = {"updates": [], "cursor": "c-1"}
    for asked_s, rest in ((3.0, 3.0), (1e9, 3600.0), (None, 10.0)):
        pulling, _ = told(line, Answer(200, body=empty, retry_after_s=asked_s))
        assert await pulling.run_once() == rest


async def test_an_unknown_cursor_means_from_the_start_and_nothing_twice(line: Line) -> None:
    publish(line, stock(1, 7))
    await line.puller.run_once()
    line.gateway.forget_cursors(STORE)
    publish(line, stock(2, 8))
    assert await line.puller.run_once() == puller.FIRST_PAUSE_S
    assert await line.inbox.cursor() is None
    assert await line.puller.run_once() == 0
    assert await taken(line) == ["s-1", "s-2"]


async def test_while_the_gateway_is_away_the_pauses_grow_and_the_place_is_kept(
    line: Line,
) -> None:
    publish(line, stock(1, 7))
    await line.puller.run_once()
    cursor = await line.inbox.cursor()
    publish(line, stock(2, 8))
    await line.gateway.site.refuse()
    pauses = [await line.puller.run_once() for _ in range(8)]
    for pause, longest in zip(pauses, (2, 4, 8, 16, 32, 60, 60, 60), strict=True):
        assert longest / 2 <= pause <= longest
    assert line.puller.trouble == "unreachable"
    await line.gateway.site.accept()
    assert await line.inbox.cursor() == cursor
    assert await line.puller.run_once() == 0
    assert line.puller.trouble == ""
    assert await taken(line) == ["s-1", "s-2"]


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.BROKEN_JSON, Fault.DROP])
async def test_a_bad_answer_is_a_pause_and_then_the_same_page_again(
    line: Line, fault: Fault
) -> None:
    publish(line, stock(1, 7))
    line.gateway.site.misbehave(fault)
    assert 1 <= await line.puller.run_once() <= 2
    assert line.puller.trouble
    assert (await taken(line), await line.inbox.cursor()) == ([], None)
    line.gateway.site.behave()
    await line.puller.run_once()
    assert await taken(line) == ["s-1"]


async def test_a_page_that_is_no_json_is_a_broken_answer_whose_fault_is_told(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    publish(line, stock(1, 7, note=float("nan")))
    assert 1 <= await line.puller.run_once() <= 2
    assert line.puller.trouble == "broken_answer"
    assert any("NaN is not JSON" in message for message in caplog.messages)
    assert (await taken(line), await line.inbox.cursor()) == ([], None)


GOOD = [stock(1, 7)]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, None),
        (200, []),
        (200, {}),
        (200, {"updates": None, "cursor": "c"}),
        (200, {"updates": {}, "cursor": "c"}),
        (200, {"updates": GOOD}),
        (200, {"updates": GOOD, "cursor": None}),
        (200, {"updates": GOOD, "cursor": 7}),
        (200, {"updates": GOOD, "cursor": "\ud800"}),
        (204, None),
        (201, {"updates": GOOD, "cursor": "c"}),
        (401, {"updates": GOOD, "cursor": "c"}),
        (409, {"type": "https://example/problems/another_instance"}),
        (409, None),
        (None, None),
    ],
)
async def test_what_is_no_page_is_not_taken_for_one(
    line: Line, status: int | None, body: Any
) -> None:
    pulling, _ = told(line, Answer(status, body=body), Answer(503, retry_after_s=900.0))
    assert 1 <= await pulling.run_once() <= 2
    assert (await taken(line), await line.inbox.cursor()) == ([], None)
    assert await pulling.run_once() == 900


@pytest.mark.parametrize(
    "body", [{"code": "cursor_unknown"}, {"type": "https://example/problems/cursor_unknown"}]
)
async def test_cursor_unknown_is_understood_as_code_and_as_problem_type(
    line: Line, body: Any
) -> None:
    page = Answer(200, body={"updates": GOOD, "cursor": "c-1"})
    pulling, gateway = told(line, page, Answer(409, body=body), page)
    for _ in range(3):
        await pulling.run_once()
    assert gateway.asked == [None, "c-1", None]
    assert await taken(line) == ["s-1"]


async def test_a_poll_that_is_held_is_cut_off_when_the_agent_stops(line: Line) -> None:
    pulling, gateway = told(line)
    stop = asyncio.Event()
    running = asyncio.create_task(pulling.run(stop))
    await gateway.holding.wait()
    stop.set()
    await running
    assert await line.inbox.cursor() is None
