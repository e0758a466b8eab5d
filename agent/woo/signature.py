"""The signature of a webhook: base64 of HMAC-SHA256 over the raw body.

Source: WooCommerce ``includes/class-wc-webhook.php`` (``generate_signature``). The bytes count as
they came: PHP writes JSON its own way, so a body that was parsed and written again never verifies.
"""

from __future__ import annotations

import base64
import hmac


def sign(body: bytes, secret: bytes) -> str:
    """What WooCommerce puts into ``X-WC-Webhook-Signature``."""
    return base64.b64encode(hmac.digest(secret, body, "sha256")).decode()


def verifies(body: bytes, signature: str, secrets: tuple[bytes, ...]) -> bool:
    """Whether one of our secrets made that signature, in a time that tells nothing about it."""
    given = signature.encode("utf-8", "replace")
    return any(hmac.compare_digest(sign(body, secret).encode(), given) for secret in secrets)
