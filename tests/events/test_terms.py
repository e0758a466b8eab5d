"""What the gateway said it takes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from agent.events.greeting import AGAIN_S, RENEWED_S, Greeting
from agent.events.terms import Agreement, Terms
from agent.model.delivery import Answer
from tests.clock import FakeClock
from tests.events import fakes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.model.delivery import Event

ORDER = "retail.order.snapshot.v1"


def test_a_star_stands_for_all_that_begin_so() -> None:
    some = Terms(frozenset({ORDER, "woocommerce.*"}))
    assert some.takes(ORDER)
    assert some.takes("woocommerce.subscription.updated.v1")
    assert not some.takes("retail.order.snapshot.v2")
    assert Terms().takes("anything")


class _Kept:
    def __init__(self) -> None:
        self.aside: list[Event] = []

    async def set_aside(self, events: Sequence[Event]) -> None:
        self.aside += events

    async def bring_back(self, takes: Callable[[str], bool]) -> int:
        before = len(self.aside)
        self.aside = [event for event in self.aside if not takes(event.type)]
        return before - len(self.aside)


async def test_what_is_not_taken_is_set_aside_until_it_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = _Kept()
    agreement, one = Agreement(kept), fakes.event(1)
    assert await agreement.sifted([one]) == [one]
    await agreement.renewed(Terms(frozenset({"retail.product.snapshot.v1"})))
    assert await agreement.sifted([one]) == await agreement.sifted([fakes.event(2)]) == []
    assert len(kept.aside) == 2
    assert sum(f"does not accept {ORDER}" in line for line in caplog.messages) == 1
    await agreement.renewed(Terms())
    assert kept.aside == []


class _Gateway:
    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)

    async def get_store(self) -> Answer:
        return self.answers.pop(0)


class _Outbox:
    def __init__(self) -> None:
        self.above: list[int] = []
        self.named: list[tuple[str, int | None, int]] = []

    async def number_above(self, sequence: int) -> None:
        self.above.append(sequence)

    async def present_journal(self) -> int:
        return 3

    async def journal(self, name: str, head_position: int | None, *, asked_in: int) -> bool:
        self.named.append((name, head_position, asked_in))
        return False


@pytest.mark.parametrize(
    ("answer", "rest_s", "above"),
    [
        (Answer(200, body={"max_batch_bytes": 9, "last_sequence": "0012"}), RENEWED_S, [12]),
        (Answer(404), RENEWED_S, []),
        (Answer(None, "timeout"), AGAIN_S, []),
        (Answer(409, body={"code": "another_instance"}), AGAIN_S, []),
        (Answer(200, body=[]), AGAIN_S, []),
    ],
)
async def test_whatever_it_answers_sending_may_begin(
    answer: Answer, rest_s: float, above: list[int]
) -> None:
    agreement, outbox, greeted = Agreement(_Kept()), _Outbox(), asyncio.Event()
    greeting = Greeting(outbox, _Gateway(answer), agreement, clock=FakeClock(), greeted=greeted)
    assert not agreement.asked
    assert await greeting.run_once() == rest_s
    assert agreement.asked
    assert greeted.is_set()
    assert outbox.above == above
    assert agreement.terms.max_batch_bytes == (9 if above else None)


async def test_the_journal_that_it_names_is_the_one_in_which_it_was_asked() -> None:
    """It may be restored while it answers."""
    answer = Answer(200, body={"journal": "first", "head_position": 7})
    outbox = _Outbox()
    await Greeting(
        *(outbox, _Gateway(answer), Agreement(_Kept())), clock=FakeClock(), greeted=asyncio.Event()
    ).run_once()
    assert outbox.named == [("first", 7, 3)]
