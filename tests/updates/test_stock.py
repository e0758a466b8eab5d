"""What the ERP has not seen is subtracted; what it may have seen is never counted as stock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.model.stock import Snapshot
from agent.model.update import StockUpdate
from agent.updates import stock

if TYPE_CHECKING:
    from collections.abc import Sequence

AT = datetime(2026, 11, 24, 8, tzinfo=UTC)
UNCERTAIN = timedelta(minutes=10)
MINUTE = timedelta(minutes=1)


def update(quantity: int = 18, **more: Any) -> StockUpdate:
    given: dict[str, Any] = {"id": "u-1", "kind": "stock", "sku": "MUG-1", "quantity": quantity}
    return StockUpdate.model_validate(given | more)


def accepted(
    units: int, position: int | None = None, *, at: datetime | None = None, **more: Any
) -> Snapshot:
    return Snapshot(
        *(0, "order/1022", 7, 10, units, units, "accepted"),
        position=position,
        accepted_at=at,
        **more,
    )


def waits(units: int, *, state: str = "pending", **more: Any) -> Snapshot:
    return Snapshot(0, "order/1022", 7, 10, units, units, state, **more)


def line(*snapshots: Snapshot) -> list[Snapshot]:
    """In that order."""
    return [replace(one, sequence=n) for n, one in enumerate(snapshots, start=1)]


def figure(said: StockUpdate, snapshots: Sequence[Snapshot], fetched_at: datetime = AT) -> int:
    return said.quantity - stock.unseen_units(said, fetched_at, snapshots, uncertain=UNCERTAIN)


@pytest.mark.parametrize(
    ("said", "snapshots", "shown"),
    [
        # The examples of the rule.
        (update(18, seen_position=5), [accepted(2, 6)], 16),
        (update(18, seen_position=5), [accepted(2, 6), accepted(0, 7)], 16),
        (update(18, seen_position=7), [accepted(2, 6), accepted(0, 7)], 18),
        (update(18, seen_position=6), [accepted(2, 6), accepted(0, 7)], 18),
        (update(20, seen_position=7), [accepted(2, 6), accepted(0, 7)], 20),
        (update(20, seen_position=7), [accepted(2, 6), accepted(0, 7), waits(2)], 18),
        (update(20, seen_position=7), [accepted(2, 6), accepted(0, 7), accepted(2, 8)], 18),
        # Not sent, in doubt, dead, discarded.
        (update(18, seen_position=5), [waits(2)], 16),
        (update(18, seen_position=5), [waits(2, doubtful=True)], 16),
        (update(18, seen_position=5), [waits(2, state="dead")], 16),
        (update(18, seen_position=5), [waits(2, state="discarded")], 16),
        (update(18, seen_position=7), [waits(2, state="dead"), accepted(2, 7)], 18),
        (update(18, seen_position=6), [accepted(2, 6), waits(0)], 18),
        (update(18, seen_position=6), [accepted(2, 6), waits(0, doubtful=True)], 16),
        (update(18, seen_position=6), [accepted(2, 6), waits(0), waits(3)], 17),
        (update(18, seen_position=6), [accepted(2, 6), waits(0, doubtful=True), waits(3)], 15),
        (update(18, seen_position=6), [accepted(2, 6), waits(0, state="dead"), waits(2)], 18),
        # A part given back, and more ordered.
        (update(18, seen_position=6), [accepted(3, 6), accepted(1, 7)], 18),
        (update(18, seen_position=6), [accepted(1, 6), accepted(3, 7)], 16),
        # Positions that are not told, and those that are a bound.
        (update(18, seen_position=5), [accepted(2)], 16),
        (update(18, seen_position=6), [accepted(2, 6), accepted(0)], 16),
        (update(18, seen_position=6), [accepted(2, 6), accepted(0, 9, doubtful=True)], 16),
        (update(18, seen_position=9), [accepted(2, 6), accepted(0, 9, doubtful=True)], 18),
        # Subjects that are named.
        (update(18, seen_position=9, unseen=["order/1022"]), [accepted(2, 6)], 16),
        (update(18, seen_position=9, unseen=["order/1"]), [accepted(2, 6)], 18),
        (update(18, seen_position=5, seen=["order/1022"]), [accepted(2, 6, at=AT)], 18),
        (update(18, seen_position=5, seen=["order/1"]), [accepted(2, 6, at=AT)], 16),
        (
            update(18, seen_position=5, seen=["order/1022"], as_of="2026-11-24T08:00:00Z"),
            [accepted(2, 6, at=AT), accepted(3, 7, at=AT + MINUTE)],
            17,
        ),
        # The beginning.
        (update(18, seen_position=5), [waits(2, baseline=True)], 18),
        (update(18), [accepted(2, at=AT, baseline=True)], 18),
        (update(18, seen_position=5), [waits(2, baseline=True), waits(3)], 17),
        (update(18, unseen=["order/1022"]), [waits(2, baseline=True)], 16),
    ],
)
def test_the_figure_by_position(said: StockUpdate, snapshots: list[Snapshot], shown: int) -> None:
    assert figure(said, line(*snapshots)) == shown


@pytest.mark.parametrize("as_of", [True, False])
@pytest.mark.parametrize(
    ("before", "seen_return", "shown"),
    [
        (11 * MINUTE, False, 18),  # certainly
        (UNCERTAIN, False, 16),  # possibly
        (MINUTE, False, 16),
        (-MINUTE, False, 16),  # not
        (11 * MINUTE, True, 18),
        (MINUTE, True, 16),  # it may be in the figure, or not
        (-MINUTE, True, 18),
    ],
)
def test_the_figure_by_time(as_of: bool, before: timedelta, seen_return: bool, shown: int) -> None:
    first = [accepted(2, at=AT - timedelta(hours=1))] if seen_return else []
    snapshots = line(*first, accepted(0 if seen_return else 2, at=AT - before))
    if as_of:
        said = update(18, as_of=AT.isoformat())
        assert figure(said, snapshots, AT + timedelta(hours=5)) == shown
    else:
        assert figure(update(18), snapshots) == shown


def test_a_doubtful_acceptance_may_have_been_earlier() -> None:
    late = accepted(0, at=AT + MINUTE, doubtful=True)
    assert figure(update(18), line(accepted(2, at=AT - timedelta(hours=1)), late)) == 16


def test_lines_and_items_are_counted_apart() -> None:
    swapped = [
        Snapshot(1, "order/1", 7, 10, 2, 2, "accepted", position=1),
        Snapshot(2, "order/1", 7, 10, 0, 0, "pending"),
        Snapshot(2, "order/1", 7, 11, 2, 2, "pending"),
        Snapshot(2, "order/1", 8, 10, 1, 1, "pending"),
    ]
    assert stock.unseen_units(update(seen_position=1), AT, swapped, uncertain=UNCERTAIN) == 3
    assert stock.committed_units(swapped) == 3
    assert stock.held_units(reversed(swapped)) == 3


@dataclass(frozen=True)
class World:
    """Lines of one item, what the agent knows of them, and which snapshot of each the ERP saw
    last (-1: none)."""

    lines: list[list[Snapshot]]
    seen: list[int]
    update: StockUpdate
    known: bool  # nothing is in doubt

    @property
    def snapshots(self) -> list[Snapshot]:
        return [one for line in self.lines for one in line]

    def worst(self, on_hand: int) -> int:
        """What may be sold if the ERP refuses every return it has not seen."""
        return on_hand - sum(
            max([one.units for one in line[max(seen, 0) :]] + [0] * (seen < 0))
            for line, seen in zip(self.lines, self.seen, strict=True)
        )

    def booked(self) -> int:
        pairs = zip(self.lines, self.seen, strict=True)
        return sum(line[seen].units for line, seen in pairs if seen >= 0)


ON_HAND = 100
_KNOWN = ("accepted", "waits", "dead")
_DOUBT = ("lost_answer", "accepted_unnumbered", "replayed")


@st.composite
def worlds(draw: st.DrawFn, *, by: str, fates: tuple[str, ...] = (*_KNOWN, *_DOUBT)) -> World:
    """Orders whose events were taken one after another (the truth: a place in the journal and a
    time), as an agent knows them, and a figure that keeps the contract."""
    count = draw(st.integers(1, 2))
    histories = [draw(st.lists(st.integers(0, 2), min_size=1, max_size=5)) for _ in range(count)]
    order = draw(st.permutations([n for n, units in enumerate(histories) for _ in units]))
    fetched = AT + draw(st.integers(-5, 90)) * MINUTE
    watermark = draw(st.integers(0, len(order) + 1))
    lines: list[list[Snapshot]] = [[] for _ in histories]
    taken: list[list[tuple[int, datetime] | None]] = [[] for _ in histories]
    certain = True
    at = AT
    for place, number in enumerate(order, start=1):
        fate = draw(st.sampled_from(fates))
        at += draw(st.integers(0, 20)) * MINUTE
        snapshot = replace(
            waits(histories[number][len(lines[number])]),
            sequence=place,
            order=f"order/{number}",
            line_id=number,
        )
        real: tuple[int, datetime] | None = (place, at)
        match fate:
            case "accepted":
                snapshot = replace(snapshot, state="accepted", position=place, accepted_at=at)
            case "accepted_unnumbered":
                bound = place + draw(st.integers(0, 3))
                snapshot = replace(
                    snapshot,
                    state="accepted",
                    accepted_at=at,
                    doubtful=True,
                    position=draw(st.sampled_from([None, bound])),
                )
            case "replayed":
                later = draw(st.integers(0, 3))
                snapshot = replace(
                    snapshot,
                    state=draw(st.sampled_from(["accepted", "pending"])),
                    position=place + later,
                    accepted_at=at + later * MINUTE,
                    doubtful=True,
                )
            case "lost_answer":
                snapshot = replace(
                    snapshot, doubtful=True, state=draw(st.sampled_from(["pending", "dead"]))
                )
                real = draw(st.sampled_from([real, None]))
            case "waits" | "dead":
                state = "pending" if fate == "waits" else "dead"
                snapshot, real = replace(snapshot, state=state), None
        certain = certain and fate in _KNOWN
        lines[number].append(snapshot)
        taken[number].append(real)
    said, seen = _said(draw, by, taken, watermark, fetched)
    booked = sum(line[last].units for line, last in zip(lines, seen, strict=True) if last >= 0)
    return World(lines, seen, update(ON_HAND - booked, **said), certain)


def _said(
    draw: st.DrawFn,
    by: str,
    taken: list[list[tuple[int, datetime] | None]],
    watermark: int,
    fetched: datetime,
) -> tuple[dict[str, Any], list[int]]:
    """A watermark, and the snapshot of each order that the ERP booked last by it."""
    if by == "position":
        unseen = draw(st.sets(st.integers(0, len(taken) - 1), max_size=1))
        said: dict[str, Any] = {"seen_position": watermark}
        said["unseen"] = [f"order/{n}" for n in unseen]
        seen = [
            -1
            if n in unseen
            else max((i for i, r in enumerate(real) if r and r[0] <= watermark), default=-1)
            for n, real in enumerate(taken)
        ]
        return said, seen
    # What was taken longer ago than UNCERTAIN is booked, what was taken since may be.
    said = {"as_of": fetched.isoformat()}
    seen = []
    for real in taken:
        sure = max((i for i, r in enumerate(real) if r and r[1] < fetched - UNCERTAIN), default=-1)
        may = [i for i, r in enumerate(real) if r and fetched - UNCERTAIN <= r[1] <= fetched]
        seen.append(draw(st.sampled_from([sure, *(i for i in may if i > sure)])))
    return said, seen


@settings(max_examples=400)
@given(worlds(by="position"))
def test_by_position_never_more_than_can_be_sold(world: World) -> None:
    assert figure(world.update, world.snapshots) <= world.worst(ON_HAND)


@settings(max_examples=400)
@given(worlds(by="time"))
def test_by_time_never_more_than_can_be_sold(world: World) -> None:
    assert figure(world.update, world.snapshots) <= world.worst(ON_HAND)


@given(worlds(by="position", fates=_KNOWN))
def test_exactly_what_can_be_sold_where_nothing_is_in_doubt(world: World) -> None:
    assert figure(world.update, world.snapshots) == world.worst(ON_HAND)
