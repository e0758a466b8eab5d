"""Why a WooCommerce body can't become a canonical model."""

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
