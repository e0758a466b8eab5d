"""The recordings are what they claim to be: their signatures match their bytes."""

from __future__ import annotations

import base64
import hashlib
import hmac

from tests import recordings


def test_every_recorded_signature_is_over_the_recorded_bytes() -> None:
    signed = [w for w in recordings.webhooks() if w.topic]
    assert len(signed) == 43
    signed += recordings.webhooks("8.4")
    assert len(signed) == 51
    for delivery in signed:
        digest = hmac.new(recordings.SECRET.encode(), delivery.body, hashlib.sha256).digest()
        assert base64.b64encode(digest).decode() == delivery.headers["X-WC-Webhook-Signature"]
