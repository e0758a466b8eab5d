"""The stock figure to write: what the ERP says, less what it has not seen. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from agent.model.in_force import InForce
from agent.model.product import StoreProduct
from agent.model.stock import Base, Snapshot
from agent.updates import stock


@dataclass(frozen=True, slots=True)
class Figure:
    """``quantity`` is what the store should show; ``note`` why it is not what the ERP said.

    ``computed`` is what the ERP said less units that it has not seen; of these ``quantity`` lacks
    those that are missing without an order. ``is_doubtful``: it rests on an acceptance that is not
    known for certain.
    """

    quantity: int
    note: str | None = None
    computed: int = 0
    is_doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """What orders hold, by product; nothing where orders are ignored. ``bases`` say what is missing
    of products without an order."""

    snapshots: Mapping[int, Sequence[Snapshot]] = field(default_factory=dict)
    bases: Mapping[int, Base] = field(default_factory=dict)
    uncertain: timedelta = timedelta(minutes=10)

    def of(self, force: InForce, products: Sequence[StoreProduct]) -> Figure:
        """The figure of the products that share the update's SKU: a sale of one counts for all."""
        update = force.update
        held = {
            (snapshot.item_id, snapshot.line_id, snapshot.sequence): snapshot.in_journal(
                force.journal
            )
            for product in products
            for snapshot in self.snapshots.get(product.id, ())
        }
        unseen = stock.unseen(update, force.fetched_at, held.values(), uncertain=self.uncertain)
        ids = {product.id for product in products}
        missing = sum(self.bases[number].unexplained for number in ids & self.bases.keys())
        notes = []
        if unseen.units:
            notes.append(f"less {unseen.units} in orders that the ERP has not seen")
        if missing:
            notes.append(f"unexplained: {missing} went from the store without an order")
        computed = update.quantity - unseen.units
        note = "; ".join(notes) or None
        return Figure(computed - missing, note, computed, unseen.is_doubtful)


AS_SAID = Figures()
"""What the ERP says is written as it is."""
