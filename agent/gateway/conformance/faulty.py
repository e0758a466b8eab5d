"""What no gateway should take, and what must not stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.gateway.conformance import answers, presence
from agent.gateway.conformance.session import encoded
from agent.gateway.conformance.verdict import GOOD, Check, NotOffered, must

if TYPE_CHECKING:
    from agent.gateway.conformance.session import Session
    from agent.model.delivery import Answer

MOST_SENT = 16 * 2**20
"""No larger body is sent to find out whether it is taken."""
_MOST_EVENTS = 100
_AS_A_WHOLE = (400, 422)


def judge_broken(answer: Answer) -> None:
    """A body that is no JSON."""
    must(answer.status in _AS_A_WHOLE, f"answered {answers.told(answer)}")
    must(
        answers.is_contract_error(answer),
        f"no JSON error with type, title or code: {answers.told(answer)}",
    )


def judge_faulty(result: answers.Result, *statuses: str) -> None:
    """One event among good ones."""
    status = result.get("status")
    must(status in statuses, f"status {status!r} instead of {' or '.join(statuses)}")


def is_refused_as_a_whole(answer: Answer) -> bool:
    """Then the agent halves the batch until the guilty event is alone."""
    return answer.status in _AS_A_WHOLE and answers.is_contract_error(answer)


def judge_too_large(answer: Answer) -> None:
    """A body above the limit."""
    must(answer.status == 413, f"answered {answers.told(answer)}")


def filled(session: Session, size: int) -> bytes:
    """A batch of exactly so many bytes, as far as events can be made that small."""
    one = len(encoded(session.event()))
    events = [session.event() for _ in range(max(1, min(_MOST_EVENTS, size // (2 * one))))]
    for event in events:
        event["data"]["customer_note"] = ""
    room = max(0, size - len(encoded(*events)))
    for number, event in enumerate(events):
        extra = number < room % len(events)
        event["data"]["customer_note"] = "x" * (room // len(events) + extra)
    return encoded(*events)


async def _malformed(session: Session) -> None:
    faulty = session.event()
    del faulty["type"]
    await _among_good_ones(session, faulty | {"sequence": "first"}, "rejected")


async def _unknown_type(session: Session) -> None:
    named = {"type": "woocommerce.conformance.created.v1", "subject": "conformance/1"}
    event = session.event() | named | {"correlationid": "conformance/1", "data": {"id": 1}}
    del event["dataschema"]
    await _among_good_ones(session, event, "accepted", "rejected")


async def _among_good_ones(session: Session, faulty: dict[str, Any], *statuses: str) -> None:
    before, after = session.event(), session.event()
    answer = await session.send(before, faulty, after)
    if is_refused_as_a_whole(answer):
        alone = await session.send(faulty)
        must(is_refused_as_a_whole(alone), f"alone it is answered {answers.told(alone)}")
        answer = await session.send(before, after)
    else:
        [result] = answers.results(answer, [faulty])
        judge_faulty(result, *statuses)
    answers.taken(answer, [before, after])


async def _broken(session: Session) -> None:
    judge_broken(await session.agent.post_events(encoded(session.event())[:-10]))


async def _largest(session: Session) -> None:
    answers.results(await session.agent.post_events(filled(session, await _limit(session))), [])


async def _too_large(session: Session) -> None:
    judge_too_large(await session.agent.post_events(filled(session, await _limit(session) + 1)))


async def _limit(session: Session) -> int:
    told = presence.described(await session.agent.get_store()).get("max_batch_bytes")
    if type(told) is not int or told < 1:
        raise NotOffered("it tells no max_batch_bytes")
    if told > MOST_SENT:
        raise NotOffered(f"max_batch_bytes is {told}: so much is not sent to find out")
    return told


CHECKS = (
    Check(
        "malformed event",
        "An event that is no CloudEvent of this contract is rejected (or the batch answered 400 or"
        " 422 with the JSON error, also when it is alone), and its neighbours go on.",
        _malformed,
        GOOD,
    ),
    Check(
        "unknown type",
        "A type that the gateway does not know (woocommerce.<resource>.<event>.v1 passes any topic"
        " through) is accepted or rejected, and its neighbours go on.",
        _unknown_type,
        GOOD,
    ),
    Check(
        "broken JSON",
        "A body that can't be read is answered 400 or 422 with the JSON error (type, title, code):"
        " without it the agent takes a proxy to be at fault.",
        _broken,
    ),
    Check("largest batch", "A body of max_batch_bytes is taken.", _largest, GOOD),
    Check("too large", "A body above max_batch_bytes is answered 413.", _too_large),
)
