"""What in a newer schema breaks whoever built on the older one. Pure.

Additions pass: new fields, new types of events. Where the gateway is told something, it must find
what it found; where it says something, what it said must still be taken.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Schema = dict[str, Any]

_LIMITS = {
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems"), False),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems"), True),
}
"""Whether a higher one allows more."""


def changes(old: Schema, new: Schema, *, said_by_agent: bool) -> list[str]:
    """Each breaking change as ``path: what``; empty if the newer one may take the older's place."""
    return list(_Comparison(old, new, said_by_agent).between(old, new, ""))


class _Comparison:
    """Of two documents: references point into them."""

    def __init__(self, old: Schema, new: Schema, said_by_agent: bool) -> None:
        self._old = old
        self._new = new
        self._said = said_by_agent
        self._within: set[tuple[str, str]] = set()

    def between(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        reference = (old.get("$ref", ""), new.get("$ref", ""))
        if any(reference):
            if reference in self._within:
                return
            self._within.add(reference)
        yield from self._compared(_resolved(old, self._old), _resolved(new, self._new), path)
        self._within.discard(reference)

    def _compared(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        if "anyOf" in old or "anyOf" in new or "oneOf" in old or "oneOf" in new:
            yield from self._alternatives(old, new, path)
        yield from self._values(old, new, path)
        yield from self._limits(old, new, path)
        yield from self._properties(old, new, path)
        for inner in ("items", "additionalProperties"):
            if isinstance(old.get(inner), dict) or isinstance(new.get(inner), dict):
                yield from self.between(_any(old, inner), _any(new, inner), f"{path}[]")
        conditions, kept = _conditions(old), _conditions(new)
        for condition, then in conditions.items():
            yield from self.between(then, kept.get(condition, {}), f"{path}({condition})")

    def _values(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        for word in ("$ref", "const", "format", "pattern", "default"):
            before, after = old.get(word), new.get(word)
            loosened = after is None and word != "default" and not self._said
            if before != after and not loosened:
                yield f"{path}: {word} was {before!r}, is {after!r}"
        for word in ("type", "enum"):
            before, after = _listed(old.get(word)), _listed(new.get(word))
            if before is None and after is None:
                continue
            if after is not None and (before is None or before - after):
                yield f"{path}: {word} was {_told(before)}, is only {_told(after)}"
            if self._said and before is not None and (after is None or after - before):
                yield f"{path}: {word} was only {_told(before)}, is {_told(after)}"

    def _limits(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        for word, upper in _LIMITS.items():
            before, after = old.get(word), new.get(word)
            if before == after:
                continue
            looser = after is None or (before is not None and (after > before) is upper)
            if self._said or not looser:
                yield f"{path}: {word} was {before}, is {after}"

    def _properties(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        had, has = set(old.get("required", ())), set(new.get("required", ()))
        for name in before:
            where = f"{path}.{name}".lstrip(".")
            if name not in after:
                yield f"{where}: was removed"
                continue
            if name in has - had:
                yield f"{where}: is required now"
            if self._said and name in had - has:
                yield f"{where}: may be missing now"
            yield from self.between(before[name], after[name], where)
        if not self._said:
            for name in (has - had) - before.keys():
                yield f"{path}.{name}: is new and required".lstrip(".")

    def _alternatives(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        before, after = _choices(old), _choices(new)
        for one in before:
            if all(list(self.between(one, other, path)) for other in after):
                found = (list(self.between(one, other, path)) for other in after)
                yield from min(found, key=len, default=[f"{path}: a choice was removed"])
        if self._said:
            for other in after:
                if all(list(self.between(one, other, path)) for one in before):
                    yield f"{path}: there is one more choice: {other}"


def _choices(schema: Schema) -> list[Schema]:
    found: list[Schema] = schema.get("anyOf") or schema.get("oneOf") or []
    kept = ("type", "enum", "const", "pattern", *_LIMITS)
    return found or [{k: v for k, v in schema.items() if k in kept}]


def _resolved(schema: Schema, document: Schema) -> Schema:
    """Without the reference; what stands beside it stays."""
    while (reference := schema.get("$ref", "")).startswith("#/$defs/"):
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = document["$defs"][reference.removeprefix("#/$defs/")] | beside
    return schema


def _conditions(schema: Schema) -> dict[str, Schema]:
    """What must hold if something does, by what that is."""
    return {json.dumps(each.get("if")): each.get("then", {}) for each in schema.get("allOf", ())}


def _any(schema: Mapping[str, Any], inner: str) -> Schema:
    found = schema.get(inner)
    return found if isinstance(found, dict) else {}


def _listed(value: Any) -> frozenset[Any] | None:
    if value is None:
        return None
    return frozenset(value if isinstance(value, list) else [value])


def _told(values: frozenset[Any] | None) -> str:
    return "anything" if values is None else ", ".join(sorted(map(str, values)))
