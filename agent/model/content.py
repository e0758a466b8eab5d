"""When two contents are the same."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def digest(content: Any) -> bytes:
    """Equal for equal JSON content, whatever the order of its keys."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
