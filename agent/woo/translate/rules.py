"""What a store's owner adds to the translation: words for statuses, and meta data that is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.model.order import FulfilmentStatus, PaymentStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.settings import CanonicalSettings


@dataclass(frozen=True, slots=True)
class Rules:
    """``meta``: keys that are told. ``fulfilment`` and ``payment``: what a status means.

    ``raw``: the body itself is sent, so that whatever it says is content.
    """

    meta: frozenset[str] = frozenset()
    fulfilment: Mapping[str, FulfilmentStatus] = field(default_factory=dict)
    payment: Mapping[str, PaymentStatus] = field(default_factory=dict)
    raw: bool = False


PLAIN = Rules()


def of(settings: CanonicalSettings, *, raw: bool = False) -> Rules:
    """``{"picked-up": "fulfilled paid"}``: the words of goods and of money differ."""
    said = [(status, w) for status, words in settings.statuses.items() for w in words.split()]
    payment = {word.value for word in PaymentStatus}
    return Rules(
        meta=frozenset(settings.meta),
        fulfilment={s: FulfilmentStatus(word) for s, word in said if word not in payment},
        payment={s: PaymentStatus(word) for s, word in said if word in payment},
        raw=raw,
    )
