"""Standard Webhooks signatures: whoever has the secret can tell that a body is ours. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def key(secret: str) -> bytes:
    """The bytes behind ``whsec_…``."""
    return base64.b64decode(secret.removeprefix("whsec_"))


def headers(body: bytes, at: datetime, key: bytes) -> dict[str, str]:
    """The headers that sign exactly these bytes as sent at that moment.

    The id is a digest of the body: the halves of a batch are two messages, a repeat is the same.
    """
    message = f"msg_{hashlib.sha256(body).hexdigest()[:32]}"
    seconds = int(at.timestamp())
    signed = f"{message}.{seconds}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return {
        "webhook-id": message,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
