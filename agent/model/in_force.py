"""The stock figure in force, and when it is compared with what the store shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from agent.model.update import StockUpdate


@dataclass(frozen=True, slots=True)
class InForce:
    """The stock update that was acted on last for a SKU, and when it came in."""

    update: StockUpdate
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class Check:
    """A product to be compared. ``marks`` counts how often it was marked.

    ``unchecked``: we wrote it, and orders were not looked at since. Others are only lowered.
    ``ambiguous_at``: when a write of ours ended without an answer.
    """

    product_id: int
    marks: int
    unchecked: bool
    ambiguous_at: datetime | None = None

    @property
    def is_ours(self) -> bool:
        """What stands there may be a write of ours: it is also raised."""
        return self.unchecked or self.ambiguous_at is not None
