"""What the gateway is told of updates, and of our health."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agent import clock
from agent.gateway.conformance import answers, sample
from agent.gateway.conformance.verdict import Check, NotOffered, must

if TYPE_CHECKING:
    from agent.gateway.conformance.session import Session
    from agent.model.delivery import Answer


TAKEN = "results"


def judge_results(answer: Answer) -> None:
    """A captive portal says 200 too, in HTML."""
    is_taken = answer.status == 204 or (
        answer.status in (200, 201, 202) and isinstance(answer.body, Mapping)
    )
    must(is_taken, f"answered {answers.told(answer)}")


def judge_heartbeat(answer: Answer) -> None:
    """Optional."""
    if answer.status == 404:
        raise NotOffered("404: it takes no heartbeats")
    must(answer.status is not None and 200 <= answer.status < 300, answers.told(answer))


def result(session: Session, n: int, status: str) -> dict[str, Any]:
    """What became of an update that the gateway never sent."""
    return {
        "id": f"{session.store_id}-unknown",
        "sku": sample.SKU,
        "kind": "stock",
        "version": 1,
        "n": n,
        "status": status,
        "code": "unknown_sku",
        "message": "conformance check",
        "store": None,
        "before": None,
        "at": clock.iso(session.clock.now()),
    }


async def _results(session: Session) -> None:
    judge_results(await session.agent.post_results([result(session, 1, "waiting")]))


async def _again(session: Session) -> None:
    both = [result(session, 2, "rejected"), result(session, 1, "waiting")]
    for results in (both, both):
        judge_results(await session.agent.post_results(results))


async def _heartbeat(session: Session) -> None:
    judge_heartbeat(await session.agent.put_heartbeat({"status": "pass"}))


CHECKS = (
    Check(
        TAKEN,
        "Results are taken with 204, or 200 to 202 and a JSON object, also those of an update that"
        " the gateway does not know (any more).",
        _results,
    ),
    Check(
        "results again",
        "Results come at least once, and a lower n may come after a higher one: both are taken, and"
        " change nothing.",
        _again,
        TAKEN,
    ),
    Check(
        "heartbeat",
        "PUT /v1/stores/{store}/heartbeat takes the health document with a 2xx; 404 switches it"
        " off.",
        _heartbeat,
    ),
)
