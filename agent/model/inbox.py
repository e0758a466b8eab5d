"""Rows of the inbox: what is open, how it is settled, and what is known when that is decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from agent.model.product import Written
    from agent.model.update import Rank, Refusal, Update, UpdateState


@dataclass(frozen=True, slots=True)
class Opened:
    """An open inbox row.

    ``approved``: somebody said yes, no guardrail holds it. ``reverts``: made here, by somebody's
    command, to put back what stood before; it has no version, raises no fence and is not reported.
    ``journal`` is the number of the gateway's journal that there was when it came in.
    """

    number: int
    update: Update
    received_at: datetime
    state: UpdateState
    results: int
    approved: bool = False
    reverts: bool = False
    journal: int = 0


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of an open row: a final state, ``held``, or ``waiting`` until ``due_at``.

    ``store`` is what the store says now, ``before`` what it said; both by the names of the update.
    ``written`` are the products that the store confirmed to have changed for it. ``computed`` is
    what a stock update's quantity came to less units that the ERP has not seen; ``is_doubtful`` if
    that rests on an acceptance that is not known for certain.
    """

    opened: Opened
    state: UpdateState
    code: str | None = None
    message: str | None = None
    store: Mapping[str, Any] | None = None
    before: Mapping[str, Any] | None = None
    due_at: datetime | None = None
    written: tuple[Written, ...] = ()
    computed: int | None = None
    is_doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Fence:
    """The newest version of one field of one SKU that was acted on; ``reverted`` if its value was
    taken back since."""

    version: int
    effective_at: datetime | None
    content: str
    nth: int = 0
    reverted: bool = False

    @property
    def rank(self) -> Rank:
        """How new what raised it was."""
        return (self.version, self.nth)


@dataclass(frozen=True, slots=True)
class Zeroing:
    """How many SKUs went to zero within the last hour, which of those asked about are among them,
    and how many products there are to compare that with."""

    count: int
    counted: frozenset[str]
    catalogue: int


def goes_to_zero(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether there was stock and there is none any more."""
    had, has = before.get("quantity"), after.get("quantity")
    return had is not None and has is not None and had > 0 >= has


FenceKey = tuple[str, str, str]
"""(kind, SKU, field)"""


@dataclass(frozen=True, slots=True)
class NewRow:
    """An inbox row to be: open and due at ``due_at``, or rejected at the door."""

    id: str
    kind: str
    sku: str
    version: int | None
    body: str
    state: UpdateState
    due_at: datetime | None = None
    code: str | None = None
    message: str | None = None
    approved: bool = False
    correlation_id: str = ""


@dataclass(frozen=True, slots=True)
class KnownVersions:
    """What was acted on before, and what is open, for some SKUs; ``again`` are open updates by id
    that a page names once more, ``newest`` the highest of what is open by kind and SKU, where an
    update without version has to be ranked."""

    fences: Mapping[FenceKey, Fence]
    open: tuple[Update, ...] = ()
    again: Mapping[str, Update] = field(default_factory=dict)
    newest: Mapping[tuple[str, str], Rank] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Intake:
    """What a page adds to the inbox, and the ids of open updates that it approves."""

    rows: tuple[NewRow, ...]
    approved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of some items of a file: which ids were taken in before, and why others are
    refused. All others were taken in."""

    known: frozenset[str] = frozenset()
    refused: Mapping[str, Refusal] = field(default_factory=dict)
