"""What a comparison of both ends came to, in lines for people. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from agent.model import foreign, money
from agent.model.report import (
    KINDS,
    NAMED,
    Compared,
    Drifted,
    ReconciliationReport,
    RefundDay,
    is_not_compared,
)
from agent.reconcile import refund_days

_INDENT = "  "
_BY_THE_ERP = "what the ERP said last"  # of prices, which the report has no figure of


def lines(made: ReconciliationReport) -> Iterator[str]:
    """All of it, but for the last word."""
    for kind in KINDS:
        compared: Compared | None = getattr(made, kind)
        if compared is not None:
            yield from _compared(kind, compared)
    yield from _days(made.refund_days)
    if made.products is not None:
        yield from _figures(made)
    for kind in made.hidden:
        if is_not_compared(kind):
            yield _plain(kind, 400)
            continue
        yield (
            f"{kind}: the store shows so much less than before that nothing was taken for deleted;"
            " does a plugin hide them, or may our key not read all? If they are gone: --believe"
        )
    if made.unchecked_skus:
        yield f"{made.unchecked_skus:,} SKUs seem wrong, and can't be asked for once more"
    age_s = made.oldest_unsettled_seconds
    yield f"oldest event that waits: {'none' if age_s is None else span(age_s)}"
    yield f"held updates: {made.held_updates:,}"
    yield f"requests to the store: {made.requests:,}"


def conclusion(made: ReconciliationReport) -> str:
    """The last word."""
    if any(map(is_not_compared, made.hidden)):
        return "both ends do not agree: not all was compared"
    return "both ends agree" if made.agreed else "both ends do not agree"


def span(seconds: float) -> str:
    """About how long that is."""
    for unit, of_s in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * of_s:
            return f"{seconds / of_s:.0f} {unit}"
    return f"{seconds:.0f} s"


def _compared(name: str, compared: Compared) -> Iterator[str]:
    gone = f", {compared.gone:,} gone from the store" if compared.gone else ""
    yield f"{name}: {compared.in_store:,} in the store, {compared.accepted:,} accepted{gone}"
    rows = [(one.subject, _plain(one.reason)) for one in compared.not_accepted]
    yield from _aligned(rows)
    if (more := compared.in_store - compared.accepted - len(rows)) > 0:
        yield f"{_INDENT}and {more:,} more"


def _days(days: Sequence[RefundDay]) -> Iterator[str]:
    """Those that differ, and what all come to."""
    if not days:
        return
    rows = [(one.day, one.currency, *_sides(one)) for one in days if not refund_days.is_same(one)]
    title = f"the {NAMED} days named" if len(days) == NAMED else "all days"
    for currency in sorted({one.currency for one in days}):
        some = [one for one in days if one.currency == currency]
        total = RefundDay(
            day=title,
            currency=currency,
            store_count=sum(one.store_count for one in some),
            store_amount=_sum(one.store_amount for one in some),
            gateway_count=sum(one.gateway_count for one in some),
            gateway_amount=_sum(one.gateway_amount for one in some),
        )
        rows.append((total.day, currency, *_sides(total)))
    yield from _aligned([("refunds of", "currency", "in the store", "accepted"), *rows])


def _sides(one: RefundDay) -> tuple[str, str]:
    return (
        f"{one.store_amount} ({one.store_count:,})",
        f"{one.gateway_amount} ({one.gateway_count:,})",
    )


def _sum(amounts: Iterator[str]) -> str:
    return money.amount(sum(map(Decimal, amounts), Decimal()))


def _figures(made: ReconciliationReport) -> Iterator[str]:
    if made.accuracy is None:
        yield "stock: no figure of the ERP to compare with"
    else:
        percent = made.accurate * 10_000 // made.skus / 100  # never 100 where one is wrong
        yield (
            f"stock: {made.accurate:,} of {made.skus:,} SKUs show the intended figure"
            f" ({percent:.2f} %)"
        )
    if made.drifted:
        header = ("sku", "field", "shown", "intended", "cause")
        yield from _aligned([header, *map(_row, made.drifted)])
    if (more := made.drifted_count - len(made.drifted)) > 0:
        yield f"{_INDENT}and {more:,} more"


def _row(one: Drifted) -> tuple[str, ...]:
    intended = _BY_THE_ERP if one.intended is None else one.intended
    shown = "-" if one.shown is None else one.shown
    return _plain(one.sku), one.field, shown, intended, one.cause


def _plain(text: str, most: int = 100) -> str:
    """What a store or a gateway said must not steer the terminal."""
    return "".join(filter(str.isprintable, foreign.line(text, most)))


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        yield (_INDENT + "  ".join(cells)).rstrip()
