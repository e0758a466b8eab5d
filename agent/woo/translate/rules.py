"""What a store's owner adds to the translation: words for statuses, and meta data that is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.model.order import FulfilmentStatus, PaymentStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Rules:
    """``meta``: keys that are told. ``fulfilment`` and ``payment``: what a status means."""

    meta: frozenset[str] = frozenset()
    fulfilment: Mapping[str, FulfilmentStatus] = field(default_factory=dict)
    payment: Mapping[str, PaymentStatus] = field(default_factory=dict)


PLAIN = Rules()


def made(*, meta: Iterable[str], statuses: Mapping[str, str]) -> Rules:
    """From settings: ``{"picked-up": "fulfilled paid"}``. The words of both axes differ."""
    said = [(status, word) for status, words in statuses.items() for word in words.split()]
    payment = {word.value for word in PaymentStatus}
    return Rules(
        meta=frozenset(meta),
        fulfilment={s: FulfilmentStatus(word) for s, word in said if word not in payment},
        payment={s: PaymentStatus(word) for s, word in said if word in payment},
    )
