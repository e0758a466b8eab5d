"""Canonical models as JSON, and when two contents are the same."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel

# Change each time a resource is saved, whatever else does.
VOLATILE = frozenset({"modified_at"})


def encoded(model: BaseModel) -> bytes:
    """A model as compact JSON in ASCII: times in RFC 3339 with a Z, money as text."""
    return model.model_dump_json(ensure_ascii=True).encode()


def digest_of_model(model: BaseModel, *, without: frozenset[str] = VOLATILE) -> bytes:
    """Equal for equal content; the fields in ``without`` do not count."""
    return digest_of(model.model_dump_json(ensure_ascii=True, exclude=set(without)).encode())


def digest(content: Any) -> bytes:
    """Equal for equal JSON content, whatever the order of its keys."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return digest_of(text.encode())


def digest_of(encoded: bytes) -> bytes:
    """Where equal content is already equal bytes."""
    return hashlib.blake2b(encoded, digest_size=16).digest()
