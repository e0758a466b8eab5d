"""When two contents are the same."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def digest(content: Any) -> bytes:
    """Equal for equal JSON content, whatever the order of its keys."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return digest_of(text.encode())


def digest_of(encoded: bytes) -> bytes:
    """Where equal content is already equal bytes."""
    return hashlib.blake2b(encoded, digest_size=16).digest()
