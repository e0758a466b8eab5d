"""What is registered against what should be: every case of a topic."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agent.model.registration import TOPICS, Blind, Found, Made, Records, Registration
from agent.reconcile.webhooks import AGAIN_AFTER, Topic, plan, same_url
from tests import recordings

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
EARLIER, LATER = NOW - timedelta(minutes=2), NOW - timedelta(minutes=1)
URL = "https://shop.example.com/woo-agent/webhooks"
ELSEWHERE = "https://crm.example.com/hook"
TOPIC = "order.updated"


def row(
    number: int,
    *,
    name: str = f"woo-agent {TOPIC}",
    topic: str = TOPIC,
    status: str = "active",
    url: str = URL,
) -> Registration:
    return Registration(number, name, topic, status, url)


def records(*ids: int, at: datetime = EARLIER, found: Found = Found.MISSING) -> Records:
    """We made those."""
    return Records({number: Made(number, TOPIC, found, at) for number in ids})


def of(topic: str, listed: list[Registration], known: Records) -> Topic:
    [one] = [one for one in plan(listed, known, URL, NOW) if one.topic == topic]
    return one


ONE = row(5)
BY_HAND = row(5, name="ERP, orders")
CASES = {
    "nothing there": ([], records(), Topic(TOPIC, None, Found.MISSING, make=True)),
    "ours": ([ONE], records(5), Topic(TOPIC, ONE)),
    "by hand": ([BY_HAND], records(), Topic(TOPIC, BY_HAND)),
    "the made one of a lost database": (
        [ONE],
        records(),
        Topic(TOPIC, ONE, Found.UNRECORDED, record=True),
    ),
    "disabled": (
        [row(5, status="disabled")],
        records(5),
        Topic(TOPIC, row(5, status="disabled"), Found.DISABLED, make=True, delete=(5,)),
    ),
    "disabled, by hand": (
        [replace(BY_HAND, status="disabled")],
        records(),
        Topic(TOPIC, replace(BY_HAND, status="disabled"), Found.DISABLED, make=True, delete=(5,)),
    ),
    "disabled and replaced already": (
        [row(5, status="disabled"), row(6)],
        records(5, 6),
        Topic(TOPIC, row(6), Found.DUPLICATE, delete=(5,)),
    ),
    "paused": (
        [row(5, status="paused")],
        records(5),
        Topic(TOPIC, row(5, status="paused"), Found.PAUSED, activate=True),
    ),
    "made by us, delivers elsewhere": (
        [row(5, url=ELSEWHERE)],
        records(5),
        Topic(TOPIC, row(5, url=ELSEWHERE), Found.OTHER_URL, make=True, delete=(5,)),
    ),
    "somebody else's": (
        [row(5, url=ELSEWHERE, name="CRM")],
        records(),
        Topic(TOPIC, None, Found.MISSING, make=True),
    ),
    "somebody else's, disabled, beside ours": (
        [row(4, url=ELSEWHERE, name="CRM", status="disabled"), ONE],
        records(5),
        Topic(TOPIC, ONE),
    ),
    "the agent of another store's address": (
        [row(5, url=ELSEWHERE)],
        records(),
        Topic(TOPIC, None, Found.MISSING, make=True),
    ),
    "an id of ours that the store gave again": (
        [row(5, url=ELSEWHERE, name="CRM")],
        records(5),
        Topic(TOPIC, None, Found.MISSING, make=True),
    ),
    "two of ours": (
        [row(5), row(6)],
        records(5, 6),
        Topic(TOPIC, row(5), Found.DUPLICATE, delete=(6,)),
    ),
    "one by hand beside ours": (
        [replace(BY_HAND, id=4), ONE],
        records(5),
        Topic(TOPIC, ONE, Found.DUPLICATE),
    ),
    "two by hand": (
        [BY_HAND, replace(BY_HAND, id=4)],
        records(),
        Topic(TOPIC, replace(BY_HAND, id=4), Found.DUPLICATE),
    ),
    "a good one by hand beside ours that is disabled": (
        [BY_HAND, row(6, status="disabled")],
        records(6),
        Topic(TOPIC, BY_HAND, Found.DUPLICATE, delete=(6,)),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_topic(case: str) -> None:
    listed, known, expected = CASES[case]
    assert of(TOPIC, listed, known) == expected


def test_an_empty_store_gets_all_and_a_full_one_nothing() -> None:
    assert [one.topic for one in plan([], records(), URL, NOW)] == list(TOPICS)
    told = recordings.rest("webhook_list")["response"]["body"]
    names = ("id", "name", "topic", "status", "delivery_url")
    listed = [Registration(*(one[name] for name in names)) for one in told]
    address = "http://SHOP.localtest:8080/wc-agent/hook/"
    known = records(*(one.id for one in listed))
    assert [one.found for one in plan(listed, known, address, NOW)] == [None] * len(TOPICS)


def test_one_of_ours_whose_topic_was_changed_is_made_anew() -> None:
    stray = row(5, topic="action.woocommerce_x")
    found = plan([stray], records(5), URL, NOW)
    assert of(TOPIC, [stray], records(5)) == Topic(TOPIC, None, Found.MISSING, make=True)
    assert found[-1] == Topic("action.woocommerce_x", stray, Found.OTHER_TOPIC, delete=(5,))
    # One that somebody made for more than we ask for is theirs.
    assert len(plan([row(6, topic="coupon.restored", name="x")], records(), URL, NOW)) == 14
    swapped = row(5, topic="order.created")
    assert of(
        "order.created",
        [row(7, topic="order.created", name="woo-agent order.created"), swapped],
        records(5, 7),
    ).delete == (5,)


@pytest.mark.parametrize(
    ("found", "listed", "made"),
    [
        (Found.MISSING, [], 2),  # the store does not show what we make
        (Found.OTHER_URL, [row(5, url=ELSEWHERE)], 1),  # it writes our address otherwise
        (Found.DISABLED, [row(5, status="disabled")], 1),  # it can't reach us
    ],
)
def test_what_did_not_help_is_not_done_again_and_again(
    found: Found, listed: list[Registration], made: int
) -> None:
    for times, ago, again in (
        (made - 1, timedelta(minutes=1), True),
        (made, timedelta(minutes=1), False),
        (made, AGAIN_AFTER, True),
    ):
        tried = records(*range(5, 5 + times), at=NOW - ago, found=found)
        known = Records({**records(5, found=Found.UNRECORDED).made, **tried.made})
        one = of(TOPIC, listed, known)
        assert (one.found, one.make) == (found, again)
        assert one.is_losing


def blind(number: int, known: Records, resource: str = "order", at: datetime = LATER) -> Records:
    """The webhook with that id sent an error object."""
    return replace(known, blind=[Blind(resource, number, at)])


def test_all_of_a_kind_are_made_anew_when_one_sends_error_objects() -> None:
    created = row(4, topic="order.created", name="by hand")
    listed = [created, ONE]
    known = blind(4, records(5))
    for one in (of("order.created", listed, known), of(TOPIC, listed, known)):
        assert (one.found, one.make, len(one.delete)) == (Found.ERROR_BODIES, True, 1)
    assert of(TOPIC, listed, blind(4, records(5), "product")).found is None


def test_what_one_that_is_gone_sent_says_nothing_of_those_that_are_there() -> None:
    assert of(TOPIC, [ONE], blind(3, records(5))).found is None


def test_the_fresh_one_is_not_blamed_for_the_error_before_it() -> None:
    known = blind(4, records(5, at=NOW))
    left = row(4, name="by hand")
    assert of(TOPIC, [left, ONE], known) == Topic(TOPIC, ONE, Found.DUPLICATE, delete=(4,))


def test_a_fresh_one_that_sends_error_objects_too_is_left_for_a_while() -> None:
    known = blind(5, records(5, found=Found.ERROR_BODIES))
    assert of(TOPIC, [ONE], known) == Topic(TOPIC, ONE, Found.ERROR_BODIES)
    long_ago = blind(5, records(5, at=NOW - AGAIN_AFTER, found=Found.ERROR_BODIES))
    assert of(TOPIC, [ONE], long_ago).make


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (URL, URL + "/", True),
        (URL, "https://SHOP.example.com:443/woo-agent/webhooks", True),
        ("http://shop.example.com:80/x", "http://shop.example.com/x", True),
        (URL, URL.replace("https", "http"), False),
        (URL, URL.replace("com", "com:8080"), False),
        (URL, URL + "?a=1", False),
        (URL, URL + "/other", False),
        (URL, "https://shop.example.com:port/", False),
    ],
)
def test_an_address_may_be_written_otherwise(one: str, other: str, same: bool) -> None:
    assert same_url(one, other) is same
