"""Fields that the gateway does not get to see: left out of events, or replaced by a digest. Pure.

A field is named by where its path ends: ``phone`` is every phone number, ``billing_address.phone``
only that of the invoice; lists are gone through. What we have no model of (topics that only pass
through) has the store's own names: there the last part of a name counts, wherever it stands.
"""

from __future__ import annotations

import difflib
import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

from agent.model import envelope
from agent.model.types import TYPES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

MODELS: Mapping[str, type[BaseModel]] = TYPES

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Privacy:
    """What is left out, what is replaced, and the ``key`` of the digests, which stays with us."""

    omit: frozenset[Path]
    hash: frozenset[Path]
    key: bytes = field(repr=False)

    @classmethod
    def of(cls, omit: Collection[str], hash: Collection[str], key: bytes) -> Privacy:
        """From names with dots."""
        return cls(_paths(omit), _paths(hash), key)

    def protected(self, data: bytes, kind: str) -> bytes:
        """The ``data`` of an event of that type, without what is private.

        A digest is 32 hex digits, the same for the same value; null and ``""`` stay as they are.
        """
        if not (self.omit or self.hash):
            return data
        named = self if kind in MODELS else self._by_last_part()
        return envelope.encode_data(_without(json.loads(data), (), named))

    def _by_last_part(self) -> Privacy:
        omit, hashed = (frozenset(path[-1:] for path in paths) for paths in (self.omit, self.hash))
        return Privacy(omit, hashed, self.key)


def _without(value: Any, at: Path, private: Privacy) -> Any:
    if isinstance(value, list):
        return [_without(inner, at, private) for inner in value]
    if not isinstance(value, Mapping):
        return value
    kept = {}
    for name, inner in value.items():
        path = (*at, name)
        if _ends(path, private.omit):
            continue
        is_hashed = _ends(path, private.hash)
        kept[name] = _digest(inner, private.key) if is_hashed else _without(inner, path, private)
    return kept


def _digest(value: Any, key: bytes) -> Any:
    if value is None or value == "":
        return value
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    encoded = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(encoded, key=key, digest_size=16).hexdigest()


def _paths(names: Collection[str]) -> frozenset[Path]:
    return frozenset(tuple(name.split(".")) for name in names)


def _ends(path: Path, named: frozenset[Path]) -> bool:
    return any(path[start:] in named for start in range(len(path)))


def complaint(name: str) -> str | None:
    """Why that names no field of any model, with the nearest that does; None where it does."""
    known = _names()
    if name in known:
        return None
    close = difflib.get_close_matches(name, sorted(known), n=1)
    guess = f"; did you mean {close[0]}?" if close else ""
    return f"{name} is not a field of any event{guess}"


@functools.cache
def _names() -> frozenset[str]:
    paths = {path for model in set(MODELS.values()) for path in _fields(model)}
    return frozenset(".".join(path[start:]) for path in paths for start in range(len(path)))


def _fields(annotation: Any) -> Iterator[Path]:
    """The path of every field below: through what may be null, and through lists."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            yield (name,)
            for below in _fields(field.annotation):
                yield (name, *below)
    for inner in get_args(annotation):
        yield from _fields(inner)
