"""Has an order refunds that were not told, or were told otherwise? Pure.

An order names its refunds with their amounts; their lines are read from the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.model.delivery import Known, Reading, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

_STANDS = frozenset({Verdict.EVENT, Verdict.DUPLICATE})


def are_news(reading: Reading, found: Verdict, known: Mapping[str, Known]) -> bool:
    """Whether the refunds of that order are to be read. A repeated body is asked too: what is known
    of its refunds may have been lost since.

    The trash keeps refunds: those of a deleted order are read where there were any.
    """
    if reading.resource != "order" or reading.untranslatable or found not in _STANDS:
        return False
    return dict(reading.refunds) != told(reading.subject, known)


def told(order: str, known: Mapping[str, Known]) -> dict[str, bytes]:
    """The subjects of the refunds of that order that were told and not taken back, with their
    amounts."""
    return {
        subject: content.figures
        for subject, content in known.items()
        if content.parent == order and not content.deleted
    }
