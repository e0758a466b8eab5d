"""Which units of a refund went back into stock: the store only keeps a sum per order line. Pure.

Refunds that were read before keep what was found out then; the rest of the sum is that of new ones
(WC:includes/wc-order-functions.php, ``wc_restock_refunded_items``).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from agent.woo.translate import fields, order_state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.woo.translate.fields import Row

KEY = "restocked_quantity"
"""What each line of a refund gets: its units that went back into stock, None where nobody knows."""


def completed(order: Row, refunds: Sequence[Row], past: Sequence[Row | None]) -> list[Row]:
    """Those refunds of an order with ``restocked_quantity`` in each of their lines.

    ``past`` are those that were completed before, deleted ones among them; None for one of which
    that is lost.
    """
    before = [row for row in past if row is not None and "line_items" in row]
    found = {_id(line): line.get(KEY) for row in before for line in _lines(row)}
    left = _left(order, before) if len(before) == len(past) else None
    asked = Counter[int | None]()
    for refund in refunds:
        for line in _lines(refund):
            if _id(line) not in found:
                asked[order_line(line)] += units(line)

    def share(line: Row) -> int | None:
        if _id(line) in found:
            return fields.whole(found[_id(line)])
        of = order_line(line)
        return _share(left.get(of), units(line), asked[of]) if left is not None else None

    return [
        {**refund, "line_items": [{**line, KEY: share(line)} for line in _lines(refund)]}
        for refund in refunds
    ]


def _share(rest: int | None, units: int, asked: int) -> int | None:
    """None or all of what is ``asked`` for is plain, and so is one line that asks alone; a part
    could be that of any of them."""
    if rest is None or not 0 <= rest <= asked:
        return None
    if rest in (0, asked):
        return units if rest else 0
    return rest if units == asked else None


def _left(order: Row, past: Sequence[Row]) -> Mapping[int | None, int | None]:
    """What each line of the order got back beyond what past refunds are known to have."""
    left: dict[int | None, int | None] = {
        _id(line): order_state.restocked_units(line) for line in _lines(order)
    }
    for refund in past:
        for line in _lines(refund):
            of, share = order_line(line), fields.whole(line.get(KEY))
            rest = left.get(of)
            left[of] = None if rest is None or share is None else rest - share
    return left


def _lines(body: Row) -> list[Row]:
    return fields.rows(body.get("line_items"))


def _id(line: Row) -> int | None:
    return fields.reference(line.get("id"))


def units(line: Row) -> int:
    """Of a line of a refund, whose quantity is negative in the store."""
    return abs(fields.whole(line.get("quantity")) or 0)


def order_line(line: Row) -> int | None:
    """The id of the order's line that a line of a refund gives back."""
    for entry in fields.rows(line.get("meta_data")):
        if entry.get("key") == "_refunded_item_id":
            return fields.reference(entry.get("value"))
    return None
