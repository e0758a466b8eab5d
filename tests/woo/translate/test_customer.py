from __future__ import annotations

import json

from agent.model import content
from agent.woo.translate import customer
from tests import recordings
from tests.woo.translate import bodies


def test_a_recorded_customer() -> None:
    told = json.loads(content.encoded(customer.translate(recordings.webhook(12).json())))
    address = told.pop("billing_address")
    assert (address["line_1"], address["country"], address["phone"]) == (
        "1 Street",
        "DE",
        "030 1",
    )
    assert told.pop("shipping_address") == address | {"phone": None}
    assert told == {
        "id": "customer/3",
        "customer_id": 3,
        "email": "ann.lee2@example.com",
        "billing_email": "ann.lee2@example.com",
        "username": "annlee2",
        "first_name": "Ann",
        "last_name": "Lee",
        "role": "customer",
        "has_paid": False,
        "created_at": "2026-11-23T20:22:50Z",
        "modified_at": "2026-11-23T20:22:50Z",
        "meta": [],
        "anomalies": [],
    }
    assert customer.translate(recordings.webhook(27).json()).has_paid


def test_the_answer_and_the_webhook_say_the_same() -> None:
    answered = customer.translate(bodies.rest("customer_create"))
    assert answered == customer.translate(recordings.webhook(12).json())


def test_one_person_has_one_email_however_it_was_typed() -> None:
    body = recordings.webhook(12).json() | {
        "email": " Ann.LEE2@Example.com ",
        "billing": {"email": "ANN@example.com"},
    }
    told = customer.translate(body)
    assert (told.email, told.billing_email) == ("ann.lee2@example.com", "ann@example.com")


def test_what_is_not_there_is_null() -> None:
    told = customer.translate({"id": 7, "billing": [], "date_created_gmt": "soon"})
    assert (told.email, told.billing_address, told.created_at) == (None, None, None)
    assert told.anomalies == ("time_unreadable",)
