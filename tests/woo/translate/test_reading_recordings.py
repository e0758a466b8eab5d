"""What every recorded webhook says of itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from agent.model import content
from agent.model.deleted import Deleted
from agent.model.delivery import Reading, Verdict, Webhook
from agent.model.stock import HeldLine
from agent.model.types import TYPES
from agent.woo.translate import reading
from agent.woo.translate.rules import Rules
from tests import recordings

HOMES = frozenset({reading.home(recordings.SOURCE)})
ORDER, CUSTOMER, PRODUCT, COUPON = "order", "customer", "product", "coupon"

# number: (resource, id), for all but the ping (0) and the error objects (42, 43)
_SNAPSHOTS = {
    **dict.fromkeys((2,), (CUSTOMER, 2)),
    **dict.fromkeys((3, 4), (PRODUCT, 1021)),
    **dict.fromkeys((7, 16, 21, 23, 24, 38), (PRODUCT, 10)),
    **dict.fromkeys((8, 39), (PRODUCT, 11)),
    **dict.fromkeys((9, 40), (PRODUCT, 12)),
    **dict.fromkeys((10, 17, 41), (PRODUCT, 13)),
    **dict.fromkeys((11,), (PRODUCT, 14)),
    **dict.fromkeys((12, 13, 27, 30), (CUSTOMER, 3)),
    **dict.fromkeys((14, 15, 25, 26, 28), (ORDER, 1022)),
    **dict.fromkeys((18, 19, 20, 22), (ORDER, 1023)),
    **dict.fromkeys((31, 32, 33, 34, 37), (PRODUCT, 1026)),
}
_DELETIONS = {
    1: (ORDER, 1018),
    5: (COUPON, 1021),
    6: (PRODUCT, 1021),
    29: (ORDER, 1023),
    35: (COUPON, 1026),
    36: (PRODUCT, 1026),
}
# number: units that the lines of the order commit; WooCommerce holds as many
_UNITS = {
    **dict.fromkeys((14, 15), (2, 1)),
    **dict.fromkeys((25, 26, 28), (1, 1)),
    **dict.fromkeys((18, 19, 22), (0,)),
    **dict.fromkeys((20,), (3,)),
}
_LINES = {1022: ((12, 10, 0, "MUG-1"), (13, 13, 11, "SHIRT-M")), 1023: ((18, 10, 0, "MUG-1"),)}
_REFUNDS = (("refund/1024", b"10.00"), ("refund/1025", b"46.41"))
_PRIORITY = {ORDER: 0, CUSTOMER: 1, PRODUCT: 3, COUPON: 4}


def read(body: bytes, topic: str, source: str = "") -> Reading:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    return reading.read(Webhook(at, topic, source, "3", "d", body), HOMES)


def recorded(number: int) -> Reading:
    hook = recordings.webhook(number)
    return read(hook.body, hook.topic, hook.headers.get("X-WC-Webhook-Source", ""))


def test_every_recording_is_in_the_table() -> None:
    numbers = {hook.number for hook in recordings.webhooks()}
    assert numbers == {0, 42, 43} | set(_SNAPSHOTS) | set(_DELETIONS)


@pytest.mark.parametrize("number", _SNAPSHOTS)
def test_recorded_snapshots(number: int) -> None:
    resource, subject_id = _SNAPSHOTS[number]
    subject = f"{resource}/{subject_id}"
    said = recorded(number)
    body = recordings.webhook(number).json()
    changed, created = body["date_modified_gmt"], body["date_created_gmt"] + "+00:00"
    lines = zip(_LINES.get(subject_id, ()), _UNITS.get(number, ()), strict=True)
    assert said == Reading(
        type=f"retail.{resource}.snapshot.v1",
        subject=subject,
        lane=subject,
        priority=_PRIORITY[resource],
        changed_at=datetime.fromisoformat(changed + "+00:00"),
        digest=said.digest,
        figures=said.figures,
        resource=resource,
        created_at=datetime.fromisoformat(created) if resource == ORDER else None,
        lines=tuple(HeldLine(*line, units, units) for line, units in lines),
        refunds=_REFUNDS[: len(body["refunds"])] if resource == ORDER else (),
        product=said.product,
        stock=said.stock,
        inventory=said.inventory,
        data=said.data,
    )
    assert TYPES[said.type].model_validate_json(said.data).model_dump()["id"] == subject
    assert said.digest
    assert (said.product is not None) is (resource == PRODUCT)
    assert bool(said.figures) is (resource in (PRODUCT, ORDER))


@pytest.mark.parametrize("number", _DELETIONS)
def test_recorded_deletions(number: int) -> None:
    resource, subject_id = _DELETIONS[number]
    subject = f"{resource}/{subject_id}"
    assert recorded(number) == Reading(
        type=f"retail.{resource}.deleted.v1",
        subject=subject,
        lane=subject,
        priority=_PRIORITY[resource],
        digest=b"deleted",
        resource=resource,
        deletion=True,
        data=content.encoded(
            Deleted(id=subject, resource=resource, resource_id=subject_id),
        ),
    )


@pytest.mark.parametrize("number", [42, 43])
def test_recorded_error_objects(number: int) -> None:
    why = "the store has no such order any more (404): there is nothing left to tell"
    gone = Reading(verdict=Verdict.ERROR_BODY, resource=ORDER, reason=why, gone=True)
    assert recorded(number) == gone


def test_the_recorded_ping_is_no_event() -> None:
    assert recorded(0) == Reading(untranslatable="body: is not JSON")


@pytest.mark.parametrize("pair", [(3, 4), (12, 13), (14, 15), (18, 19), (16, 23), (8, 39)])
def test_recordings_of_the_same_state_have_the_same_digest(pair: tuple[int, int]) -> None:
    """Created and updated at once; stock taken and given back; saved without a change."""
    one, other = map(recorded, pair)
    assert (one.digest, one.figures) == (other.digest, other.figures)


@pytest.mark.parametrize("pair", [(7, 16), (19, 20), (20, 22), (25, 26), (26, 28), (32, 33)])
def test_recordings_of_another_state_have_another_digest(pair: tuple[int, int]) -> None:
    one, other = map(recorded, pair)
    assert one.subject == other.subject
    assert (one.digest, one.figures) != (other.digest, other.figures)


def _content(body: dict[str, object], topic: str) -> tuple[bytes, bytes]:
    said = read(json.dumps(body).encode(), topic)
    return said.digest, said.figures


def test_what_changes_by_itself_does_not_change_the_digest_and_the_stock_does() -> None:
    body = recordings.webhook(7).json()
    digest, figures = _content(body, "product.updated")
    for key in ("related_ids", "price_html", "total_sales", "_links", "meta_data"):
        assert key in body
        assert _content(body | {key: "other"}, "product.updated") == (digest, figures), key
    later = body | {"date_modified": "2027-01-01T00:00:00", "date_modified_gmt": None}
    assert _content(later, "product.updated") == (digest, figures)
    for key, value in (("name", "other"), ("status", "other"), ("low_stock_amount", 7)):
        other = _content(body | {key: value}, "product.updated")
        assert (other[0] != digest, other[1]) == (True, figures), key
    for key in ("stock_quantity", "regular_price", "date_on_sale_to_gmt", "stock_status"):
        other = _content(body | {key: "other"}, "product.updated")
        assert (other[0], other[1] != figures) == (digest, True), key


@pytest.mark.parametrize("number", [7, 12, 14])
def test_where_the_body_itself_is_sent_all_that_it_says_is_content(number: int) -> None:
    hook = recordings.webhook(number)

    def digest(rules: Rules, **changed: object) -> bytes:
        body = json.dumps(hook.json() | changed).encode()
        at = datetime(2026, 11, 24, tzinfo=UTC)
        return reading.read(Webhook(at, hook.topic, "", "3", "d", body), HOMES, rules).digest

    plugin = {"meta_data": [{"id": 1, "key": "_vat_number", "value": "DE1"}]}
    saved = {"date_modified_gmt": "2027-01-01T00:00:00", "date_modified": "x", "_links": {}}
    raw, told = Rules(raw=True), Rules(meta=frozenset({"_vat_number"}))
    assert digest(raw, **plugin) != digest(raw)
    assert digest(raw, **saved) == digest(raw)
    assert digest(Rules(), **plugin) == digest(Rules()) == digest(told)
    assert digest(told, **plugin) != digest(told)


def test_saving_an_order_without_a_change_does_not_change_its_digest() -> None:
    body = recordings.webhook(14).json()
    later = body | {
        "date_modified": "2027-01-01T00:00:00",
        "date_modified_gmt": "2027-01-01T00:00:00",
    }
    assert _content(later, "order.updated") == (recorded(14).digest, recorded(14).figures)
    assert _content(body | {"status": "completed"}, "order.updated")[0] != recorded(14).digest
