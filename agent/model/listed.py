"""A resource as a list of the store shows it: enough to tell whether it has to be read."""

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
    product the digest of stock and prices; empty for others. ``parent`` is the order of a refund,
    ``currency`` that of an order, ``product`` what writing to one needs to know."""

    subject: str
    number: int
    status: str
    created_at: datetime | None
    changed_at: datetime | None
    figures: bytes = b""
    parent: str = ""
    currency: str = ""
    product: StoreProduct | None = None
