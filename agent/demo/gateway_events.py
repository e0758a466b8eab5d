"""How the gateway stand-in takes a batch of events: read, check, store, answer."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from agent.demo import gateway_checks
from agent.demo.gateway_faults import Event, EventFault, Faults, Treatment
from agent.demo.gateway_problem import Problem
from agent.demo.journal import Sent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.demo.journal import Entry, Journal

Result = dict[str, Any]


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
_OPENING = re.compile(r"[ \t\n\r]*\[[ \t\n\r]*")
_COMMA = re.compile(r"[ \t\n\r]*,[ \t\n\r]*")
_CLOSING = re.compile(r"[ \t\n\r]*\][ \t\n\r]*")


def parsed(body: bytes) -> list[Sent]:
    """The JSON array of a request; Problem if it is none."""
    try:
        text = body.decode()
        opening = _OPENING.match(text)
        if opening is None:
            _DECODER.decode(text)
        else:
            return list(_elements(text, opening.end()))
    except (ValueError, RecursionError) as error:
        raise Problem(400, "invalid_json", str(error)) from error
    raise Problem(400, "not_a_batch", "expected a JSON array of events")


def _elements(text: str, at: int) -> Iterator[Sent]:
    """Those of the array that was opened before ``at``; each is later stored as it came, which is
    cheaper than writing it anew."""
    if _CLOSING.fullmatch(text, at):
        return
    while True:
        event, end = _DECODER.raw_decode(text, at)
        yield Sent(event, text[at:end])
        if _CLOSING.fullmatch(text, end):
            return
        comma = _COMMA.match(text, end)
        if comma is None:
            raise ValueError(f"expected a comma or the end of the array at char {end}")
        at = comma.end()


def take(
    journal: Journal, faults: Faults, store: str, batch: Sequence[Sent], accepted_at: str
) -> dict[str, Any]:
    """Stores what is in order and is not meant to be refused; the answer's document."""
    results: list[Result | None] = []
    good: list[Sent] = []
    omitted: set[int] = set()
    for sent in batch:
        event = sent.event
        wrong = gateway_checks.complaint(event, store)
        fault = faults.treatment(event) if wrong is None else None
        if wrong is not None:
            results.append(_rejected_as_invalid(event, wrong))
        elif fault is None or fault.treatment is Treatment.OMIT:
            if fault is not None:
                omitted.add(len(results))
            results.append(None)
            good.append(sent)
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


def _stored(sent: Sent, entry: Entry) -> Result:
    return {
        "id": sent.event["id"],
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
