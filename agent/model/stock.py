"""The stock that orders hold: what their lines showed, snapshot by snapshot. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class HeldLine:
    """A line of an order at one snapshot.

    ``item_id`` is its variation, or its product where there is none (0: the body does not tell),
    ``parent_id`` the variation's product or 0. ``units`` are committed, ``held`` what WooCommerce
    has taken out of stock for it.
    """

    line_id: int
    item_id: int
    parent_id: int
    sku: str
    units: int
    held: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A line of an order (``order/1022``) at one snapshot, and what became of that.

    ``state`` is that of its outbox row. ``position`` and ``accepted_at`` (by the gateway's clock,
    else when it was settled) are those of its acceptance. ``doubtful``: the gateway may have taken
    it although that is not known; of an accepted one, earlier than these two say. ``baseline``: the
    ERP counts as having seen it.
    """

    sequence: int
    order: str
    line_id: int
    item_id: int
    units: int
    held: int
    state: str
    doubtful: bool = False
    position: int | None = None
    accepted_at: datetime | None = None
    baseline: bool = False


@dataclass(frozen=True, slots=True)
class Base:
    """What a product showed after a write of ours, and the units that orders had taken then.

    ``unexplained`` units are missing without an order, ``since`` that time.
    """

    quantity: int
    taken: int
    unexplained: int = 0
    since: datetime | None = None


def shown(
    said: Sequence[HeldLine], before: Mapping[tuple[int, int], HeldLine], *, deletion: bool
) -> list[HeldLine]:
    """What each line of an order shows at a snapshot, given what each showed ``before`` it, by
    (item, line).

    A line whose product is gone keeps the item it had at first sight. One that is not there any
    more commits nothing; WooCommerce gives its stock back, but not that of a deleted order.
    """
    if deletion:
        return [replace(line, units=0) for line in before.values()]
    items = {line.line_id: line for line in before.values()}
    now: dict[tuple[int, int], HeldLine] = {}
    for line in said:
        first = before.get((line.item_id, line.line_id))
        if not line.item_id:
            first = items.get(line.line_id)
            if first is None:  # of no product that could be written to
                continue
        kept = line if first is None else replace(first, units=line.units, held=line.held)
        now[kept.item_id, kept.line_id] = kept
    gone = [replace(line, units=0, held=0) for key, line in before.items() if key not in now]
    return [*now.values(), *gone]
