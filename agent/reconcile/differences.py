"""What of a list has to be read because it is not known as it is? Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.model.history import is_history

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from agent.model.listed import Listed, Told

TRASH = "trash"
_FEW = 20
_MOST_GONE = 0.1


def differ(row: Listed, told: Told | None, since: datetime, *, began: int = 0) -> bool:
    """Whether the store shows something of which nothing, or something else, was told. What was
    never told and is from before ``since``, when the store went live, is nobody's business.

    What was told by number ``began`` and is newer than what a list shows that was read after that:
    the store was restored from a backup."""
    if told is None:
        return is_ours(row, told, since)
    if told.deleted:
        return row.status != TRASH
    if row.figures and row.figures != told.figures and (told.figures or not _is_order(row)):
        return True
    if row.changed_at is None or told.changed_at is None:
        return row.changed_at is not None
    if row.changed_at < told.changed_at:
        return told.sequence <= began
    return row.changed_at > told.changed_at


def _is_order(row: Listed) -> bool:
    """Of those that were told by an earlier version no figures are kept: their dates must do."""
    return row.subject.startswith("order/")


def is_ours(row: Listed, told: Told | None, since: datetime) -> bool:
    """Whether the gateway should know it."""
    dates = (row.created_at, row.changed_at)
    return told is not None or (any(dates) and not is_history(dates, since))


def is_owed(refund: Listed, told: Mapping[str, Told], orders: Collection[int]) -> bool:
    """Whether the gateway is to know that refund: not, if its order was told to be deleted, for the
    trash keeps refunds; nor if it is none of the ``orders`` that the store shows, for then it is
    left over from what went past it."""
    if refund.subject in told:
        return True
    order, number = told.get(refund.parent), refund.parent.partition("/")[2]
    shown = number.isdecimal() and int(number) in orders
    return shown and (order is None or not order.deleted)


def refunds_of(rows: Iterable[Listed], told: Mapping[str, Told]) -> list[str]:
    """The orders of which a refund is not known with its amount; ``told`` has refunds and
    orders."""
    orders: dict[str, None] = {}
    for row in rows:
        known = told.get(row.subject)
        if known is None or known.deleted or known.figures != row.figures:
            orders[row.parent] = None
    return list(orders)


def gone(told: Iterable[Told], shown: Collection[int], *, up_to: int) -> list[Told]:
    """What was told by number ``up_to`` and is not shown any more."""
    return [
        one
        for one in told
        if not one.deleted
        and one.sequence <= up_to
        and int(one.subject.partition("/")[2]) not in shown
    ]


def is_believable(missing: int, told: int) -> bool:
    """A store that suddenly shows much less than was told rather hides it: a plugin, or a key that
    may not read everything."""
    return missing <= max(_FEW, told * _MOST_GONE)
