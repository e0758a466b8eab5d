"""Which of two updates counts: a late, repeated or replayed one never overwrites a newer one.

The fence is per (kind, SKU, field): the newest version that was acted on. Refused updates raise
none, so that a bad newest version does not hide the good one before it. One without version, from a
file, counts as newer than all that was known when it came. An update that takes effect
at once yields to any higher version; one for the future only to a higher version that takes effect
no earlier: a price for Friday survives today's price change, and from Friday on it counts.
A version that somebody took back does not come again.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

from agent.model.inbox import Fence, FenceKey, KnownVersions, Opened
from agent.model.update import UNKNOWN, Rank, Update

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime


def key(update: Update, field: str) -> FenceKey:
    """Where the fence of that field is kept."""
    return (update.kind, update.sku, field)


def content(value: Any) -> str:
    """A field's value as text, for comparing contents of one version."""
    return json.dumps(value, default=str)


def fences(update: Update) -> dict[FenceKey, Fence]:
    """The fences that update raises once it was acted on."""
    version, nth = update.rank
    return {
        key(update, field): Fence(version, update.effective_at, content(value), nth)
        for field, value in update.values().items()
    }


def is_same(update: Update, other: Update) -> bool:
    """Whether both say the same, so that a yes to one is a yes to the other."""
    return (update.kind, update.sku, update.version, update.values()) == (
        other.kind,
        other.sku,
        other.version,
        other.values(),
    )


def conflicts(update: Update, fences: Mapping[FenceKey, Fence], opened: Iterable[Update]) -> bool:
    """Whether the same version was given before with other content."""
    if update.version is None:
        return False
    values = update.values()
    for field, value in values.items():
        fence = fences.get(key(update, field))
        if fence and fence.rank == update.rank and fence.content != content(value):
            return True
    return any(
        other.version == update.version
        and any(other.values().get(field, value) != value for field, value in values.items())
        for other in opened
        if (other.kind, other.sku) == (update.kind, update.sku)
    )


def newest(known: KnownVersions) -> dict[tuple[str, str], Rank]:
    """The highest rank of each kind and SKU that is known of."""
    highest = dict(known.newest)
    for (kind, sku, _), fence in known.fences.items():
        highest[kind, sku] = max(highest.get((kind, sku), UNKNOWN), fence.rank)
    return highest


def strongest_first(due: Sequence[Opened]) -> list[Opened]:
    """Due updates of one kind and SKU, each before those that it overtakes; what puts back an old
    value comes last."""
    return sorted(sorted(due, key=functools.cmp_to_key(_order)), key=lambda opened: opened.reverts)


def _order(one: Opened, other: Opened) -> int:
    return int(_overtaken(one, other)) - int(_overtaken(other, one))


def in_force(
    opened: Opened,
    fences: Mapping[FenceKey, Fence],
    *,
    stronger: Iterable[Opened],
    later: Iterable[Update],
) -> dict[str, Any]:
    """The values of a due update that nothing has overtaken: no fence, none of the ``stronger``
    due ones that are acted on, and none of ``later``, which wait for their time. What puts back an
    old value yields to those that are acted on with it, and to nothing that was before."""
    update = opened.update
    taken = {
        field
        for other in stronger
        if opened.reverts or _overtaken(opened, other)
        for field in other.update.values()
    }
    if opened.reverts:
        return {field: value for field, value in update.values().items() if field not in taken}
    for other in later:
        if _replaces(other, update):
            taken |= other.values().keys()
    return {
        field: value
        for field, value in update.values().items()
        if field not in taken and not _behind(opened, fences.get(key(update, field)))
    }


def _replaces(later: Update, update: Update) -> bool:
    """One for the future that was given a new time or content meanwhile."""
    return (
        (later.kind, later.sku) == (update.kind, update.sku)
        and later.effective_at is not None
        and update.effective_at is not None
        and later.rank > update.rank
        and later.effective_at >= update.effective_at
    )


def _overtaken(one: Opened, other: Opened) -> bool:
    """Whether ``other`` counts rather than ``one``, both being due."""
    return _counts_over(
        (other.update.rank, other.update.effective_at, other.received_at),
        (one.update.rank, one.update.effective_at, one.received_at),
    )


def _behind(opened: Opened, fence: Fence | None) -> bool:
    if fence is None:
        return False
    update = opened.update
    if fence.reverted and fence.rank == update.rank:
        return True
    if fence.effective_at is None or update.effective_at is not None:
        return _counts_over(
            (fence.rank, fence.effective_at, opened.received_at),
            (update.rank, update.effective_at, opened.received_at),
        )
    return fence.rank > update.rank or fence.effective_at > opened.received_at


_Dated = tuple[Rank, "datetime | None", "datetime"]
"""(rank, effective_at, received_at)"""


def _counts_over(other: _Dated, one: _Dated) -> bool:
    rank, effective_at, received_at = one
    newer, takes_effect, came = other
    if newer == rank:
        return False
    if effective_at is None and takes_effect is None:
        return newer > rank
    if effective_at is not None and takes_effect is not None:
        return (takes_effect, newer) > (effective_at, rank)
    if effective_at is not None:  # one for a time that has come, against one that counts at once
        return newer > rank and came >= effective_at
    assert takes_effect is not None
    return newer > rank or takes_effect > received_at
