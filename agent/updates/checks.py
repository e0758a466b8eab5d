"""What became of figures that we wrote, or that orders have changed since? Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from agent.model.product import ItemWrite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from agent.model.in_force import Check, InForce
    from agent.model.product import StoreProduct
    from agent.updates.figures import Figures

SETTLES_WITHIN = timedelta(minutes=5)  # whatever PHP was still at when it did not answer
RETRY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Outcome:
    """``writes`` put figures right; ``good`` are checks that need no write."""

    writes: tuple[ItemWrite, ...]
    good: tuple[Check, ...]


def decide(
    checks: Sequence[Check],
    shown: Mapping[int, StoreProduct],
    by_sku: Mapping[str, Sequence[StoreProduct]],
    in_force: Mapping[str, InForce],
    figures: Figures,
) -> Outcome:
    """Each check against the figure that is in force now, given what the store shows.

    Only what we wrote ourselves is also raised: what a return adds, the ERP has to say. A sale of
    one product lowers all that share its SKU.
    """
    writes: list[ItemWrite] = []
    good: list[Check] = []
    for check in checks:
        product = shown.get(check.product_id)
        force = in_force.get(product.sku) if product is not None else None
        if product is None or force is None or product.manages_stock is not True:
            good.append(check)  # there is nothing to compare, or nothing to compare with
            continue
        same_sku = by_sku.get(product.sku) or [product]
        figure = figures.of(force.update, force.fetched_at, same_sku).quantity
        wrong = [other for other in same_sku if _too_high(other, figure)]
        if check.is_ours and product.values["quantity"] != figure and product not in wrong:
            wrong.append(product)
        writes += [ItemWrite(other, {"quantity": figure}) for other in wrong]
        if product not in wrong:
            good.append(check)
    return Outcome(tuple(writes), tuple(good))


def _too_high(product: StoreProduct, figure: int) -> bool:
    stands = product.values["quantity"]
    return product.manages_stock is True and (stands is None or stands > figure)


def again_at(check: Check, now: datetime, timeout: timedelta) -> datetime | None:
    """When a check that was good is made again; None: it is done with.

    A write that was not answered may still be done: its product is looked at once more when the
    store must have given up, and after five minutes.
    """
    if check.ambiguous_at is None:
        return None
    times = (check.ambiguous_at + timeout, check.ambiguous_at + SETTLES_WITHIN)
    return min((at for at in times if at > now), default=None)
