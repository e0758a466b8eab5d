"""Batches side by side: what is visible stays the highest."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from agent.gateway.conformance import answers
from agent.gateway.conformance.verdict import GOOD, Check, NotOffered, must

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.gateway.conformance.session import Session

SIDE_BY_SIDE = 8
_ROUNDS = 3


class Exchange(NamedTuple):
    """A batch of one event: the highest position and head_position that had been answered when it
    was sent (-1: none), and its own."""

    position_before: int
    head_before: int
    position: int
    head: int | None


def judge_positions(exchanges: Iterable[Exchange]) -> None:
    """What is sent after a position was seen gets a higher one."""
    given = set()
    for one in exchanges:
        must(one.position not in given, f"two events share position {one.position}")
        given.add(one.position)
        must(
            one.position > one.position_before,
            f"position {one.position} was given after {one.position_before} was visible",
        )


def judge_heads(exchanges: Iterable[Exchange]) -> None:
    """head_position covers what was answered, and nothing that is still to come."""
    for one in exchanges:
        if one.head is None:
            raise NotOffered("it tells no head_position")
        answered = max(one.position, one.position_before)
        must(one.head >= answered, f"head_position {one.head} after position {answered}")
        must(
            one.head >= one.head_before,
            f"head_position fell from {one.head_before} to {one.head}",
        )
        is_news = one.position > one.position_before  # else the position is wrong, not the head
        must(
            one.position > one.head_before or not is_news,
            f"position {one.position} was given after head_position was {one.head_before}",
        )


async def flood(session: Session, side_by_side: int = SIDE_BY_SIDE) -> list[Exchange]:
    """Batches of one event, so many in flight all the time."""
    exchanges: list[Exchange] = []
    position_seen = head_seen = -1

    async def speak() -> None:
        nonlocal position_seen, head_seen
        for _ in range(_ROUNDS):
            event = session.event()
            before = (position_seen, head_seen)
            answer = await session.send(event)
            [result] = answers.taken(answer, [event])
            position, head = answers.position(result), answers.head_position(answer)
            if position is None:
                raise NotOffered("it gives no positions")
            exchanges.append(Exchange(*before, position, head))
            position_seen = max(position_seen, position)
            head_seen = max(head_seen, -1 if head is None else head)

    ends = await asyncio.gather(*(speak() for _ in range(side_by_side)), return_exceptions=True)
    for end in ends:
        if end is not None:
            raise end
    return exchanges


async def _positions(session: Session) -> None:
    judge_positions(await flood(session))


async def _heads(session: Session) -> None:
    judge_heads(await flood(session) + await flood(session, 1))


CHECKS = (
    Check(
        "parallel batches",
        "A position is given in the transaction that stores the event, under a lock per store: no"
        " two events share one, and none becomes visible below one that already was.",
        _positions,
        GOOD,
    ),
    Check(
        "head_position",
        "head_position is the highest position given: never below one that was answered before,"
        " never above one that is still to come.",
        _heads,
        GOOD,
    ),
)
