"""A model ERP beside one product: what it was told, what it has really booked, what it says.

``histories`` makes orders whose snapshots reach the gateway or not, an ERP that books some of them
and ships some orders, and a figure with a watermark that keeps the contract. The figure that is to
be written must never exceed ``sellable``. ``unseen_units`` are the rules, as short as they can be
said: the reference that they are tried on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from agent.model.update import StockUpdate

if TYPE_CHECKING:
    from collections.abc import Sequence

UNCERTAIN = timedelta(minutes=10)
START = datetime(2026, 11, 24, 8, tzinfo=UTC)
ON_HAND = 100
WATERMARKS = ("position", "position, unseen", "position, seen", "as_of", "none")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A line of an order at one snapshot, as the agent knows it.

    ``state`` is ``pending``, ``accepted`` or ``dead``; a pending one is ``doubtful`` if the gateway
    may have it. An accepted one may lack its position.
    """

    order: str
    line_id: int
    sequence: int
    units: int
    state: str = "pending"
    doubtful: bool = False
    position: int | None = None
    accepted_at: datetime | None = None
    baseline: bool = False
    item_id: int = 10
    held: int = 0
    time_is_bound: bool = False

    @property
    def subject(self) -> str:
        return self.order


@dataclass(frozen=True, slots=True)
class History:
    """What the agent knows when it computes, and what is true then."""

    update: StockUpdate
    fetched_at: datetime
    snapshots: tuple[Snapshot, ...]
    sellable: int
    told_everything: bool  # the ERP has booked the newest snapshot of every order, and certainly


Rule = Callable[[StockUpdate, datetime, Iterable[Snapshot]], int]


def unseen_units(update: StockUpdate, fetched_at: datetime, known: Iterable[Snapshot]) -> int:
    """Most less least, over the lines."""
    return sum(
        _most(line, seen) - _least(line, seen)
        for line, seen in _lines(update, fetched_at, list(known))
    )


def returns_at_once(update: StockUpdate, fetched_at: datetime, known: Iterable[Snapshot]) -> int:
    """Wrong: an unseen return is added."""
    return sum(
        line[-1].units - _least(line, seen)
        for line, seen in _lines(update, fetched_at, list(known))
    )


def doubt_is_unseen(update: StockUpdate, fetched_at: datetime, known: Iterable[Snapshot]) -> int:
    """Wrong: what the ERP may have seen counts as seen."""
    return sum(
        _most(line, ["certain" if how == "possible" else how for how in seen])
        - _least(line, ["certain" if how == "possible" else how for how in seen])
        for line, seen in _lines(update, fetched_at, list(known))
    )


def nothing(update: StockUpdate, fetched_at: datetime, known: Iterable[Snapshot]) -> int:
    """Wrong: what everybody does."""
    return 0


def _lines(
    update: StockUpdate, fetched_at: datetime, snapshots: list[Snapshot]
) -> list[tuple[list[Snapshot], list[str]]]:
    lines: dict[tuple[str, int], list[Snapshot]] = {}
    for one in sorted(snapshots, key=lambda one: one.sequence):
        lines.setdefault((one.order, one.line_id), []).append(one)
    return [
        (line, [_seen(update, fetched_at, one, line) for one in line]) for line in lines.values()
    ]


def _seen(
    update: StockUpdate, fetched_at: datetime, one: Snapshot, line: Sequence[Snapshot]
) -> str:
    if one.order in update.unseen or one.state == "dead":
        return "not"
    if one.baseline:
        return "certain"
    if one.state == "pending" or one.accepted_at is None:
        return "possible" if one.doubtful else "not"
    by = update.as_of or fetched_at
    if one.order in update.seen:
        taken = [s.sequence for s in line if s.accepted_at is not None and s.accepted_at <= by]
        if one.sequence == max(taken, default=None):
            return "certain"
    if update.seen_position is not None:
        if one.position is None:
            return "possible"
        return "certain" if one.position <= update.seen_position else "not"
    if one.accepted_at < by - UNCERTAIN:
        return "certain"
    return "possible" if one.accepted_at <= by else "not"


def _from_last_certain(line: Sequence[Snapshot], seen: Sequence[str]) -> int:
    return max((place for place, how in enumerate(seen) if how == "certain"), default=-1)


def _most(line: Sequence[Snapshot], seen: Sequence[str]) -> int:
    return max(one.units for one in line[max(_from_last_certain(line, seen), 0) :])


def _least(line: Sequence[Snapshot], seen: Sequence[str]) -> int:
    last = _from_last_certain(line, seen)
    start = [line[last].units] if last >= 0 else [0]
    later = zip(line[last + 1 :], seen[last + 1 :], strict=True)
    return min([*start, *(one.units for one, how in later if how == "possible")])


@dataclass(frozen=True, slots=True)
class _Told:
    """An order's snapshot at the gateway: ``units`` by line."""

    order: str
    sequence: int
    position: int
    at: datetime
    units: dict[int, int]


