"""What became of figures that we wrote, or that orders have changed since? Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent.model.in_force import DOUBT_AGAIN, Check, Computed, Conclusion, InForce
from agent.model.product import ItemWrite, StoreProduct
from agent.updates import unexplained
from agent.updates.figures import Figure, Figures

SETTLES_WITHIN = timedelta(minutes=5)  # whatever PHP was still at when it did not answer
RETRY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Outcome:
    """``writes`` put figures right; ``good`` are checks that need no write.

    ``missing`` are the units by which a written figure falls short of what was computed: they went
    from the store without an order. ``computed`` are the figures of the SKUs all of whose products
    are right, ``doubtful`` the products whose figure rests on an acceptance that is not known for
    certain.
    """

    writes: tuple[ItemWrite, ...]
    good: tuple[Check, ...]
    missing: Mapping[int, int] = field(default_factory=dict)
    computed: Mapping[str, Computed] = field(default_factory=dict)
    doubtful: frozenset[int] = frozenset()


def decide(
    checks: Sequence[Check],
    shown: Mapping[int, StoreProduct],
    by_sku: Mapping[str, Sequence[StoreProduct]],
    in_force: Mapping[str, InForce],
    figures: Figures,
) -> Outcome:
    """Each check against the figure that is in force now, given what the store shows.

    What we wrote ourselves shows the whole figure, less what went without an order. All else is
    lowered to it, and raised by no more than was learned since the store was last in line with it:
    what somebody took away stays away. A sale of one product counts for all that share its SKU.
    """
    writes: list[ItemWrite] = []
    good: list[Check] = []
    computed: dict[str, Computed] = {}
    wrong_skus: set[str] = set()
    doubtful: set[int] = set()
    missing: dict[int, int] = {}
    for check in checks:
        subject = _subject(check, shown, in_force)
        if subject is None:
            good.append(check)
            continue
        product, force = subject
        same_sku = by_sku.get(product.sku) or [product]
        figure = figures.of(force, same_sku)
        if figure.is_doubtful:
            doubtful.add(product.id)
        computed[product.sku] = Computed(force.number, figure.computed)
        wrong = [
            ItemWrite(other, {"quantity": target})
            for other in same_sku
            if _is_comparable(other)
            and (target := _target(other, check, figure, force, figures))
            != other.values["quantity"]
        ]
        writes += wrong
        missing |= {w.product.id: figure.computed - w.values["quantity"] for w in wrong}
        if wrong:
            wrong_skus.add(product.sku)
        if all(write.product.id != product.id for write in wrong):
            good.append(check)
    right = {sku: one for sku, one in computed.items() if sku not in wrong_skus}
    return Outcome(tuple(writes), tuple(good), missing, right, frozenset(doubtful))


def _target(
    product: StoreProduct, check: Check, figure: Figure, force: InForce, figures: Figures
) -> int:
    """Where a base is known, so is what went without an order: the rest is what was learned. Where
    there is none, no order had taken anything when the figure was computed last."""
    stands = product.values["quantity"]
    is_ours = check.is_ours and product.id == check.product_id
    if stands is None or is_ours or product.id in figures.bases:
        return figure.quantity
    learned = 0
    if force.computed is not None:
        taken = unexplained.taken(figures.snapshots.get(product.id, ()))
        learned = max(0, figure.computed - force.computed + taken)
    return min(figure.quantity, int(stands) + learned)


def unchanged(
    checks: Sequence[Check],
    known: Mapping[int, StoreProduct],
    by_sku: Mapping[str, Sequence[StoreProduct]],
    in_force: Mapping[str, InForce],
    figures: Figures,
) -> Outcome:
    """The checks that need no look at the store: what is computed from all that is known now is
    what was computed last. ``known`` and ``by_sku`` are the products as they were shown last."""
    good: list[Check] = []
    doubtful: set[int] = set()
    for check in checks:
        subject = _subject(check, known, in_force)
        if subject is None:
            good.append(check)
            continue
        product, force = subject
        figure = figures.of(force, by_sku.get(product.sku) or [product])
        if figure.computed == force.computed:
            good.append(check)
            if figure.is_doubtful:
                doubtful.add(product.id)
    return Outcome((), tuple(good), doubtful=frozenset(doubtful))


def _subject(
    check: Check, products: Mapping[int, StoreProduct], in_force: Mapping[str, InForce]
) -> tuple[StoreProduct, InForce] | None:
    """What is compared with what; None where there is nothing to compare, or to compare with."""
    product = products.get(check.product_id)
    force = in_force.get(product.sku) if product is not None else None
    if product is None or force is None or not _is_comparable(product):
        return None
    return product, force


def _is_comparable(product: StoreProduct) -> bool:
    """No figure is written over one that can't be read."""
    return product.manages_stock is True and "quantity" not in product.unreadable


def conclude(check: Check, now: datetime, timeout: timedelta, *, is_doubtful: bool) -> Conclusion:
    """What becomes of a check that was good.

    A write that was not answered may still be done: its product is looked at once more when the
    store must have given up, and after five minutes. One whose figure rests on a doubt stays: the
    end of the doubt makes it due, and it is computed again once in a while.
    """
    times: list[datetime] = []
    if check.ambiguous_at is not None:
        times = [check.ambiguous_at + timeout, check.ambiguous_at + SETTLES_WITHIN]
        times = [at for at in times if at > now]
    is_ambiguous = bool(times)
    if is_doubtful:
        times.append(now + DOUBT_AGAIN)
    return Conclusion(
        *(check, min(times, default=None)), is_ambiguous=is_ambiguous, is_doubtful=is_doubtful
    )


def retry(check: Check, now: datetime) -> Conclusion:
    """What becomes of a check whose product the store refused to write."""
    return Conclusion(check, now + RETRY, is_right=False)
