"""What a webhook says of itself, whatever was put in it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.model.delivery import Reading, Verdict, Webhook
from agent.model.stock import HeldLine
from agent.woo.translate import broken, fields, reading
from tests import recordings
from tests.woo.translate import json_depth

HOMES = frozenset({reading.home(recordings.SOURCE)})


def read(body: object, topic: str = "product.updated", source: str = recordings.SOURCE) -> Reading:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    at = datetime(2026, 11, 24, tzinfo=UTC)
    return reading.read(Webhook(at, topic, source, "3", "d", raw), HOMES)


@pytest.mark.parametrize(
    ("source", "homes", "ours"),
    [
        ("https://shop.example/", ["https://shop.example"], True),
        ("https://shop.example:443/de/", ["https://shop.example"], True),
        ("http://SHOP.example:80/", ["http://shop.example"], True),
        ("http://shop.example:8080/", ["http://shop.example:8080/wp"], True),
        ("https://www.shop.example/", ["https://shop.example", "https://www.shop.example"], True),
        ("", ["https://shop.example"], True),  # nothing was said
        ("https://staging.shop.example/", ["https://shop.example"], False),
        ("http://shop.example/", ["https://shop.example"], True),
        ("https://shop.example:8443/", ["https://shop.example"], False),
        ("shop.example", ["https://shop.example"], False),
        ("https://shop.example:port/", ["https://shop.example"], False),
        ("http://[shop/", ["https://shop.example"], False),
    ],
)
def test_a_clone_of_the_store_is_told_by_host_and_port(
    source: str, homes: list[str], ours: bool
) -> None:
    hook = Webhook(
        datetime(2026, 11, 24, tzinfo=UTC), "product.deleted", source, "", "", b'{"id":7}'
    )
    said = reading.read(hook, frozenset(map(reading.home, homes)))
    assert (said.verdict is not Verdict.FOREIGN_SOURCE) is ours
    assert (said == Reading(verdict=Verdict.FOREIGN_SOURCE)) is not ours


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "body: is not JSON"),
        (b"webhook_id=3", "body: is not JSON"),
        (b"\xff\xfe", "body: is not JSON"),
        (b'{"id": 7, "price": NaN}', "body: is not JSON"),
        (b'{"id": 7, "price": -Infinity}', "body: is not JSON"),
        (b'{"id": 7, "price": 1e999}', "body: is not JSON"),
        (b"[" * 100_000, "body: is not JSON"),
        (b'{"id": ' + b"9" * 5000 + b"}", "body: is not JSON"),
        (b"[]", "body: is not a JSON object"),
        (b"null", "body: is not a JSON object"),
        (b"{}", "id: is missing or not a positive integer"),
        *(
            (json.dumps({"id": odd}).encode(), "id: is missing or not a positive integer")
            for odd in (0, -7, "7", 7.0, True, None, [7])
        ),
    ],
)
def test_what_is_no_resource(body: bytes, why: str) -> None:
    """From the store it is an error, whatever its shape; what we read ourselves is of the version
    that we asked for, and must not pass unnoticed."""
    said = read(body)
    words = "the store sent something without an id in place of the product"
    assert said == Reading(verdict=Verdict.ERROR_BODY, resource="product", reason=words)
    at = datetime(2026, 11, 24, tzinfo=UTC)
    ours = Webhook(at, "product.updated", recordings.SOURCE, "rest", "1900", body)
    assert reading.read(ours, HOMES) == Reading(untranslatable=why)
    assert read(body, "action.woocommerce_x").verdict is None


def test_a_body_that_could_just_be_parsed_does_not_stop_the_judge() -> None:
    for depth in json_depth.about_the_deepest():
        said = read(json_depth.body(depth))
        assert said.digest or said.untranslatable or said.verdict is Verdict.ERROR_BODY


def test_an_order_that_can_not_be_translated_keeps_its_subject() -> None:
    body = recordings.webhook(14).json() | {"currency": None}
    said = read(body, "order.updated")
    why = said.untranslatable
    created_at = datetime(2026, 11, 23, 20, 22, 51, tzinfo=UTC)
    assert said == Reading(
        subject="order/1022",
        priority=0,
        resource="order",
        untranslatable=why,
        created_at=created_at,
    )
    assert "currency" in said.untranslatable


@pytest.mark.parametrize("status", ["checkout-draft", "auto-draft", "draft", "new"])
def test_a_checkout_that_is_no_order_yet(status: str) -> None:
    said = read({"id": 7, "status": status}, "order.updated")
    draft = Verdict.DRAFT
    assert said == Reading(subject="order/7", lane="order/7", resource="order", verdict=draft)
    assert read({"id": 7, "status": status}, "product.updated").verdict is None


@pytest.mark.parametrize(
    ("webhook_id", "delivery_id", "body", "read_after", "revives"),
    [
        ("rest", "1900", b'{"id": 7}', 1900, True),
        ("rest", "1900", b'{"id": 7, "status": "publish"}', 1900, True),
        ("rest", "1900", b'{"id": 7, "status": "trash"}', 1900, False),
        ("3", "1900", b'{"id": 7}', None, False),  # a webhook
        ("rest", "d", b'{"id": 7}', None, False),  # no such number was given
        ("rest", "9" * 5000, b'{"id": 7}', None, False),
        ("rest", "1900", b"[", None, False),
    ],
)
def test_a_body_that_we_read_ourselves_says_when_and_brings_back_what_is_not_in_the_trash(
    webhook_id: str, delivery_id: str, body: bytes, read_after: int | None, revives: bool
) -> None:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    hook = Webhook(at, "product.updated", recordings.SOURCE, webhook_id, delivery_id, body)
    said = reading.read(hook, HOMES)
    assert (said.read_after, said.revives) == (read_after, revives)


@pytest.mark.parametrize(
    ("topic", "resource"),
    [("coupon.updated", "coupon"), ("customer.created", "customer"), ("action.x", ""), ("", "")],
)
def test_an_error_object_names_the_kind_of_its_topic(topic: str, resource: str) -> None:
    said = read({"code": "x", "message": "no", "data": {"status": 404}}, topic)
    assert (said.verdict, said.resource, said.gone) == (Verdict.ERROR_BODY, resource, True)
    assert said.reason.startswith(f"the store has no such {resource or 'resource'} any more (404)")
    assert replace(said, verdict=None, resource="", reason="", gone=False) == Reading()


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (401, "the store sent an error (401) in place of the order"),
        (403, "the store sent an error (403) in place of the order"),
        (500, "the store sent an error (500) in place of the order"),
        ("404", "the store sent an error in place of the order"),
        (None, "the store sent an error in place of the order"),
    ],
)
def test_no_other_error_says_that_something_is_gone(status: object, why: str) -> None:
    said = read(
        {"code": "x", "message": "m@il.example", "data": {"status": status}}, "order.updated"
    )
    assert (said.verdict, said.gone, said.reason) == (Verdict.ERROR_BODY, False, why)


@pytest.mark.parametrize("resource", ["order", "product", "customer", "coupon"])
def test_a_body_of_the_legacy_api_is_a_broken_one(resource: str) -> None:
    said = read({resource: {"id": 7, "status": "processing"}}, f"{resource}.updated")
    why = f"a body of the legacy API in place of the {resource}"
    assert said == Reading(verdict=Verdict.ERROR_BODY, resource=resource, reason=why)
    assert read({"order": {"id": 7}}, "action.woocommerce_x").verdict is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_TOPICS_OF_RESOURCES = st.builds(
    "{}.{}".format,
    st.sampled_from(["order", "product", "customer", "coupon"]),
    st.sampled_from(["created", "updated", "deleted", "restored"]),
)


@given(
    _JSON
    | st.fixed_dictionaries({"code": st.text(), "message": st.text(), "data": _JSON})
    | st.fixed_dictionaries({"id": st.just(0) | st.just("7") | st.none(), "status": st.text()}),
    _TOPICS_OF_RESOURCES,
)
def test_no_body_without_the_id_of_its_resource_is_a_dead_letter(body: Any, topic: str) -> None:
    assume(not (isinstance(body, dict) and type(body.get("id")) is int and body["id"] > 0))
    said = read(body, topic)
    assert (said.verdict, said.untranslatable) == (Verdict.ERROR_BODY, "")
    assert (said.resource, said.deletion) == (topic.partition(".")[0], False)
    raw = json.dumps(body).encode()
    assert broken.is_its_webhooks_fault(said.resource, raw) is not said.gone


_V1 = frozenset(
    {"date_created_gmt", "date_modified_gmt", "date_paid_gmt", "date_completed_gmt", "meta_data"}
)


@pytest.mark.parametrize(("number", "resource"), [(14, "order"), (4, "product"), (12, "customer")])
def test_a_body_of_the_first_version_of_the_api_is_a_broken_one(number: int, resource: str) -> None:
    """It has the same names with another meaning: an order paid would be told as unpaid."""
    body = {key: one for key, one in recordings.webhook(number).json().items() if key not in _V1}
    said = read(body, f"{resource}.updated")
    why = f"a body of wc/v1 in place of the {resource}: its dates are in site time"
    assert said == Reading(verdict=Verdict.ERROR_BODY, resource=resource, reason=why)
    at, raw = datetime(2026, 11, 24, tzinfo=UTC), json.dumps(body).encode()
    assert broken.is_its_webhooks_fault(resource, raw)
    ours = Webhook(at, f"{resource}.updated", recordings.SOURCE, "rest", "1900", raw)
    assert reading.read(ours, HOMES).verdict is None  # a plugin took them out: nothing is better


@pytest.mark.parametrize("event", ["created", "updated", "restored"])
def test_a_subscription_is_no_order(event: str) -> None:
    body = recordings.webhook(14).json() | {"billing_period": "month", "status": "active"}
    said = read(body, f"order.{event}")
    why = "a subscription, which is no order"
    assert said == Reading(verdict=Verdict.OTHER_KIND, reason=why)


def test_a_product_may_have_fields_like_an_error_has() -> None:
    assert read({"id": 7, "code": "x", "data": {"status": 404}}).verdict is None
    assert read({"code": "x", "data": {"status": 404}}, "odd topic").verdict is Verdict.ERROR_BODY


@pytest.mark.parametrize(
    ("topic", "body", "kind", "subject"),
    [
        (
            "action.woocommerce_updated_product_stock",
            {"action": "woocommerce_updated_product_stock", "arg": 10},
            "woocommerce.action.woocommerce_updated_product_stock.v1",
            "action/woocommerce_updated_product_stock/10",
        ),
        (
            "action.woocommerce_x",
            {"arg": {}},
            "woocommerce.action.woocommerce_x.v1",
            "action/woocommerce_x",
        ),
        (
            "action.woocommerce_x",
            {"arg": "../etc passwd"},
            "woocommerce.action.woocommerce_x.v1",
            "action/woocommerce_x/..",
        ),
        ("order.archived", {"id": 7}, "woocommerce.order.archived.v1", "order/archived/7"),
        (
            "subscription.created",
            {"id": 7},
            "woocommerce.subscription.created.v1",
            "subscription/created/7",
        ),
        ("order", {"id": 7}, "woocommerce.order.v1", "order/7"),
    ],
)
def test_any_other_topic_passes_through(topic: str, body: Any, kind: str, subject: str) -> None:
    said = read(body, topic)
    assert (said.type, said.subject, said.lane) == (kind, subject, subject)
    assert not said.snapshot
    assert (said.verdict, said.untranslatable) == (None, "")


@pytest.mark.parametrize(
    "topic", ["", ".", "order.", "order updated", "ordér.updated", "a..b", "a\n"]
)
def test_what_is_no_topic(topic: str) -> None:
    assert read({"id": 7}, topic).untranslatable == "X-WC-Webhook-Topic: is not a topic"


def test_only_restored_revives() -> None:
    assert read({"id": 7}, "product.restored").revives
    assert not read({"id": 7}, "product.created").revives


@pytest.mark.parametrize(
    ("gmt", "moment"),
    [
        ("2026-11-23T20:22:51", datetime(2026, 11, 23, 20, 22, 51, tzinfo=UTC)),
        ("2026-11-23T20:22:51Z", datetime(2026, 11, 23, 20, 22, 51, tzinfo=UTC)),
        ("2026-11-23T20:22:51-05:00", datetime(2026, 11, 24, 1, 22, 51, tzinfo=UTC)),
        ("", None),
        ("yesterday", None),
        (None, None),
        (5, None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_moments_without_a_zone_are_utc(gmt: object, moment: datetime | None) -> None:
    assert fields.moment(gmt) == moment


_TOPIC = st.sampled_from(
    ["order.updated", "order.deleted", "product.created", "coupon.restored", "action.woocommerce_x"]
)


@given(st.binary() | _JSON.map(lambda v: json.dumps(v).encode()), _TOPIC | st.text(), st.text())
def test_any_bytes_topic_and_source_can_be_read(body: bytes, topic: str, source: str) -> None:
    _stands(read(body, topic, source))
    _stands(read(body, topic, ""))


_ODD: list[object] = [None, True, -1, 1.5, 10**30, "", "\ud800", [], [[]], ["x"], {}, {"x": [{}]}]


@pytest.mark.parametrize("number", [7, 13, 14, 25, 30, 36])
def test_a_recording_in_which_anything_is_replaced_can_be_read(number: int) -> None:
    hook = recordings.webhook(number)
    for key in hook.json():
        for odd in _ODD:
            _stands(read(hook.json() | {key: odd}, hook.topic))


def _stands(said: Reading) -> None:
    """The database takes it: an event has all it needs, everything is storable text."""
    if said.verdict is None and not said.untranslatable:
        assert said.type
        assert said.subject
        assert said.lane
    for text in (said.type, said.subject, said.lane, said.untranslatable):
        text.encode()
    if said.changed_at is not None:
        assert said.changed_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("store", "source", "ours"),
    [
        ("https://shop.example", "http://shop.example/", True),  # a proxy, or WordPress's cron
        ("https://shop.example:443", "https://shop.example/blog", True),
        ("https://shop.example.", "https://SHOP.example", True),
        ("https://xn--bcher-kva.example", "https://bücher.example/", True),
        ("https://shop.example:8443", "https://shop.example/", False),
        ("https://shop.example", "https://staging.shop.example/", False),
        ("https://shop.example", "https://shop.example:8080/", False),
    ],
)
def test_a_site_is_its_host_and_its_unusual_port(store: str, source: str, ours: bool) -> None:
    assert (reading.home(store) == reading.home(source)) == ours


def test_lines_of_an_order_name_what_lowers_whose_stock() -> None:
    body = recordings.webhook(14).json()
    mug, shirt = body["line_items"]
    body["status"] = "failed"
    mug["product_id"] = 0  # the product is gone
    shirt["sku"] = None
    body["line_items"] = {"1": mug, "3": shirt}  # PHP writes a list with gaps as an object
    assert read(body, "order.updated").lines == (
        HeldLine(12, 0, 0, "MUG-1", units=0, held=2),
        HeldLine(13, 13, 11, "", units=0, held=1),
    )


def test_created_and_updated_with_one_body_are_read_once_and_restored_is_another_thing() -> None:
    body = recordings.webhook(14).body
    reading._remembered.cache_clear()
    created = read(body, "order.created")
    assert read(body, "order.updated") == created
    assert reading._remembered.cache_info().hits == 1
    restored = read(body, "order.restored")
    assert (created.revives, restored.revives) == (False, True)
    assert restored.data == created.data
    assert read(body, "order.deleted").deletion


def test_large_bodies_are_not_kept_in_memory() -> None:
    reading._remembered.cache_clear()
    large = json.dumps({"id": 1, "note": "x" * reading._MOST_REMEMBERED}).encode()
    assert read(large).digest
    assert reading._remembered.cache_info().currsize == 0
