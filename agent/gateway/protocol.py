"""The only reader of what a gateway says: results, problems, journal, pages, its description. Pure.

Every field is bounded here, so that it can be stored, sent back, logged and printed; one that can't
be read counts as not said. An answer that is not what was asked for is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from agent.model import foreign
from agent.model.delivery import Answer

BROKEN_ANSWER = "broken_answer"
ANOTHER_INSTANCE = "another_instance"
CURSOR_UNKNOWN = "cursor_unknown"
LONGEST_CURSOR = 1000
LONGEST_TYPE = 200
HIGHEST = 2**63 - 1
"""What SQLite can store."""

_HIGHEST_SEQUENCE = 2**62 - 1  # there is room for ours above it


class Problem(NamedTuple):
    """The contract's JSON error (RFC 9457)."""

    code: str
    message: str


class Journal(NamedTuple):
    """The name of the gateway's journal, as ``foreign.name`` gives it, and its highest position."""

    name: str
    head_position: int | None


@dataclass(frozen=True, slots=True)
class Result:
    """What the gateway did with one event; empty or None for what it did not say."""

    id: str
    status: str
    position: int | None
    accepted_at: str | None
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Page:
    """Items of the feed, any JSON values, and the place behind them."""

    items: list[Any]
    cursor: str


@dataclass(frozen=True, slots=True)
class Description:
    """What the gateway takes, and the last number that it has of the store.

    ``accepts``: types of events, one that ends in ``*`` stands for all that begin so; None is all.
    """

    accepts: frozenset[str] | None = None
    max_batch_bytes: int | None = None
    last_sequence: int | None = None


def results(answer: Answer) -> list[Result] | None:
    """What became of events, for as many as the gateway names."""
    told = _object(answer).get("results")
    if not isinstance(told, list):
        return None
    return [
        _result(one["id"], one)
        for one in told
        if isinstance(one, Mapping) and isinstance(one.get("id"), str)
    ]


def problem(answer: Answer) -> Problem | None:
    """The error, if it is one of the contract and not, say, that of a proxy."""
    body = _object(answer)
    if not {"title", "type", "code"} & body.keys():
        return None
    code = foreign.line(body.get("code")) or foreign.line(body.get("type")).rpartition("/")[2]
    message = foreign.line(body.get("detail")) or foreign.line(body.get("title"))
    return Problem(code or f"http_{answer.status}", message or f"status {answer.status}")


def conflict(answer: Answer) -> str:
    """The code of a 409, such as ``another_instance`` or ``cursor_unknown``; else empty."""
    told = problem(answer) if answer.status == 409 else None
    return told.code if told else ""


def journal(answer: Answer) -> Journal | None:
    """The gateway's journal, if the answer names it."""
    body = _object(answer)
    name = foreign.name(body.get("journal"))
    return Journal(name, _number(body.get("head_position"))) if name else None


def page(answer: Answer) -> Page | None:
    """A page of the feed. It may lack a cursor only where it has no items."""
    body = _object(answer)
    items, cursor = body.get("updates"), body.get("cursor")
    if answer.status != 200 or not isinstance(items, list):
        return None
    if cursor is None and not items:
        return Page(items, "")
    if not (isinstance(cursor, str) and cursor.isprintable() and len(cursor) <= LONGEST_CURSOR):
        return None
    return Page(items, cursor)


def description(answer: Answer) -> Description | None:
    """What the gateway says of itself; an empty list of types counts as not said."""
    if answer.status != 200 or not isinstance(answer.body, Mapping):
        return None
    accepts, last = answer.body.get("accepts"), answer.body.get("last_sequence")
    types = accepts if isinstance(accepts, list) else []
    named = frozenset(one for one in types if isinstance(one, str) and len(one) <= LONGEST_TYPE)
    if isinstance(last, str) and last.isascii() and last.isdigit() and len(last) <= 19:
        last = int(last)
    return Description(
        named or None,
        _number(answer.body.get("max_batch_bytes")) or None,
        _number(last, _HIGHEST_SEQUENCE),
    )


def acknowledges(answer: Answer) -> bool:
    """Whether it has what was posted. A captive portal says 200 too, in HTML."""
    if answer.status == 204:
        return True
    return answer.status in (200, 201, 202) and isinstance(answer.body, Mapping)


def _result(event_id: str, told: Mapping[str, Any]) -> Result:
    status = told.get("status")
    return Result(
        event_id,
        status if isinstance(status, str) else "",
        _number(told.get("position")),
        foreign.line(told.get("accepted_at")) or None,
        foreign.line(told.get("code")),
        foreign.line(told.get("message")),
    )


def _object(answer: Answer) -> Mapping[str, Any]:
    return answer.body if isinstance(answer.body, Mapping) else {}


def _number(value: object, highest: int = HIGHEST) -> int | None:
    return value if type(value) is int and 0 <= value <= highest else None
