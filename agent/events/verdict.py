"""From the gateway's answer to what happens next: the answer table of the protocol, pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from agent.gateway import protocol
from agent.gateway.protocol import Result
from agent.model.delivery import Accepted, Again, Answer, Dead, Outcome

DEFERRED_S = 30.0
REJECTED_S = 600.0
MOST_DEAD_IN_A_ROW = 3
REJECTING_EVERYTHING = "rejecting_everything"
_TRANSIENT = frozenset({408, 425, 429})


Outcomes = Mapping[str, Outcome]
"""By event id."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The gateway said something about each event, by id."""

    outcomes: Outcomes


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


@dataclass(frozen=True, slots=True)
class Forbidden:
    """403: a probe with nothing in it tells whether we are refused, or one of these bodies."""

    dead: Dead


Decision = Settled | Guilty | Unavailable | Forbidden


def decide(answer: Answer, ids: Collection[str], *, accept_empty: bool) -> Decision:
    """What an answer to a batch with these event ids means."""
    status = answer.status
    if status is None:
        return Unavailable(
            answer.failure, answer.excerpt or "no answer", refused=answer.failure == "tls"
        )
    if 200 <= status < 300:
        return _taken(answer, ids, accept_empty=accept_empty)
    code, message = protocol.problem(answer) or ("", "")
    if status == 403:
        return Forbidden(Dead(code or "http_403", message or f"403: {answer.excerpt}"))
    if status == 413:
        return Guilty(Dead(code or "too_large", message or "413: too large"))
    if status in (400, 422):
        if code:
            return Guilty(Dead(code, message))
        return Unavailable(REJECTING_EVERYTHING, f"{status}: {answer.excerpt}", refused=True)
    text = message or f"{status}: {answer.excerpt}"
    if status in _TRANSIENT or status >= 500:
        return Unavailable(code or f"http_{status}", text, answer.retry_after_s)
    return Unavailable(code or f"http_{status}", text, refused=True)


def is_doubtful(answer: Answer) -> bool:
    """Whether the gateway may have taken what that answer does not confirm. It has not where it
    could not be reached, and where it refused the request."""
    if answer.status is None:
        return answer.failure not in ("unreachable", "tls")
    return answer.status < 300 or answer.status >= 500


def after_probe(answer: Answer, forbidden: Forbidden) -> Guilty | Unavailable:
    """What 403 meant, given the answer to an empty batch: let through, something on the way (a
    firewall) dislikes one of the bodies; refused too, it dislikes us."""
    decision = decide(answer, (), accept_empty=True)
    if isinstance(decision, Settled):
        return Guilty(forbidden.dead)
    if isinstance(decision, Unavailable) and not decision.refused:
        return decision
    return Unavailable(forbidden.dead.code, forbidden.dead.message, refused=True)


def restrained(outcomes: Outcomes, dead_in_a_row: int) -> tuple[Outcomes, int]:
    """The outcomes to write down, and how many were dead-lettered in a row since the last
    acceptance.

    A gateway that rejects everything is broken, the events are not: after three dead letters with
    nothing accepted between, no more are made; what it rejects then waits and is sent again.
    """
    if any(isinstance(outcome, Accepted) for outcome in outcomes.values()):
        return outcomes, 0
    # A probe that was rejected makes room for another one: it may be the guilty one itself.
    wait_s = REJECTED_S if dead_in_a_row >= MOST_DEAD_IN_A_ROW else 0.0
    kept: dict[str, Outcome] = {}
    for event_id, outcome in outcomes.items():
        if isinstance(outcome, Dead):
            if dead_in_a_row >= MOST_DEAD_IN_A_ROW:
                outcome = Again(outcome.code, outcome.message, wait_s)
            else:
                dead_in_a_row += 1
        kept[event_id] = outcome
    return kept, dead_in_a_row


def _taken(answer: Answer, ids: Collection[str], *, accept_empty: bool) -> Decision:
    results = protocol.results(answer)
    if results is not None:
        return Settled(_outcomes(results, ids))
    if accept_empty:
        return Settled(dict.fromkeys(ids, Accepted()))
    return Unavailable(
        protocol.BROKEN_ANSWER,
        f"{answer.status} without results: {answer.why_not or answer.excerpt}",
        answer.retry_after_s,
    )


def _outcomes(results: Sequence[Result], ids: Collection[str]) -> dict[str, Outcome]:
    """An id that is missing counts as deferred."""
    told = {result.id: result for result in results}
    return {event_id: _outcome(told[event_id]) if event_id in told else _UNTOLD for event_id in ids}


_UNTOLD = Again("deferred", "the gateway did not say what became of it", DEFERRED_S, doubtful=True)


def _outcome(result: Result) -> Outcome:
    match result.status:
        case "accepted" | "duplicate" as status:
            return Accepted(result.position, result.accepted_at, duplicate=status == "duplicate")
        case "rejected":
            return Dead(result.code or "rejected", result.message or "the gateway rejected it")
        case status:
            message = result.message or "the gateway deferred it"
            return Again(
                result.code or "deferred", message, DEFERRED_S, doubtful=status != "deferred"
            )
