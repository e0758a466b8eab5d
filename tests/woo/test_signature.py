"""A signature is over the very bytes that came, with a secret of ours."""

from __future__ import annotations

import json

import pytest

from agent.woo import signature
from tests import recordings

SECRET = recordings.SECRET.encode()
RECORDED = recordings.webhooks()[1:]  # the ping has none


@pytest.mark.parametrize("webhook", RECORDED, ids=lambda webhook: webhook.name)
def test_every_recorded_signature_verifies(webhook: recordings.Webhook) -> None:
    given = webhook.headers["X-WC-Webhook-Signature"]
    assert signature.sign(webhook.body, SECRET) == given
    assert signature.verifies(webhook.body, given, (b"another", SECRET))
    assert not signature.verifies(webhook.body, given, (b"another",))
    assert not signature.verifies(webhook.body + b" ", given, (SECRET,))


def test_a_body_that_was_written_again_does_not_verify() -> None:
    webhook = RECORDED[-1]
    again = json.dumps(webhook.json()).encode()
    assert not signature.verifies(again, webhook.headers["X-WC-Webhook-Signature"], (SECRET,))


@pytest.mark.parametrize("given", ["", "x", "é", "\udcff", "A" * 10_000])
def test_what_is_no_signature_verifies_nothing(given: str) -> None:
    assert not signature.verifies(b"{}", given, (SECRET,))


def test_without_a_secret_nothing_verifies() -> None:
    assert not signature.verifies(b"{}", signature.sign(b"{}", b""), ())
