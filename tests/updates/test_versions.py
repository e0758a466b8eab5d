"""Which of two updates counts, whatever the order in which they come."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.inbox import Fence, FenceKey, KnownVersions, Opened
from agent.updates import intake, versions
from tests.updates.rows import NOW, opened, price, read, stock

FRIDAY = NOW + timedelta(days=3)
DAY = timedelta(days=1)


def iso(moment: datetime) -> str:
    return moment.isoformat()


class Books:
    """Fences and open updates, and rounds in which everything that is due is acted on."""

    def __init__(self) -> None:
        self.fences: dict[FenceKey, Fence] = {}
        self.open: list[Opened] = []
        self.shown: dict[str, Any] = {}

    def take(self, *items: dict[str, Any], at: datetime = NOW) -> None:
        known = KnownVersions(self.fences, tuple(row.update for row in self.open))
        taken = intake.decide(intake.entries(items), (), known, at)
        for item, row in zip(items, taken.rows, strict=True):
            if row.due_at is not None:
                self.open.append(opened(item, received_at=at))

    def act(self, at: datetime) -> None:
        due = [row for row in self.open if (row.update.effective_at or NOW) <= at]
        self.open = [row for row in self.open if row not in due]
        later = [row.update for row in self.open]
        acted_on: list[Opened] = []
        for row in versions.strongest_first(due):
            self.shown |= versions.in_force(row, self.fences, stronger=acted_on, later=later)
            acted_on.append(row)
        for row in due:
            for key, fence in versions.fences(row.update).items():
                before = self.fences.get(key, Fence(-1, None, ""))
                newest = max(before, fence, key=lambda one: one.version)
                dates = [one.effective_at for one in (before, fence) if one.effective_at]
                self.fences[key] = replace(newest, effective_at=max(dates, default=None))


def in_force(
    item: dict[str, Any],
    fence: Fence | None = None,
    *,
    stronger: tuple[Opened, ...] = (),
    later: tuple[dict[str, Any], ...] = (),
    received_at: datetime = NOW,
) -> dict[str, Any]:
    """The fields of a due update that count; ``fence`` is that of the regular price."""
    return versions.in_force(
        opened(item, received_at=received_at),
        {} if fence is None else {("price", "MUG-1", "regular_price"): fence},
        stronger=stronger,
        later=[read(other) for other in later],
    )


FOR_FRIDAY = {"effective_at": iso(FRIDAY)}


@pytest.mark.parametrize(
    ("item", "fence", "counts"),
    [
        (price(5, "9"), Fence(4, None, '"8"'), True),
        (price(5, "9"), Fence(5, None, '"9"'), True),  # the same again: nothing to fear
        (price(5, "9"), Fence(6, None, '"8"'), False),  # late
        (price(5, "9", **FOR_FRIDAY), Fence(6, None, '"8"'), True),  # today's change came before
        (price(5, "9", **FOR_FRIDAY), Fence(6, FRIDAY, '"8"'), False),  # re-scheduled, same time
        (price(5, "9", **FOR_FRIDAY), Fence(6, FRIDAY + DAY, '"8"'), False),
        (price(5, "9", **FOR_FRIDAY), Fence(6, FRIDAY - DAY, '"8"'), True),
        (price(5, "9", **FOR_FRIDAY), Fence(4, FRIDAY + DAY, '"8"'), False),
        (price(5, "9"), Fence(4, FRIDAY, '"8"'), False),  # received before Friday, which came
        (price(5, "9"), Fence(6, NOW - DAY, '"8"'), False),
        (price(5, "9"), Fence(4, NOW - DAY, '"8"'), True),
    ],
)
def test_what_was_acted_on_holds_back_what_is_older(
    item: dict[str, Any], fence: Fence, counts: bool
) -> None:
    assert in_force(item, fence) == ({"regular_price": "9"} if counts else {})


def test_a_future_update_that_comes_after_its_time_yields_to_a_newer_one_that_was_applied() -> None:
    late = price(5, "9", **FOR_FRIDAY)
    assert in_force(late, Fence(6, None, '"8"'), received_at=FRIDAY + DAY) == {}


@pytest.mark.parametrize(
    ("other", "received_at", "counting"),
    [
        (price(2, "9"), NOW, {3}),
        (price(4, "9"), NOW, {4}),
        (price(3, "8"), NOW, {3}),  # one version twice: the same content, or it was refused
        (price(2, "9", **FOR_FRIDAY), NOW, {2}),  # Friday has come since we were received
        (price(2, "9", **FOR_FRIDAY), FRIDAY + DAY, {3}),  # Friday's was in force when we came
        (price(4, "9", **FOR_FRIDAY), FRIDAY + DAY, {4}),
    ],
)
def test_of_two_that_are_due_in_one_round_one_counts(
    other: dict[str, Any], received_at: datetime, counting: set[int]
) -> None:
    ours = opened(price(3, "8"), received_at=received_at)
    theirs = opened(other, number=2)
    for due in ([ours, theirs], [theirs, ours]):
        first, second = versions.strongest_first(due)
        rest = versions.in_force(second, {}, stronger=[first], later=())
        assert {first.update.version, *([second.update.version] if rest else [])} == counting


@pytest.mark.parametrize(
    ("version", "at", "replaced"),
    [
        (6, FRIDAY + DAY, True),  # given a new, later time
        (6, FRIDAY, True),
        (4, FRIDAY + DAY, False),  # what comes after Friday anyway
        (6, FRIDAY - DAY, False),
    ],
)
def test_an_update_for_the_future_yields_only_to_a_newer_one_no_earlier(
    version: int, at: datetime, replaced: bool
) -> None:
    other = price(version, "8", effective_at=iso(at))
    assert (in_force(price(5, "9", **FOR_FRIDAY), later=(other,)) == {}) == replaced


def test_one_that_waits_does_not_hold_back_one_that_counts_at_once() -> None:
    assert in_force(price(5, "9"), later=(price(6, "8", **FOR_FRIDAY),)) == {"regular_price": "9"}


@pytest.mark.parametrize(
    ("version", "more", "counts"), [(5, {}, False), (6, {}, True), (5, FOR_FRIDAY, False)]
)
def test_a_version_that_was_taken_back_does_not_come_again(
    version: int, more: dict[str, Any], counts: bool
) -> None:
    fence = Fence(5, None, '"9"', reverted=True)
    assert bool(in_force(price(version, "9", **more), fence)) == counts


def test_each_field_has_its_own_fence() -> None:
    both = price(5, "9", sale_price="7")
    assert in_force(both, Fence(6, None, '"8"')) == {"sale_price": "7"}
    assert in_force(both, stronger=(opened(price(6, sale_price="6")),)) == {"regular_price": "9"}
    assert in_force(stock(5, 3), Fence(6, None, '"8"')) == {"quantity": 3}


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_fridays_price_survives_todays_change_in_every_order_of_arrival(
    order: tuple[int, ...],
) -> None:
    items = [price(1, "10"), price(2, "9", **FOR_FRIDAY), price(3, "11")]
    books = Books()
    for place in order:
        books.take(items[place])
        books.act(NOW)
    assert books.shown == {"regular_price": "11"}
    books.act(FRIDAY)
    assert books.shown == {"regular_price": "9"}


def test_from_friday_on_todays_late_change_does_not_count_and_saturdays_does() -> None:
    books = Books()
    books.take(price(2, "9", **FOR_FRIDAY), price(3, "11"))
    books.act(FRIDAY)  # the store was away until then: both are due in one round
    assert books.shown == {"regular_price": "9"}
    books.take(price(1, "7"), price(4, "12"), at=FRIDAY + DAY)
    books.act(FRIDAY + DAY)
    assert books.shown == {"regular_price": "12"}


def test_a_price_that_was_given_a_new_time_comes_at_that_time_only() -> None:
    books = Books()
    books.take(price(5, "9", **FOR_FRIDAY), price(6, "8", effective_at=iso(FRIDAY + DAY)))
    books.act(FRIDAY)
    assert books.shown == {}
    books.act(FRIDAY + DAY)
    assert books.shown == {"regular_price": "8"}


CONFLICTS = [
    (stock(5, 3), stock(5, 4), True),
    (stock(5, 3), stock(5, 3), False),
    (stock(5, 3), stock(6, 4), False),
    (stock(5, 3), stock(5, 4, sku="MUG-2"), False),
    (stock(5, 3), price(5, "4"), False),
    (price(5, "3"), price(5, sale_price="2"), False),
    (price(5, "3", sale_price="2"), price(5, sale_price="1"), True),
    (price(5, sale_price=None), price(5, sale_price="1"), True),
    (
        price(5, sale_to="2026-11-27T00:00:00Z"),
        price(5, sale_to="2026-11-27T01:00:00+01:00"),
        False,
    ),
]


@pytest.mark.parametrize(("first", "second", "conflict"), CONFLICTS)
def test_one_version_with_two_contents_is_a_conflict_before_and_after_the_first_was_applied(
    first: dict[str, Any], second: dict[str, Any], conflict: bool
) -> None:
    assert versions.conflicts(read(second), {}, [read(first)]) == conflict
    assert versions.conflicts(read(second), versions.fences(read(first)), []) == conflict


def test_a_fence_holds_version_time_and_content_of_each_field_set() -> None:
    update = read(price(7, "9.90", sale_to=iso(FRIDAY), **FOR_FRIDAY))
    assert versions.fences(update) == {
        ("price", "MUG-1", "regular_price"): Fence(7, FRIDAY, '"9.90"'),
        ("price", "MUG-1", "sale_to"): Fence(7, FRIDAY, '"2026-11-27 08:00:00+00:00"'),
    }


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from([None, 1, 2]), st.integers(0, 4)), max_size=2
    )
)
def test_the_one_that_counts_of_two_comes_first_whatever_their_dates(
    drawn: list[tuple[int, int | None, int]],
) -> None:
    start = datetime(2026, 11, 20, tzinfo=UTC)
    rows = [
        opened(
            price(version, "9", **({"effective_at": iso(start + days * DAY)} if days else {})),
            number=number,
            received_at=start + received * DAY,
        )
        for number, (version, days, received) in enumerate(drawn)
    ]
    ordered = versions.strongest_first(rows)
    for place, row in enumerate(ordered):
        for weaker in ordered[place + 1 :]:
            assert versions.in_force(row, {}, stronger=[weaker], later=())
