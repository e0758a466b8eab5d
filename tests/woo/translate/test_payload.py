"""What an event carries to the gateway."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agent.model import content
from agent.model.delivery import Event, Webhook
from agent.model.types import TYPES
from agent.woo.translate import order, payload, reading
from agent.woo.translate.errors import Untranslatable
from tests import recordings
from tests.woo.translate import json_depth

AT = datetime(2026, 11, 24, 8, tzinfo=UTC)
SNAPSHOT = "retail.order.snapshot.v1"


def event(body: bytes, kind: str = SNAPSHOT) -> Event:
    return Event(
        7, "id-7", kind, "order/1022", "order/1022", "order.updated", AT, AT, 0, False, body
    )


def sent(one: Event, as_: str) -> dict[str, object]:
    made: dict[str, object] = json.loads(payload.encoded(one, store_id="brand-de", payload=as_))
    return made


def test_an_order_is_sent_in_our_words_unless_the_body_is_asked_for() -> None:
    hook = recordings.webhook(14)
    canonical, raw = (sent(event(hook.body), as_) for as_ in ("canonical", "raw"))
    assert canonical.pop("data") == json.loads(content.encoded(order.translate(hook.json())))
    assert raw.pop("data") == hook.json()
    assert canonical == raw
    assert (raw["id"], raw["source"]) == ("id-7", "urn:woo-agent:store:brand-de")


_OTHERS = [
    (7, "retail.product.snapshot.v1", "product/10"),
    (12, "retail.customer.snapshot.v1", "customer/3"),
    (29, "retail.order.deleted.v1", "order/1023"),
]


@pytest.mark.parametrize(("number", "kind", "subject"), _OTHERS)
def test_everything_of_retail_is_sent_in_its_model(number: int, kind: str, subject: str) -> None:
    hook = recordings.webhook(number)
    one = replace(event(hook.body, kind), subject=subject)
    data = sent(one, "canonical")["data"]
    assert TYPES[kind].model_validate(data).model_dump()["id"] == subject
    webhook = Webhook(AT, hook.topic, "", "", "", hook.body)
    assert json.loads(reading.read(webhook, frozenset()).data) == data


@pytest.mark.parametrize(("number", "kind", "subject"), _OTHERS)
def test_the_body_is_sent_as_it_came_where_it_is_asked_for(
    number: int, kind: str, subject: str
) -> None:
    hook = recordings.webhook(number)
    assert sent(replace(event(hook.body, kind), subject=subject), "raw")["data"] == hook.json()


@pytest.mark.parametrize("as_", ["canonical", "raw"])
@pytest.mark.parametrize("kept", [False, True])
def test_an_order_that_the_store_anonymised_says_so(as_: str, kept: bool) -> None:
    """As ``WC_Privacy_Erasers::remove_order_personal_data`` leaves it."""
    body = recordings.webhook(14).json()
    assert "erased" not in sent(event(json.dumps(body).encode()), as_)
    body["billing"] |= {"first_name": "[deleted]", "email": "deleted@site.invalid"}
    one = event(json.dumps(body).encode())
    if kept:
        data = content.encoded(order.translate(body)) if as_ == "canonical" else one.body
        one = replace(
            one, body=b"", data=json.dumps(json.loads(data), separators=(",", ":")).encode()
        )
    assert sent(one, as_)["erased"] is True


def test_what_an_order_says_in_a_text_does_not_make_it_anonymised() -> None:
    body = recordings.webhook(14).json() | {"customer_note": '"email":"deleted@site.invalid"'}
    for as_ in ("canonical", "raw"):
        assert "erased" not in sent(event(json.dumps(body).encode()), as_)


def test_what_has_no_model_is_sent_as_it_came() -> None:
    body = {"action": "woocommerce_x", "arg": 7}
    one = event(json.dumps(body).encode(), "woocommerce.action.woocommerce_x.v1")
    assert sent(one, "canonical")["data"] == body


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{", "body: is not JSON"),
        (b'{"id": 1e999}', "body: is not JSON"),
        (b'{"id": 7}', "status: missing"),
    ],
)
def test_what_can_not_be_sent_says_why(body: bytes, why: str) -> None:
    with pytest.raises(Untranslatable, match=why):
        payload.encoded(event(body), store_id="brand-de", payload="canonical")


def test_a_body_that_could_just_be_parsed_does_not_stop_the_forwarder() -> None:
    ended: list[type] = []
    for depth in json_depth.about_the_deepest():
        nested = event(json_depth.body(depth), "woocommerce.x.v1")
        try:
            ended.append(type(payload.encoded(nested, store_id="s", payload="raw")))
        except Untranslatable as error:
            ended.append(type(error))
    assert (ended[0], ended[-1]) == (bytes, Untranslatable)


@pytest.mark.parametrize("number", [14, 18, 28])
def test_what_the_judge_kept_is_sent_as_if_it_were_translated_anew(number: int) -> None:
    hook = recordings.webhook(number)
    webhook = Webhook(AT, "order.updated", "", "", "", hook.body)
    kept = replace(event(b""), data=reading.read(webhook, frozenset()).data)
    assert kept.data
    anew = payload.encoded(event(hook.body), store_id="s", payload="canonical")
    assert payload.encoded(kept, store_id="s", payload="canonical") == anew


def test_an_event_is_the_same_bytes_each_time_but_for_its_replay_mark() -> None:
    one = event(recordings.webhook(14).body)
    first = payload.encoded(one, store_id="s", payload="canonical")
    assert payload.encoded(one, store_id="s", payload="canonical") == first
    again = sent(replace(one, replay=True), "canonical")
    assert again.pop("replay") is True
    assert again == sent(one, "canonical")
