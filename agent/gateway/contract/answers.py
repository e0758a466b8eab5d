"""What the agent does with each answer to a batch of events: the contract's table. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Does(StrEnum):
    """The kinds of reaction."""

    SETTLES = "settles"  # event by event, as the results say
    HALVES = "halves"  # until the guilty event is alone; that one is a dead letter
    AGAIN = "again"  # later, for as long as it takes
    STOPS = "stops"  # until a probe a minute is let through
    PROBES = "probes"  # with an empty batch, to find out which of the two above it is


class Row(NamedTuple):
    """``status`` as OpenAPI has it (``400``, ``5XX``, ``default``); ``problem``: the answer has to
    be the contract's error, else it counts as ``default``."""

    status: str
    name: str
    does: Does
    text: str
    problem: bool = False
    retry_after: bool = False


_BLAMED = (
    "The batch is halved until the guilty event is alone; that one is a dead letter with your code"
    " and message, the others go on. Three in a row with nothing accepted between: you are broken,"
    " not the events; sending stops and is probed."
)
_AGAIN = (
    "All of it is sent again with growing pauses, `Retry-After` (seconds or a date) is honoured."
    " Nothing is given up or dropped."
)
_STOPS = "Not the events' fault: sending stops, a person is told, a probe goes out once a minute."

TABLE = (
    Row(
        "200",
        "Taken: a result per event",
        Does.SETTLES,
        "`accepted` and `duplicate` settle the event, `rejected` makes it a dead letter with your"
        " code and message, `deferred` (and an event that is missing) is sent again later. A 2xx"
        " without `results` is a broken answer: all of it is sent again.",
    ),
    Row("400", "The body is broken", Does.HALVES, _BLAMED, problem=True),
    Row("401", "The token is wrong", Does.STOPS, _STOPS),
    Row(
        "403",
        "Not allowed",
        Does.PROBES,
        "The agent sends an empty batch. Refused too: as 401. Let through: something on the way (a"
        " firewall) dislikes one of the bodies, and the batch is halved as for 413.",
    ),
    Row("404", "Nobody is there", Does.STOPS, _STOPS),
    Row("408", "You waited too long for the body", Does.AGAIN, _AGAIN, retry_after=True),
    Row(
        "409",
        "`another_instance`: a newer agent speaks for this store",
        Does.STOPS,
        "This one is a clone: both of its lines stop, a person is told, and a probe goes out once a"
        " minute.",
    ),
    Row("410", "Gone", Does.STOPS, _STOPS),
    Row(
        "413",
        "The batch is too large",
        Does.HALVES,
        "The batch is halved, and the size is learned; a lone event that is too large is a dead"
        " letter. No JSON is needed: proxies say this too.",
    ),
    Row("422", "The body does not fit", Does.HALVES, _BLAMED, problem=True),
    Row("425", "Too early", Does.AGAIN, _AGAIN, retry_after=True),
    Row("429", "Too many requests", Does.AGAIN, _AGAIN, retry_after=True),
    Row(
        "5XX",
        "You are not well; 503 with `Retry-After` is announced maintenance",
        Does.AGAIN,
        f"{_AGAIN} After a 500 it tries halves, to find one event that you fail on.",
        retry_after=True,
    ),
    Row(
        "default",
        "Anything else: redirects, 402, 405, 406, 415, a 400 or 422 without the contract's error",
        Does.STOPS,
        f"{_STOPS} A redirect is not followed.",
    ),
)


def markdown() -> str:
    """The table as the README has it."""
    lines = ["| you answer | which means | the agent |", "|---|---|---|"]
    lines += [
        f"| {row.status}{' with a problem' if row.problem else ''} | {row.name} | {row.text} |"
        for row in TABLE
    ]
    return "\n".join(lines)
