"""Batches of good events: each counts once, whatever comes twice or late."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from agent.gateway.conformance import answers, presence
from agent.gateway.conformance.verdict import GOOD, Check, NotOffered, must
from agent.model.delivery import Answer

if TYPE_CHECKING:
    from agent.gateway.conformance.session import Session

Event = dict[str, Any]
Batch = tuple[Answer, Sequence[Event]]


def judge_probe(answer: Answer) -> None:
    """Nothing in, nothing out."""
    found = answers.document(answer).get("results")
    must(found == [], f"results is {found!r}, not []")


def judge_times(batch: Batch) -> None:
    """When each was accepted."""
    for result in answers.taken(*batch):
        at = result.get("accepted_at")
        must(answers.is_moment(at), f"accepted_at is {at!r}, not an RFC 3339 time with a zone")


def judge_positions(*batches: Batch) -> None:
    """Batches sent one after the other."""
    highest = -1
    for batch in batches:
        given = [answers.position(result) for result in answers.taken(*batch)]
        numbers = [number for number in given if number is not None]
        if not numbers and highest < 0:
            raise NotOffered("it gives no positions")
        must(len(numbers) == len(given), f"some results have a position, others none: {given}")
        must(len(set(numbers)) == len(numbers), f"positions {given} are not distinct")
        must(min(numbers) > highest, f"positions {given} came after {highest}")
        highest = max(numbers)


def judge_journal(description: Answer, *batches: Batch) -> None:
    """One id throughout."""
    if all(answers.position(result) is None for result in answers.taken(*batches[0])):
        raise NotOffered("it gives no positions")
    names = [answers.document(answer).get("journal") for answer, _ in batches]
    if description.status == 200:
        names.append(presence.described(description).get("journal"))
    for name in names:
        must(isinstance(name, str) and name != "", f"journal is {name!r}, not a text")
    must(len(set(names)) == 1, f"journal changes: {names}")


def judge_duplicate(first: Batch, again: Batch) -> None:
    """The same event twice."""
    [before], [after] = answers.taken(*first), answers.taken(*again, "duplicate")
    was, now = answers.position(before), answers.position(after)
    must(now == was, f"position {now}, but it got {was} the first time")


async def _empty(session: Session) -> None:
    judge_probe(await session.send())


async def _good(session: Session) -> None:
    answers.taken(*await _sent(session, *(session.event() for _ in range(5))))


async def _times(session: Session) -> None:
    judge_times(await _sent(session, session.event()))


async def _positions(session: Session) -> None:
    judge_positions(*[await _sent(session, session.event(), session.event()) for _ in range(3)])


async def _journal(session: Session) -> None:
    batches = [await _sent(session, session.event()) for _ in range(2)]
    judge_journal(await session.agent.get_store(), *batches)


async def _duplicate(session: Session) -> None:
    event = session.event()
    first = await _sent(session, event)
    await _sent(session, session.event())
    judge_duplicate(first, await _sent(session, event))


async def _later(session: Session) -> None:
    event = session.event()
    answers.taken(*await _sent(session, event))
    answers.taken(*await _sent(session, session.event(order=event["data"]["order_id"])))


async def _out_of_order(session: Session) -> None:
    earlier = session.event()
    later = session.event(order=earlier["data"]["order_id"])
    answers.taken(*await _sent(session, later))
    answers.taken(*await _sent(session, earlier), "accepted", "duplicate")


async def _replay(session: Session) -> None:
    event = session.event()
    answers.taken(*await _sent(session, event))
    answers.taken(*await _sent(session, event | {"replay": True}))


async def _deletion(session: Session) -> None:
    event = session.event()
    answers.taken(*await _sent(session, event))
    answers.taken(*await _sent(session, session.event("deleted", order=event["data"]["order_id"])))


async def _sent(session: Session, *events: Event) -> Batch:
    return await session.send(*events), events


CHECKS = (
    Check("empty batch", "An empty batch is a probe: 200 with results [].", _empty),
    Check(
        GOOD,
        "A batch is answered 200 with results that name each event by its id;"
        " what was stored is accepted.",
        _good,
    ),
    Check(
        "accepted_at",
        "Each accepted event carries accepted_at, by the gateway's clock: the as_of of stock"
        " figures is compared with it.",
        _times,
        GOOD,
    ),
    Check(
        "positions",
        "Positions are the gateway's own journal numbers of this store's events: no two events"
        " share one, and they rise from batch to batch.",
        _positions,
        GOOD,
    ),
    Check(
        "journal",
        "journal is an opaque id, the same in every answer until the gateway is restored from a"
        " backup.",
        _journal,
        GOOD,
    ),
    Check(
        "duplicate",
        "An event whose id is known is a duplicate, with the position it got the first time.",
        _duplicate,
        GOOD,
    ),
    Check(
        "later sequence",
        "A later snapshot of the same subject is accepted.",
        _later,
        GOOD,
    ),
    Check(
        "out of order",
        "A receiver ignores a sequence below the one it has for that subject, which is no error:"
        " accepted or duplicate.",
        _out_of_order,
        GOOD,
    ),
    Check(
        "replay",
        "replay: true asks to process an event even if its id is known: accepted.",
        _replay,
        GOOD,
    ),
    Check("deletion", "retail.X.deleted.v1 is accepted like a snapshot.", _deletion, GOOD),
)
