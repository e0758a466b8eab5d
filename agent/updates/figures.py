"""The stock figure to write: what the ERP says, less what it has not seen. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from agent.updates import stock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from agent.model.product import StoreProduct
    from agent.model.stock import Base, Snapshot
    from agent.model.update import StockUpdate


@dataclass(frozen=True, slots=True)
class Figure:
    """``quantity`` is what the store should show; ``note`` why it is not what the ERP said."""

    quantity: int
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """What orders hold, by product; nothing where orders are ignored. ``bases`` say what is missing
    of products without an order."""

    snapshots: Mapping[int, Sequence[Snapshot]] = field(default_factory=dict)
    bases: Mapping[int, Base] = field(default_factory=dict)
    uncertain: timedelta = timedelta(minutes=10)

    def of(
        self, update: StockUpdate, fetched_at: datetime, products: Sequence[StoreProduct]
    ) -> Figure:
        """The figure of the products that share the update's SKU: a sale of one counts for all."""
        held = {
            (snapshot.line_id, snapshot.sequence): snapshot
            for product in products
            for snapshot in self.snapshots.get(product.id, ())
        }
        unseen = stock.unseen_units(
            update, fetched_at, list(held.values()), uncertain=self.uncertain
        )
        ids = {product.id for product in products}
        missing = sum(self.bases[number].unexplained for number in ids & self.bases.keys())
        notes = []
        if unseen:
            notes.append(f"less {unseen} in orders that the ERP has not seen")
        if missing:
            notes.append(f"unexplained: {missing} went from the store without an order")
        return Figure(update.quantity - unseen - missing, "; ".join(notes) or None)


AS_SAID = Figures()
"""What the ERP says is written as it is."""
