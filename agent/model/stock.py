"""The stock that orders hold: what their lines showed, snapshot by snapshot. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from agent.model.delivery import State


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
class Acceptance:
    """What is known of how one journal of the gateway took an event.

    Not ``certain``: it was sent, and no answer told. ``position`` is that of its first acceptance
    if ``position_is_first``, else a bound: it may have been accepted earlier. The same holds for
    ``accepted_at``, by the gateway's clock where it told one, else when it was settled.
    """

    certain: bool
    position: int | None = None
    position_is_first: bool = False
    accepted_at: datetime | None = None
    time_is_first: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A line of an order (``order/1022``) at one snapshot, and what became of that.

    ``state`` is that of its outbox row, or accepted where ``journal`` accepted it once.
    ``position`` and ``accepted_at`` (by the gateway's clock, else when it was settled) are those of
    its acceptance. ``doubtful``: the gateway may have taken it although that is not known; of an
    accepted one, at a lower position; ``time_is_bound``: earlier than ``accepted_at``.
    ``baseline``: the ERP counts as having seen it. ``elsewhere`` is what other journals know of it,
    ``maybe_sent`` that any of them may have been sent it.
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
    time_is_bound: bool = False
    journal: int = 0
    maybe_sent: bool = False
    elsewhere: Mapping[int, Acceptance] = field(default_factory=dict)

    def in_journal(self, journal: int) -> Snapshot:
        """The same as that journal of the gateway has it: another one's positions mean nothing."""
        if journal == self.journal:
            return self
        return self.known_as(self.elsewhere.get(journal), journal)

    def known_as(self, acceptance: Acceptance | None, journal: int) -> Snapshot:
        """The same, given what is known of its acceptance in that journal."""
        if acceptance is not None and acceptance.certain:
            return replace(
                self,
                journal=journal,
                state=State.ACCEPTED,
                doubtful=not acceptance.position_is_first,
                position=acceptance.position,
                accepted_at=acceptance.accepted_at,
                time_is_bound=not acceptance.time_is_first,
            )
        return replace(
            self,
            journal=journal,
            state=State.PENDING if self.state == State.ACCEPTED else self.state,
            doubtful=self.maybe_sent or acceptance is not None,
            position=None,
            accepted_at=None,
        )


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
