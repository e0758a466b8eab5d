"""Both ends of a comparison: a resource as the store lists it, and what was told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from agent.model.product import StoreProduct


@dataclass(frozen=True, slots=True)
class Listed:
    """``subject`` is that of its events, ``number`` the store's own id; ``status`` is ``trash``
    where it lies there. ``figures`` are as in the reading of its body: of a refund its amount, of a
    product the digest of stock and prices, of an order that of sums and lines; empty for others.
    ``parent`` is the order of a refund, ``currency`` that of an order, ``product`` what
    writing to one needs to know."""

    subject: str
    number: int
    status: str
    created_at: datetime | None
    changed_at: datetime | None
    figures: bytes = b""
    parent: str = ""
    currency: str = ""
    product: StoreProduct | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """The newest content of a subject that was taken in, as its event stands.

    ``sequence`` is that of its event, ``state`` and ``code`` are how that ended (None: so long ago
    that it is not kept). ``changed_at``, ``figures`` and ``parent`` are as in its reading.
    """

    subject: str
    sequence: int
    changed_at: datetime | None
    deleted: bool
    figures: bytes
    parent: str
    state: str | None
    code: str | None

    @property
    def is_accepted(self) -> bool:
        """The gateway has it, or does not want any of its type."""
        wanted = self.code != "not_accepted"
        return self.state in (None, "accepted") or (self.state == "discarded" and not wanted)
