"""Products that the store fails to write, found by halving, and left alone for a while.

Any request that touches one of them is a 500: a plugin breaks on it, or its data. A write that
ended so may have been done, and is read before it is sent again: a batch that failed comes again in
halves, one round later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.model.product import ItemWrite

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SetAside:
    """A product that the store fails on when it takes others: ``why``, and when it comes again."""

    why: str
    pause: timedelta
    until: datetime


class Suspects:
    """What is known of them, from round to round."""

    def __init__(self) -> None:
        self._groups: list[frozenset[int]] = []
        self._set_aside: dict[int, SetAside] = {}

    def set_aside(self, product_ids: Iterable[int], now: datetime) -> dict[int, SetAside]:
        """Those of the products whose time has not come again."""
        return {
            number: found
            for number in product_ids
            if (found := self._set_aside.get(number)) is not None and found.until > now
        }

    def are_found(self, product_ids: Iterable[int]) -> bool:
        """Whether each of them was found to be one that the store fails on."""
        return all(number in self._set_aside for number in product_ids)

    @property
    def named(self) -> dict[int, str]:
        """Every product that the store fails on, and why."""
        return {number: found.why for number, found in sorted(self._set_aside.items())}

    def apart(self, writes: Sequence[ItemWrite]) -> tuple[list[ItemWrite], list[list[ItemWrite]]]:
        """Those that nothing speaks against; and the others, in the groups to send them in."""
        groups = [*self._groups, *(frozenset({number}) for number in self._set_aside)]
        found: list[list[ItemWrite]] = []
        left = list(writes)
        for group in groups:
            if some := [write for write in left if write.product.id in group]:
                found.append(some)
                left = [write for write in left if write.product.id not in group]
        return left, found

    def taken(self, product_ids: Collection[int]) -> None:
        """The store answered for those: it is none of them."""
        self._groups = [left for group in self._groups if (left := group.difference(product_ids))]
        for number in product_ids:
            self._set_aside.pop(number, None)

    def failed(
        self, product_ids: Sequence[int], why: str, now: datetime, *, takes_others: bool
    ) -> None:
        """The store failed on a request with those. Only where it takes others in the same round is
        a product to blame, and not the store; one that was found before stays the one."""
        self._groups = [left for group in self._groups if (left := group.difference(product_ids))]
        if len(product_ids) > 1:
            middle = len(product_ids) // 2
            self._groups += [
                frozenset(product_ids[:middle]),
                frozenset(product_ids[middle:]),
            ]
            return
        [number] = product_ids
        before = self._set_aside.get(number)
        if before is None and not takes_others:
            self._groups.append(frozenset(product_ids))
            return
        pause = FIRST_PAUSE if before is None else min(before.pause * 2, LONGEST_PAUSE)
        self._set_aside[number] = SetAside(why, pause, now + pause)
