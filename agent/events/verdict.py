"""From the gateway's answer to what happens next: the answer table of the protocol, pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.model.delivery import Accepted, Again, Answer, Dead, Outcome

DEFERRED_S = 30.0
_TRANSIENT = frozenset({408, 425, 429})
_LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True)
class Settled:
    """The gateway said something about each event, by id."""

    outcomes: Mapping[str, Outcome]


@dataclass(frozen=True, slots=True)
class Guilty:
    """One of the events is at fault: halve the batch until it is alone, then it is ``dead``."""

    dead: Dead


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Not the events' fault: tried again later. ``refused``: a person has to change something."""

    code: str
    message: str
    retry_after_s: float | None = None
    refused: bool = False


Decision = Settled | Guilty | Unavailable


def decide(answer: Answer, ids: Collection[str], *, accept_empty: bool) -> Decision:
    """What an answer to a batch with these event ids means."""
    status = answer.status
    if status is None:
        return Unavailable(
            answer.failure, answer.excerpt or "no answer", refused=answer.failure == "tls"
        )
    if 200 <= status < 300:
        return _taken(answer, ids, accept_empty=accept_empty)
    code, message = _problem(answer)
    if status == 413:
        return Guilty(Dead(code or "too_large", message or "413: too large"))
    if status in (400, 422) and code:
        return Guilty(Dead(code, message))
    text = message or f"{status}: {answer.excerpt}"
    if status in _TRANSIENT or status >= 500:
        return Unavailable(code or f"http_{status}", text, answer.retry_after_s)
    return Unavailable(code or f"http_{status}", text, refused=True)


def _taken(answer: Answer, ids: Collection[str], *, accept_empty: bool) -> Decision:
    body = answer.body
    if isinstance(body, Mapping) and isinstance(body.get("results"), list):
        return Settled(_outcomes(body["results"], ids))
    if accept_empty:
        return Settled(dict.fromkeys(ids, Accepted()))
    return Unavailable(
        "broken_answer", f"{answer.status} without results: {answer.excerpt}", answer.retry_after_s
    )


def _outcomes(results: Sequence[Any], ids: Collection[str]) -> dict[str, Outcome]:
    """An id that is missing counts as deferred."""
    outcomes: dict[str, Outcome] = {
        event_id: Again("deferred", "the gateway did not say what became of it", DEFERRED_S)
        for event_id in ids
    }
    for result in results:
        if not isinstance(result, Mapping):
            continue
        event_id = result.get("id")
        if isinstance(event_id, str) and event_id in outcomes:
            outcomes[event_id] = _outcome(result)
    return outcomes


def _outcome(result: Mapping[str, Any]) -> Outcome:
    code, message = _text(result.get("code")), _text(result.get("message"))
    match result.get("status"):
        case "accepted" | "duplicate" as status:
            position = result.get("position")
            return Accepted(
                position if type(position) is int and 0 <= position < 2**63 else None,
                _text(result.get("accepted_at")) or None,
                duplicate=status == "duplicate",
            )
        case "rejected":
            return Dead(code or "rejected", message or "the gateway rejected it")
        case _:
            return Again(code or "deferred", message or "the gateway deferred it", DEFERRED_S)


def _problem(answer: Answer) -> tuple[str, str]:
    """Code and message of the contract's JSON error (RFC 9457); empty where it is none."""
    body = answer.body
    if not isinstance(body, Mapping) or not ("title" in body or "type" in body or "code" in body):
        return "", ""
    code = _text(body.get("code")) or _text(body.get("type")).rpartition("/")[2]
    message = _text(body.get("detail")) or _text(body.get("title"))
    return code or f"http_{answer.status}", message or f"status {answer.status}"


def _text(value: object) -> str:
    """Cut to a storable size; half a surrogate, which UTF-8 can't carry, is replaced."""
    if not isinstance(value, str):
        return ""
    return value[:_LONGEST_TEXT].encode("utf-8", "replace").decode()
