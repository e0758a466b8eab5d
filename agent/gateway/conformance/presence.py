"""Who is there, and whom it lets in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from agent.gateway.conformance import answers
from agent.gateway.conformance.session import encoded
from agent.gateway.conformance.verdict import GOOD, Check, NotOffered, must

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.gateway.conformance.session import Heard, Session
    from agent.model.delivery import Answer

ANOTHER_INSTANCE = "another_instance"
_SEQUENCE = re.compile(r"[0-9]{1,19}")


def described(answer: Answer) -> Mapping[str, Any]:
    """What the gateway says of itself."""
    if answer.status == 404:
        raise NotOffered("404: it does not say who it is")
    return answers.document(answer)


def judge_description(answer: Answer) -> None:
    """Each of its fields, where it is told, is what it should be."""
    said = described(answer)
    for name in ("name", "environment"):
        told = said.get(name)
        must(told is None or _is_text(told), f"{name} is {told!r}, not a text")
    accepts, most = said.get("accepts"), said.get("max_batch_bytes")
    is_list = isinstance(accepts, list) and all(map(_is_text, accepts))
    must(accepts is None or is_list, f"accepts is {accepts!r}, not a list of types")
    is_size = type(most) is int and most > 0
    must(most is None or is_size, f"max_batch_bytes is {most!r}, not a number of bytes")
    answers.head_position(answer)
    last = said.get("last_sequence")
    must(last is None or sequence(last) is not None, f"last_sequence is {last!r}, not a number")


def judge_memory(answer: Answer, last_sequence: int, head_position: int | None) -> None:
    """It knows how far we have come."""
    said = described(answer)
    known = said.get("last_sequence")
    must(
        sequence(known) == last_sequence,
        f"last_sequence is {known!r} after {last_sequence:019d} was accepted",
    )
    head = answers.head_position(answer)
    if head is not None and head_position is not None:
        must(head >= head_position, f"head_position is {head}, and was {head_position} before")


def sequence(told: object) -> int | None:
    """``last_sequence`` as a number; it is written as in an event."""
    text = str(told) if type(told) is int else told
    return int(text) if isinstance(text, str) and _SEQUENCE.fullmatch(text) else None


def judge_refusal(answer: Answer) -> None:
    """Nobody else is let in."""
    must(answer.status in (401, 403), f"answered {answers.told(answer)}")


def judge_error(answer: Answer) -> None:
    """An error of the gateway itself is the contract's."""
    if answer.status not in (401, 403) or answer.body is None:
        raise NotOffered("no refusal in JSON: a proxy may have said it")
    must(answers.is_contract_error(answer), f"JSON without type, title, code: {answer.excerpt}")


def judge_content_types(heard: list[Heard]) -> None:
    """Answers say that they are JSON."""
    for one in heard:
        is_json = one.content_type.endswith(("/json", "+json"))
        is_judged = one.status == 200 and not one.path.endswith("/heartbeat")
        must(is_json or not is_judged, f"{one.path} came as {one.content_type}")


def judge_instances(newcomer: Answer, replaced: Answer) -> None:
    """The new one is let in, and the old one is told that it was replaced."""
    must(newcomer.status == 200, f"the new instance was answered {answers.told(newcomer)}")
    if replaced.status == 200:
        raise NotOffered("it does not tell instances apart")
    is_told = replaced.status == 409 and answers.code(replaced) == ANOTHER_INSTANCE
    must(is_told, f"the replaced instance was answered {answers.told(replaced)}")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


async def _who_is_there(session: Session) -> None:
    judge_description(await session.agent.get_store())


async def _memory(session: Session) -> None:
    event = session.event()
    answer = await session.send(event)
    answers.taken(answer, [event])
    head = answers.head_position(answer)
    judge_memory(await session.agent.get_store(), int(event["sequence"]), head)


async def _no_token(session: Session) -> None:
    judge_refusal(await session.nameless.post_events(b"[]"))


async def _wrong_token(session: Session) -> None:
    judge_refusal(await session.stranger.post_events(b"[]"))


async def _error(session: Session) -> None:
    judge_error(await session.stranger.post_events(b"[]"))


async def _content_types(session: Session) -> None:
    judge_content_types(session.heard)


async def _instances(session: Session) -> None:
    newcomer = await session.newcomer.post_events(encoded(session.event()))
    judge_instances(newcomer, await session.send(session.event()))


FIRST = (
    Check(
        "who is there",
        "GET /v1/stores/{store} tells name, environment, accepts (types), max_batch_bytes, journal,"
        " head_position and last_sequence; 404 where it is not offered.",
        _who_is_there,
    ),
    Check(
        "no token",
        "A request without Authorization: Bearer <token> is answered 401 or 403.",
        _no_token,
    ),
    Check(
        "wrong token",
        "A request with a token that is not this store's is answered 401 or 403.",
        _wrong_token,
    ),
    Check(
        "error document",
        "Errors are problem+json (RFC 9457) where the gateway itself speaks:"
        " a JSON object with type, title or code.",
        _error,
    ),
)
LAST = (
    Check(
        "memory",
        "last_sequence is the highest sequence accepted from this store, and head_position never"
        " falls: an agent that lost its state goes on above.",
        _memory,
        GOOD,
    ),
    Check(
        "content types",
        "What is answered with 200 is JSON (heartbeats aside), and its Content-Type says so.",
        _content_types,
    ),
    Check(
        "another instance",
        "A new Woo-Agent-Instance takes over at once; the one that was replaced is answered"
        " 409 another_instance when it speaks again.",
        _instances,
        GOOD,
    ),
)
