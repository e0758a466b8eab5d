"""Counts that say no more than is known."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent.model.report import NAMED, Compared, NotAccepted
from agent.reconcile.tally import Tally, reason
from tests.reconcile.fakes import AT, listed, told

LATER = AT + timedelta(seconds=1)


def compared(in_store: int, accepted: int, *open_: tuple[str, str], gone: int = 0) -> Compared:
    named = tuple(NotAccepted(subject=subject, reason=why) for subject, why in open_)
    return Compared(in_store=in_store, accepted=accepted, not_accepted=named, gone=gone)


def test_a_page_is_counted_and_what_differs_is_to_be_read() -> None:
    rows = [
        listed("order/1"),
        listed("order/2", changed_at=LATER),
        listed("order/3"),
        listed("order/4"),
        listed("order/5"),
        listed("order/6", created_at=None, changed_at=AT - timedelta(days=1)),
        listed("order/7"),
        listed("order/8", changed_at=LATER),
    ]
    known = {
        name: told(name, **more)
        for name, more in {
            "order/1": {},
            "order/2": {},
            "order/4": {"state": "pending"},
            "order/5": {"state": "dead", "code": "bad_total"},
            "order/8": {},
        }.items()
    }
    dead = {"order/7": "untranslatable", "order/8": "untranslatable"}
    tally = Tally()
    assert tally.page(rows, known, dead, AT) == ["order/2", "order/3"]
    assert tally.told() == compared(
        *(7, 1),  # what is from before the store went live is not counted
        ("order/2", "changed"),
        ("order/3", "missing"),
        ("order/4", "pending"),
        ("order/5", "bad_total"),
        ("order/7", "untranslatable"),
        ("order/8", "untranslatable"),  # reading it again would only give another dead letter
    )
    assert tally.shown == set(range(1, 9))


def test_a_dead_letter_does_not_count_where_the_content_is_the_one_that_was_told_again() -> None:
    tally = Tally()
    assert tally.page([listed("order/1")], {"order/1": told("order/1")}, {"order/1": "x"}, AT) == []
    assert tally.told() == compared(1, 1)


def test_a_row_that_moved_to_the_next_page_counts_once() -> None:
    tally = Tally()
    for _ in range(2):
        tally.page([listed("order/1", changed_at=LATER)], {"order/1": told("order/1")}, {}, AT)
    assert tally.told() == compared(1, 0, ("order/1", "changed"))


def test_what_was_read_since_counts_as_it_stands_now() -> None:
    tally, names = Tally(), [f"order/{n}" for n in range(1, 7)]
    tally.page([listed(name) for name in names], {}, {}, AT)
    known = {
        "order/1": told("order/1"),
        "order/2": told("order/2", state="pending"),
        "order/3": told("order/3", state="dead"),
        "order/5": told("order/5"),
        "order/6": told("order/6"),
    }
    tally.again(names, known, {"order/5": "untranslatable"}, {"order/6"})
    assert tally.told() == compared(
        *(6, 1),
        ("order/2", "pending"),
        ("order/3", "dead"),
        ("order/4", "missing"),
        ("order/5", "untranslatable"),  # newer than what was accepted
        ("order/6", "missing"),  # nobody has read it yet
    )


@pytest.mark.parametrize(
    ("now", "unread", "open_", "gone"),
    [
        ({"deleted": True}, False, [], 1),
        ({"deleted": True, "state": "pending"}, False, [("order/2", "pending")], 1),
        ({}, True, [("order/2", "gone")], 1),
        ({}, False, [], 0),  # it was read and is there: only the list hides it
    ],
)
def test_what_is_gone_is_open_until_the_gateway_knows_it(
    now: dict[str, object], unread: bool, open_: list[tuple[str, str]], gone: int
) -> None:
    tally = Tally()
    tally.page([listed("order/1")], {"order/1": told("order/1")}, {}, AT)
    tally.went(["order/2"])
    assert tally.told() == compared(1, 1, ("order/2", "gone"), gone=1)
    tally.again(["order/2"], {"order/2": told("order/2", **now)}, {}, {"order/2"} if unread else ())
    assert tally.told() == compared(1, 1, *open_, gone=gone)


def test_some_are_named_and_all_are_counted() -> None:
    tally = Tally()
    tally.page([listed(f"order/{n}") for n in range(1, NAMED + 11)], {}, {}, AT)
    found = tally.told()
    assert (found.in_store, found.accepted, len(found.not_accepted)) == (NAMED + 10, 0, NAMED)


@pytest.mark.parametrize(
    ("state", "code", "why"),
    [
        ("pending", None, "pending"),
        ("pending", "timeout", "pending"),
        ("dead", "bad_total", "bad_total"),
        ("dead", None, "dead"),
        ("discarded", "bad_total", "discarded"),
    ],
)
def test_why_the_gateway_does_not_have_it(state: str, code: str | None, why: str) -> None:
    assert reason(told("order/1", state=state, code=code)) == why
