"""The loop of every actor, and the one place that starts and stops them all."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from agent import actor, errors
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.actor import Actor

GRACE = timedelta(seconds=60)


class Work:
    """Does what it is told, in turn: a rest in seconds, or an error; then it asks to stop."""

    def __init__(self, *turns: float | Exception) -> None:
        self.turns = list(turns)
        self.done = 0
        self.clock, self.nudged, self.stop = FakeClock(), asyncio.Event(), asyncio.Event()

    async def once(self) -> float:
        turn = self.turns.pop(0)
        self.done += 1
        if not self.turns:
            self.stop.set()
        if isinstance(turn, Exception):
            raise turn
        return turn

    def run(self) -> asyncio.Task[None]:
        return asyncio.create_task(
            actor.run(self.once, stop=self.stop, nudged=self.nudged, clock=self.clock)
        )

    async def has_done(self, turns: int) -> None:
        """So many turns, and it rests."""
        for _ in range(1000):
            if self.done == turns and len(self.clock.slept) == turns:
                return
            await asyncio.sleep(0)
        raise AssertionError(f"{self.done} turns, slept {self.clock.slept}")


def storage_error() -> errors.StorageError:
    return errors.StorageError("the disk is full", hint="woo-agent status")


async def test_it_works_rests_and_works_again() -> None:
    work = Work(5.0, 5.0, 0.0)
    running = work.run()
    await work.has_done(1)
    work.clock.advance(4.9)
    await asyncio.sleep(0)
    assert work.done == 1
    work.clock.advance(0.1)
    await work.has_done(2)
    work.nudged.set()
    await running
    assert work.done == 3
    assert work.clock.slept == [5.0, 5.0]
    assert not work.nudged.is_set()


async def test_a_nudge_while_it_works_is_not_lost() -> None:
    work = Work(60.0, 0.0)
    once = work.once

    async def nudged_meanwhile() -> float:
        work.nudged.set()
        return await once()

    work.once = nudged_meanwhile  # type: ignore[method-assign]
    await work.run()
    assert work.done == 2


async def test_without_a_rest_it_goes_on_at_once() -> None:
    work = Work(0.0, 0.0, 0.0)
    await work.run()
    assert work.clock.slept == []


async def test_a_stopped_actor_does_not_begin() -> None:
    work = Work(1.0)
    work.stop.set()
    await work.run()
    assert work.done == 0


async def test_a_broken_database_is_tried_again_and_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    work = Work(storage_error(), storage_error(), 0.0, storage_error(), 0.0)
    with caplog.at_level("INFO", logger="agent.actor"):
        running = work.run()
        await work.has_done(1)
        work.nudged.set()  # a nudge does not hurry what is broken
        for _ in range(10):
            await asyncio.sleep(0)
        assert work.done == 1
        for _ in range(20):
            work.clock.advance(actor.STORAGE_PAUSE_S)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        await running
    assert [record.message for record in caplog.records] == [
        "the disk is full",
        "the database answers again",
        "the disk is full",
        "the database answers again",
    ]
    assert work.clock.slept == [actor.STORAGE_PAUSE_S] * 3


async def test_any_other_error_ends_the_actor() -> None:
    with pytest.raises(ZeroDivisionError):
        await Work(ZeroDivisionError(), 0.0).run()


class Crew:
    """Actors under supervision; ``ended`` names those that returned, ``cancelled`` the others."""

    def __init__(self) -> None:
        self.stop, self.hurry = asyncio.Event(), asyncio.Event()
        self.ended: list[str] = []
        self.cancelled: list[str] = []

    def member(self, name: str, *, until: Callable[[], asyncio.Event] | None = None) -> Actor:
        """Works until the stop, or until an event of its own."""

        async def act(stop: asyncio.Event) -> None:
            try:
                await (until() if until else stop).wait()
            except asyncio.CancelledError:
                self.cancelled.append(name)
                raise
            self.ended.append(name)

        return act

    def supervised(self, grace: timedelta = GRACE, **actors: Actor) -> asyncio.Task[None]:
        return asyncio.create_task(actor.supervise(actors, self.stop, grace, self.hurry))


async def test_all_end_when_asked() -> None:
    crew = Crew()
    running = crew.supervised(one=crew.member("one"), two=crew.member("two"))
    await asyncio.sleep(0)
    crew.stop.set()
    await running
    assert sorted(crew.ended) == ["one", "two"]


@pytest.mark.parametrize("why", ["grace is over", "hurry"])
async def test_who_does_not_listen_is_made_to_stop(why: str) -> None:
    crew = Crew()
    deaf = crew.member("deaf", until=asyncio.Event)
    grace = timedelta(milliseconds=5) if why == "grace is over" else GRACE
    running = crew.supervised(grace, deaf=deaf, good=crew.member("good"))
    await asyncio.sleep(0)
    crew.stop.set()
    if why == "hurry":
        crew.hurry.set()
    await running
    assert (crew.ended, crew.cancelled) == (["good"], ["deaf"])


async def test_work_in_hand_gets_its_grace() -> None:
    crew, finished = Crew(), asyncio.Event()
    running = crew.supervised(busy=crew.member("busy", until=lambda: finished))
    await asyncio.sleep(0)
    crew.stop.set()
    for _ in range(10):
        await asyncio.sleep(0)
    assert not running.done()
    finished.set()
    await running
    assert (crew.ended, crew.cancelled) == (["busy"], [])


async def test_a_fault_of_one_ends_all_and_is_raised() -> None:
    async def faulty(_: asyncio.Event) -> None:
        raise ZeroDivisionError

    crew = Crew()
    with pytest.RaisesGroup(ZeroDivisionError):
        await crew.supervised(good=crew.member("good"), faulty=faulty)
    assert crew.cancelled == ["good"]


async def test_an_actor_that_ends_alone_is_a_fault() -> None:
    async def leaves(_: asyncio.Event) -> None:
        return

    crew = Crew()
    with pytest.RaisesGroup(pytest.RaisesExc(RuntimeError, match="quitter ended alone")):
        await crew.supervised(good=crew.member("good"), quitter=leaves)


async def test_a_fault_while_stopping_is_raised_and_leaves_nothing_behind() -> None:
    async def faulty(stop: asyncio.Event) -> None:
        await stop.wait()
        await asyncio.sleep(0)
        raise ZeroDivisionError

    before = asyncio.all_tasks()
    crew = Crew()
    running = crew.supervised(faulty=faulty, deaf=crew.member("deaf", until=asyncio.Event))
    await asyncio.sleep(0)
    crew.stop.set()
    with pytest.RaisesGroup(ZeroDivisionError):
        await running
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_long_work_that_may_be_cut_ends_at_once() -> None:
    stop, begun = asyncio.Event(), asyncio.Event()

    async def work() -> float:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    running = asyncio.create_task(
        actor.run(work, stop=stop, nudged=asyncio.Event(), clock=FakeClock(), interruptible=True)
    )
    await begun.wait()
    stop.set()
    await running


async def test_a_fault_of_work_that_may_be_cut_is_raised() -> None:
    async def work() -> float:
        raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        await actor.run(
            work,
            stop=asyncio.Event(),
            nudged=asyncio.Event(),
            clock=FakeClock(),
            interruptible=True,
        )


def test_pauses_double_up_to_the_longest() -> None:
    pauses = [0.0]
    for _ in range(4):
        pauses.append(actor.longer(pauses[-1], 5.0, 25.0))
    assert pauses == [0.0, 5.0, 10.0, 20.0, 25.0]
