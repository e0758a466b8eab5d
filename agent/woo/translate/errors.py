"""Why a WooCommerce body, or a field of it, can't be read."""

from __future__ import annotations


class Untranslatable(ValueError):
    """Something without which the model would be wrong is missing or of another type.

    ``field`` is a path in the body (``line_items[0].quantity``). Never quotes a value: bodies hold
    personal data.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class UnreadableFigureError(ValueError):
    """A field of stock or prices has a value that says no figure."""