@st.composite
def histories(draw: st.DrawFn, watermark: str) -> History:
    """Orders of one product, up to the moment at which the agent computes its figure."""
    number = st.integers
    orders = [f"order/{n}" for n in range(1, draw(number(1, 4)) + 1)]
    lines = {o: range(10 * n, 10 * n + draw(number(1, 2))) for n, o in enumerate(orders, 1)}
    happened = draw(st.lists(st.sampled_from(orders), min_size=1, max_size=10))
    snapshots: list[Snapshot] = []
    journal: list[_Told] = []
    stuck: set[str] = set()  # nothing overtakes what waits
    at = START
    for sequence, order in enumerate(happened, 1):
        units = {line: draw(number(0, 3)) for line in lines[order]}
        fate = "waits" if order in stuck else draw(st.sampled_from(_FATES))
        at += timedelta(seconds=draw(number(1, 600)))
        told = _Told(order, sequence, len(journal) + 1, at, units)
        known: dict[str, Any] = {}
        if fate in ("accepted", "without position", "answer lost"):
            journal.append(told)
        if fate in ("waits", "answer lost", "doubtful"):
            known = {"doubtful": fate != "waits"}
            stuck.add(order)
        elif fate == "dead":
            known = {"state": "dead"}
        else:
            position = told.position if fate == "accepted" else None
            known = {"state": "accepted", "position": position, "accepted_at": at}
        snapshots += [Snapshot(order, n, sequence, u, **known) for n, u in units.items()]
    booked, said, fetched_at = _booked(draw, watermark, journal, at)
    return _history(draw, snapshots, journal, booked, said, fetched_at)


_FATES = (*["accepted"] * 4, "without position", "answer lost", "doubtful", "waits", "dead")


def _booked(
    draw: st.DrawFn, watermark: str, journal: Sequence[_Told], now: datetime
) -> tuple[list[_Told], dict[str, Any], datetime]:
    """What the ERP has booked, the watermark that says so, and when the page was fetched."""
    upto = draw(st.integers(0, len(journal)))
    below, above = list(journal[:upto]), journal[upto:]
    position = {"seen_position": upto}
    if watermark == "position":
        return below, position, now
    orders = sorted({told.order for told in journal})
    some = draw(st.sets(st.sampled_from(orders))) if orders else set()
    if watermark == "position, unseen":
        booked = [told for told in below if told.order not in some]
        return booked, {**position, "unseen": sorted(some)}, now
    if watermark == "position, seen":
        as_of = START + timedelta(seconds=draw(st.integers(0, int((now - START).total_seconds()))))
        named = {order for order in some if _all_below_are_taken(order, below, as_of)}
        ahead = [told for told in above if told.order in named and told.at <= as_of]
        return [*below, *ahead], {**position, "seen": sorted(named), "as_of": as_of}, now
    by = now - timedelta(seconds=draw(st.integers(0, 1200)))
    certain = [told for told in journal if told.at < by - UNCERTAIN]
    perhaps = [told for told in journal if by - UNCERTAIN <= told.at <= by]
    late: set[str] = set()
    for told in perhaps:
        if told.order not in late and draw(st.booleans()):
            certain.append(told)
        else:
            late.add(told.order)  # an order's own snapshots are booked in order
    return (certain, {"as_of": by}, now) if watermark == "as_of" else (certain, {}, by)


def _all_below_are_taken(order: str, below: Sequence[_Told], as_of: datetime) -> bool:
    """``seen`` speaks of the latest event accepted by ``as_of``: none that is booked came later."""
    return all(told.at <= as_of for told in below if told.order == order)


def _history(
    draw: st.DrawFn,
    snapshots: Sequence[Snapshot],
    journal: Sequence[_Told],
    booked: Sequence[_Told],
    said: dict[str, Any],
    fetched_at: datetime,
) -> History:
    """Goods that left stay gone, whatever becomes of their order: before the figure was made, or
    after it and on the strength of something booked since."""
    figure, gone = _units(booked), dict[tuple[str, int], int]()
    for line, units in _units(booked).items():
        if draw(st.booleans()):
            gone[line] = units
    later = [told for told in journal if told not in booked]
    for told in later[: draw(st.integers(0, len(later)))]:
        for number, units in told.units.items():
            line = (told.order, number)
            if draw(st.booleans()):
                gone[line] = max(units, gone.get(line, 0))
    now = _units(
        _Told(one.order, one.sequence, 0, START, {one.line_id: one.units}) for one in snapshots
    )
    kept = {line: max(units, gone.get(line, 0)) for line, units in now.items()}
    update = StockUpdate.model_validate(
        {"id": "u-1", "kind": "stock", "sku": "MUG-1", "version": 1}
        | {"quantity": ON_HAND - sum(figure.values())}
        | {name: value.isoformat() if name == "as_of" else value for name, value in said.items()}
    )
    return History(
        update,
        fetched_at,
        tuple(snapshots),
        ON_HAND - sum(kept.values()),
        update.seen_position == len(journal)
        and not update.unseen
        and all(one.position is not None for one in snapshots),
    )


def _units(told: Iterable[_Told]) -> dict[tuple[str, int], int]:
    """By line, of the newest snapshot of its order."""
    newest: dict[tuple[str, int], tuple[int, int]] = {}
    for one in told:
        for number, units in one.units.items():
            line = (one.order, number)
            newest[line] = max(newest.get(line, (0, 0)), (one.sequence, units))
    return {line: units for line, (_, units) in newest.items()}


def shown(
    history: History, rule: Callable[[StockUpdate, datetime, Sequence[Snapshot]], int]
) -> int:
    """The figure that would be written."""
    subtracted = rule(history.update, history.fetched_at, history.snapshots)
    return history.update.quantity - subtracted
