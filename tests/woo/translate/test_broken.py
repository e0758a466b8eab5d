"""Bodies that came in place of a resource: which of them would a fresh webhook not have sent?"""

from __future__ import annotations

import json

import pytest

from agent.woo.translate import broken
from tests import recordings


def error(status: object) -> bytes:
    body = {"code": "woocommerce_rest_cannot_view", "message": "x", "data": {"status": status}}
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    ("resource", "body", "its_fault"),
    [
        ("order", error(401), True),
        ("order", error(403), True),
        ("order", error(404), False),
        ("order", error([]), True),
        ("order", b'{"code":"x","message":"m","data":null}', True),
        ("order", b'{"errors":{"rest_api_unavailable":["x"]},"error_data":[]}', True),
        ("order", b'{"order":{"id":5}}', True),
        ("order", b'{"order":5}', True),
        ("order", b'{"id":5,"order":{"id":5}}', False),
        ("product", b'{"order":{"id":5}}', True),
        ("order", b'{"id":5}', False),
        ("order", b"[]", True),
        ("order", b"nothing", True),
        ("order", b'{"id":5,"date_created":"2026-11-23T20:22:51"}', True),
        ("order", b'{"id":5,"date_created":"x","date_created_gmt":"y"}', False),
        ("order", recordings.webhook(42).body, False),
        ("order", recordings.webhook(14).body, False),
    ],
)
def test_who_is_to_blame(resource: str, body: bytes, its_fault: bool) -> None:
    assert broken.is_its_webhooks_fault(resource, body) is its_fault
