"""The CloudEvents 1.0 envelope in which an event travels (gateway protocol v1)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agent import clock

if TYPE_CHECKING:
    from datetime import datetime

    from agent.model.delivery import Event

SPEC_VERSION = "1.0"
BATCH_CONTENT_TYPE = "application/cloudevents-batch+json"
_ENCODER = json.JSONEncoder(separators=(",", ":"))


def event_id(received_at: datetime, random_bits: int) -> str:
    """A UUIDv7 (RFC 9562, 5.7): 48 bits of Unix milliseconds, 74 of the given random bits."""
    milliseconds = clock.micros(received_at) // 1000
    high = (milliseconds & (1 << 48) - 1) << 16 | 0x7000 | random_bits >> 62 & 0xFFF
    low = 0b10 << 62 | random_bits & (1 << 62) - 1
    digits = f"{high << 64 | low:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def source(store_id: str) -> str:
    """Names the store for good: domains move, this stays."""
    return f"urn:woo-agent:store:{store_id}"


def sequence_text(sequence: int) -> str:
    """Zero-padded to 19 digits, so that text compares as numbers do."""
    return f"{sequence:019d}"


def traceparent(event_id: str) -> str:
    """W3C trace context, derived from the event id: every repeat belongs to the same trace."""
    digits = event_id.replace("-", "")
    return f"00-{digits}-{digits[16:]}-01"


def make(event: Event, *, store_id: str) -> dict[str, Any]:
    """The event as it is sent, but for its data."""
    envelope: dict[str, Any] = {
        "specversion": SPEC_VERSION,
        "id": event.id,
        "source": source(store_id),
        "type": event.type,
        "subject": event.subject,
        "time": clock.iso(event.changed_at or event.received_at),
        "datacontenttype": "application/json",
        "sequence": sequence_text(event.sequence),
        "recordedtime": clock.iso(event.received_at),
        "correlationid": event.lane,
        "traceparent": traceparent(event.id),
    }
    if event.type.startswith("retail."):
        envelope["dataschema"] = f"urn:woo-agent:schema:{event.type}"
    if event.cause:
        envelope["causationid"] = event.cause
    if event.conflict:
        envelope["conflict"] = True
    if event.backfill:
        envelope["backfill"] = True
    if event.erased:
        envelope["erased"] = True
    if event.replay:
        envelope["replay"] = True
    return envelope


def encode(envelope: dict[str, Any], data: bytes) -> bytes:
    """The whole event as compact JSON; ``data`` is JSON already."""
    return encode_data(envelope)[:-1] + b',"data":' + data + b"}"


def encode_data(data: Any) -> bytes:
    """Compact JSON, escaped to ASCII: half a surrogate in a name must not stop an order."""
    return _ENCODER.encode(data).encode()


def batch(encoded: list[bytes]) -> bytes:
    """A JSON array of already encoded events: no event is encoded twice when a batch is halved."""
    return b"[" + b",".join(encoded) + b"]"
