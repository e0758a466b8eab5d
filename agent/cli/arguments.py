"""Arguments that settings have, too: held against the same rules."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter, ValidationError

from agent import errors


def fit(name: str, kind: Any, given: str, *, hint: str) -> Any:
    """``given`` as a value of that kind; UsageError that names the argument, never a secret."""
    try:
        return TypeAdapter(kind).validate_python(given)
    except ValidationError as error:
        [wrong] = error.errors(include_url=False, include_input=False)
        raise errors.UsageError(f"{name} {wrong['ctx']['error']}", hint=hint) from None
