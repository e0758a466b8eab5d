"""Did the store do what it was asked? It answers 200 to much that it ignores. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.model.inbox import Opened, Settlement
from agent.model.product import Written
from agent.model.update import Code, UpdateState
from agent.updates import plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from agent.model.product import ItemAnswer, ItemWrite, StoreProduct
    from agent.updates.plan import Target
    from agent.updates.suspects import SetAside

_SALE = ("sale_price", "sale_from", "sale_to")


def settled(
    targets: Sequence[Target],
    answers: Mapping[int, ItemAnswer],
    same: Callable[[str, object, object], bool],
    *,
    sent_after: int = 0,
) -> list[Settlement]:
    """What became of the updates behind ``targets``; ``answers`` by product id. An update whose
    answers did not all come is left out: it stays open and is read again. ``sent_after`` is the
    number of the newest arrival when they were sent."""
    of_update: dict[int, list[Target]] = {}
    for target in targets:
        of_update.setdefault(target.opened.number, []).append(target)
    return [
        _one(group, answers, same, sent_after)
        for group in of_update.values()
        if all(target.product.id in answers for target in group)
    ]


def set_aside(targets: Sequence[Target], aside: Mapping[int, SetAside]) -> list[Settlement]:
    """The updates behind ``targets`` that wait because the store fails on one of their products."""
    waiting = {
        target.opened.number: Settlement(
            target.opened,
            UpdateState.WAITING,
            code=Code.NOT_APPLIED,
            message=f"product {target.product.id} is tried again later: {found.why}",
            due_at=found.until,
        )
        for target in targets
        if (found := aside.get(target.product.id)) is not None
    }
    return list(waiting.values())


def refused(
    items: Iterable[ItemWrite],
    answers: Mapping[int, ItemAnswer],
    same: Callable[[str, object, object], bool],
) -> set[int]:
    """The products that the store answered for, but did not do what it was asked."""
    found = set()
    for item in items:
        answer = answers.get(item.product.id)
        if answer is not None and (
            answer.product is None or answer.product.lacks(item.values, same)
        ):
            found.add(item.product.id)
    return found


def _one(
    group: Sequence[Target],
    answers: Mapping[int, ItemAnswer],
    same: Callable[[str, object, object], bool],
    sent_after: int,
) -> Settlement:
    opened = group[0].opened
    for target in group:
        failure = _failure(opened, target, answers[target.product.id], same)
        if failure is not None:
            return failure
    first = group[0]
    answer = answers[first.product.id].product
    ended = [t for t in group if _ended_sale(t, answers[t.product.id])]
    changed = {**first.values, **dict.fromkeys(_SALE)} if ended else first.values
    return Settlement(
        opened,
        UpdateState.APPLIED,
        code=Code.SALE_CLEARED if ended else None,
        message="the store ended a sale that was no reduction any more" if ended else first.note,
        store=plan.shown(answer or first.product, changed),
        before=plan.shown(first.product, changed),
        computed=first.computed,
        is_doubtful=first.is_doubtful,
        written=tuple(
            Written(product_id, answer.figures, answer.changed_at, sent_after, answer.stock)
            for product_id, answer in ((t.product.id, answers[t.product.id]) for t in group)
        ),
    )


def _ended_sale(target: Target, answer: ItemAnswer) -> bool:
    """A regular price at or below the running sale makes the store end the sale in silence."""
    return (
        "sale_price" not in target.values
        and target.product.values["sale_price"] is not None
        and answer.product is not None
        and _has_no_sale(answer.product)
    )


def _has_no_sale(product: StoreProduct) -> bool:
    return product.values["sale_price"] is None and "sale_price" not in product.unreadable


def _failure(
    opened: Opened,
    target: Target,
    answer: ItemAnswer,
    same: Callable[[str, object, object], bool],
) -> Settlement | None:
    before = plan.shown(target.product, target.values)
    if answer.product is None:
        return Settlement(
            opened, UpdateState.FAILED, code=answer.code, message=answer.message, before=before
        )
    lacking = answer.product.lacks(target.values, same)
    if not lacking:
        return None
    unreadable = [why for name, why in answer.product.unreadable.items() if name in lacking]
    ignored = [name for name in lacking if name not in answer.product.unreadable]
    message = (
        f"the store answered 200 but did not change {', '.join(ignored)}"
        if ignored
        else f"the store answered 200, and {', '.join(unreadable)}: it may have been changed"
    )
    return Settlement(
        opened,
        UpdateState.FAILED,
        code=_silent_no(ignored, answer.product),
        message=message,
        store=plan.shown(answer.product, target.values),
        before=before,
    )


def _silent_no(ignored: Sequence[str], product: StoreProduct) -> Code:
    if "quantity" in ignored and product.manages_stock is not True:
        return Code.NOT_APPLIED if "manage_stock" in product.unreadable else Code.STOCK_NOT_MANAGED
    if "sale_price" in ignored and _has_no_sale(product):
        return Code.SALE_CLEARED
    return Code.NOT_APPLIED
