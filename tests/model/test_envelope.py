"""The CloudEvents envelope, and the ids in it."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import clock
from agent.model import envelope
from agent.model.delivery import Event

AT = datetime(2026, 11, 23, 20, 22, 51, 123456, UTC)
ID = envelope.event_id(AT, 5)
EVENT = Event(
    sequence=1_795_465_371_000_000,
    id=ID,
    type="retail.order.snapshot.v1",
    subject="order/1022",
    lane="order/1022",
    topic="order.updated",
    received_at=AT,
    changed_at=AT - timedelta(seconds=8),
    attempts=2,
    replay=False,
    body=b"{}",
)
_bits = st.integers(0, 2**74 - 1)
_moments = st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(_moments, _bits)
def test_an_event_id_is_a_uuid_of_version_7(at: datetime, bits: int) -> None:
    text = envelope.event_id(at, bits)
    made = uuid.UUID(text)
    assert str(made) == text
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == clock.micros(at) // 1000
    assert (made.int >> 64 & 0xFFF, made.int & 2**62 - 1) == (bits >> 62, bits & 2**62 - 1)


@given(_moments, _bits, _bits)
def test_ids_are_ordered_by_time(at: datetime, one: int, other: int) -> None:
    later = at + timedelta(milliseconds=1)
    assert envelope.event_id(at, one) < envelope.event_id(later, other)


@given(_moments, _bits)
def test_a_trace_context_is_well_formed_and_the_same_for_every_repeat(
    at: datetime, bits: int
) -> None:
    event_id = envelope.event_id(at, bits)
    found = re.fullmatch("00-([0-9a-f]{32})-([0-9a-f]{16})-01", envelope.traceparent(event_id))
    assert found
    assert found[1] == uuid.UUID(event_id).hex
    assert int(found[1], 16)
    assert int(found[2], 16)  # all zeroes would be invalid


@given(st.lists(st.integers(0, 2**63 - 1)))
def test_sequences_compare_as_text_as_they_do_as_numbers(numbers: list[int]) -> None:
    texts = [envelope.sequence_text(number) for number in numbers]
    assert {len(text) for text in texts} <= {19}
    assert sorted(texts) == [envelope.sequence_text(number) for number in sorted(numbers)]


def test_a_whole_envelope() -> None:
    made = envelope.make(EVENT, store_id="brand-de")
    assert json.loads(envelope.encode(made, b'{"id":"order/1022"}')) == {
        "specversion": "1.0",
        "id": ID,
        "source": "urn:woo-agent:store:brand-de",
        "type": "retail.order.snapshot.v1",
        "subject": "order/1022",
        "time": "2026-11-23T20:22:43.123456Z",
        "datacontenttype": "application/json",
        "dataschema": "urn:woo-agent:schema:retail.order.snapshot.v1",
        "sequence": "0001795465371000000",
        "recordedtime": "2026-11-23T20:22:51.123456Z",
        "correlationid": "order/1022",
        "traceparent": envelope.traceparent(ID),
        "data": {"id": "order/1022"},
    }


@pytest.mark.parametrize(
    ("change", "attribute", "value"),
    [
        ({"changed_at": None}, "time", "2026-11-23T20:22:51.123456Z"),
        ({"type": "woocommerce.action.woocommerce_x.v1"}, "dataschema", None),
        ({"replay": True}, "replay", True),
        ({}, "replay", None),
        ({"erased": True}, "erased", True),
        ({}, "erased", None),
        ({"lane": "order/1", "subject": "refund/2"}, "correlationid", "order/1"),
    ],
)
def test_attributes_that_depend(change: dict[str, Any], attribute: str, value: object) -> None:
    made = envelope.make(replace(EVENT, **change), store_id="brand-de")
    assert made.get(attribute) == value


@given(st.dictionaries(st.text(st.characters()), st.text(st.characters()) | st.integers()))
def test_every_text_can_be_sent_even_half_a_surrogate(data: dict[str, Any]) -> None:
    made = envelope.make(EVENT, store_id="brand-de")
    sent = envelope.encode(made, envelope.encode_data(data))
    assert sent.isascii()
    assert json.loads(sent) == made | {"data": data}


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_batch_is_a_json_array_of_its_events(count: int) -> None:
    events = [{"id": f"{n}"} for n in range(count)]
    assert json.loads(envelope.batch([envelope.encode_data(event) for event in events])) == events
