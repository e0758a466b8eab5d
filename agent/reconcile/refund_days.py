"""Refunds per day and currency, in the store and as they were accepted. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from agent.model import money
from agent.model.report import NAMED, RefundDay

if TYPE_CHECKING:
    from datetime import datetime

Key = tuple[str, str]
"""(day, currency)"""
UNKNOWN = "?"


class Sums:
    """How many and how much by day (UTC) and currency."""

    def __init__(self) -> None:
        self.counts: Counter[Key] = Counter()
        self.amounts: defaultdict[Key, Decimal] = defaultdict(Decimal)

    def add(self, at: datetime | None, currency: str, amount: str) -> None:
        """A refund; ``amount`` is decimal text."""
        key = (f"{at:%Y-%m-%d}" if at else UNKNOWN, currency or UNKNOWN)
        self.counts[key] += 1
        self.amounts[key] += money.decimal(amount) or Decimal()


def compared(store: Sums, gateway: Sums) -> tuple[RefundDay, ...]:
    """Both sides, the newest day first."""
    keys = sorted({*store.counts, *gateway.counts}, reverse=True)
    return tuple(
        RefundDay(
            day=day,
            currency=currency,
            store_count=store.counts[day, currency],
            store_amount=money.amount(store.amounts[day, currency]),
            gateway_count=gateway.counts[day, currency],
            gateway_amount=money.amount(gateway.amounts[day, currency]),
        )
        for day, currency in keys
    )


def agree(days: tuple[RefundDay, ...]) -> bool:
    """Both sides say the same of every day."""
    return all(map(is_same, days))


def is_same(one: RefundDay) -> bool:
    """Both sides say the same of that day."""
    return (one.store_count, one.store_amount) == (one.gateway_count, one.gateway_amount)


def named(days: tuple[RefundDay, ...]) -> tuple[RefundDay, ...]:
    """As many as a report names, the newest first: of those that agree
    the oldest are left out before any that differ."""
    kept = sorted(days, key=is_same)[:NAMED]
    return tuple(sorted(kept, key=lambda one: (one.day, one.currency), reverse=True))
