"""The stock figure in force, and when it is compared with what the store shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.model.update import StockUpdate

DOUBT_AGAIN = timedelta(minutes=10)
"""A figure that rests on a doubt is computed again that often, whether or not it ended."""


@dataclass(frozen=True, slots=True)
class InForce:
    """The stock update that was acted on last for a SKU, when it came in, and from which journal of
    the gateway: its positions are of that one.

    ``number`` is that of its inbox row. ``computed`` is what was computed from it when the store
    was last brought into line with it; None where that is not known.
    """

    update: StockUpdate
    fetched_at: datetime
    journal: int = 0
    number: int = 0
    computed: int | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A product to be compared. ``marks`` counts how often it was marked.

    ``unchecked``: we wrote it, and orders were not looked at since. ``compares``: the store is read
    in any case; else only where another figure is computed than last. ``ambiguous_at``: when a
    write of ours ended without an answer.
    """

    product_id: int
    marks: int
    unchecked: bool
    ambiguous_at: datetime | None = None
    compares: bool = True

    @property
    def is_ours(self) -> bool:
        """What stands there may be a write of ours: it is raised to the whole figure."""
        return self.unchecked or self.ambiguous_at is not None

    @property
    def asks(self) -> bool:
        """Whether only the store can tell if it is right."""
        return self.compares or self.is_ours


@dataclass(frozen=True, slots=True)
class Computed:
    """What the update with that ``number`` came to: its quantity less unseen units."""

    number: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What becomes of a check: it is done with, or made again ``again_at``.

    ``is_right``: the store shows what it should. ``is_ambiguous``: a write that was not answered
    may still be done. ``is_doubtful``: the figure rests on an acceptance that is not known for
    certain.
    """

    check: Check
    again_at: datetime | None = None
    is_right: bool = True
    is_ambiguous: bool = False
    is_doubtful: bool = False
