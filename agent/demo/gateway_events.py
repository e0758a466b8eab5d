"""How the gateway stand-in takes a batch of events: read, check, store, answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agent.demo import gateway_checks
from agent.demo.gateway_faults import Event, EventFault, Faults, Treatment
from agent.demo.gateway_problem import Problem

if TYPE_CHECKING:
    from agent.demo.journal import Entry, Journal

Result = dict[str, Any]


def parsed(body: bytes) -> list[Any]:
    """The JSON array of a request; Problem if it is none."""
    try:
        batch = json.loads(body, parse_constant=_refuse_constant)
    except ValueError as error:
        raise Problem(400, "invalid_json", str(error)) from error
    if not isinstance(batch, list):
        raise Problem(400, "not_a_batch", "expected a JSON array of events")
    return batch


def take(
    journal: Journal, faults: Faults, store: str, batch: list[Any], accepted_at: str
) -> dict[str, Any]:
    """Stores what is in order and is not meant to be refused; the answer's document."""
    results: list[Result | None] = []
    good: list[Event] = []
    omitted: set[int] = set()
    for event in batch:
        wrong = gateway_checks.complaint(event, store)
        fault = faults.treatment(event) if wrong is None else None
        if wrong is not None:
            results.append(_rejected_as_invalid(event, wrong))
        elif fault is None or fault.treatment is Treatment.OMIT:
            if fault is not None:
                omitted.add(len(results))
            results.append(None)
            good.append(event)
        else:
            results.append(_treated(event, fault))
    entries, journal_id, head = journal.append(store, good, accepted_at)
    stored = map(_stored, good, entries)
    answered = [next(stored) if result is None else result for result in results]
    return {
        "results": [result for at, result in enumerate(answered) if at not in omitted],
        "journal": journal_id,
        "head_position": head,
    }


def _stored(event: Event, entry: Entry) -> Result:
    return {
        "id": event["id"],
        "status": "duplicate" if entry.duplicate else "accepted",
        "position": entry.position,
        "accepted_at": entry.accepted_at,
    }


def _rejected_as_invalid(event: Any, wrong: str) -> Result:
    event_id = event.get("id") if isinstance(event, dict) else None
    return {"id": event_id, "status": "rejected", "code": "invalid", "message": wrong}


def _treated(event: Event, fault: EventFault) -> Result:
    return {
        "id": event["id"],
        "status": fault.treatment.value,
        "code": fault.code,
        "message": fault.message,
    }


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
