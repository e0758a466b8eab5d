"""What an answer says, or Unmet where it can't be read as the contract has it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agent.gateway.conformance.verdict import Unmet, must

if TYPE_CHECKING:
    from agent.model.delivery import Answer

Event = Mapping[str, Any]
Result = Mapping[str, Any]


def told(answer: Answer) -> str:
    """The answer in a few words."""
    if answer.status is None:
        return f"no answer ({answer.failure}: {answer.excerpt})"
    return f"{answer.status}: {answer.excerpt[:120] or 'without a body'}"


def document(answer: Answer) -> Mapping[str, Any]:
    """The JSON object of a 200."""
    must(answer.status == 200, f"answered {told(answer)}")
    if not isinstance(answer.body, Mapping):
        raise Unmet(f"no JSON object, but {told(answer)}")
    return answer.body


def results(answer: Answer, events: Sequence[Event]) -> list[Result]:
    """The result of each of these events, in their order."""
    found = document(answer).get("results")
    if not isinstance(found, list):
        raise Unmet(f"no list of results, but {told(answer)}")
    named = {str(result.get("id")): result for result in found if isinstance(result, Mapping)}
    for event in events:
        must(event["id"] in named, f"the results say nothing of event {event['id']}")
    return [named[event["id"]] for event in events]


def taken(answer: Answer, events: Sequence[Event], *statuses: str) -> list[Result]:
    """Their results, each of which has one of these statuses (``accepted``)."""
    found = results(answer, events)
    for result in found:
        status = result.get("status")
        must(status in (statuses or ("accepted",)), f"status {status!r}{_reason(result)}")
    return found


def position(result: Result) -> int | None:
    """The journal number, None where the gateway gives none."""
    given = result.get("position")
    must(given is None or _is_number(given), f"position {given!r} is no whole number")
    return given


def head_position(answer: Answer) -> int | None:
    """The highest position, None where the gateway does not tell it."""
    given = document(answer).get("head_position")
    must(given is None or _is_number(given), f"head_position {given!r} is no whole number")
    return given


def is_moment(value: object) -> bool:
    """An RFC 3339 time with a zone."""
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def is_contract_error(answer: Answer) -> bool:
    """A JSON object by which the agent knows that the gateway itself speaks, and not a proxy."""
    return isinstance(answer.body, Mapping) and bool({"type", "title", "code"} & answer.body.keys())


def code(answer: Answer) -> str:
    """The stable word of the contract's JSON error."""
    if not isinstance(answer.body, Mapping):
        return ""
    named = answer.body.get("code") or str(answer.body.get("type", "")).rpartition("/")[2]
    return str(named)


def _is_number(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _reason(result: Result) -> str:
    words = [str(result[name]) for name in ("code", "message") if result.get(name)]
    return f" ({': '.join(words)})" if words else ""
