"""A page of the feed becomes rows: every item is answered for, and none of them breaks it."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import clock
from agent.model.inbox import Fence, Intake, KnownVersions, NewRow
from agent.model.resend import Resend
from agent.model.update import Code, Refusal, UpdateState
from agent.updates import intake
from tests.updates import json_values
from tests.updates.rows import NOW, price, read, stock

NOTHING_KNOWN = KnownVersions({})
LATER = (NOW + timedelta(hours=1)).isoformat()
BEFORE = (NOW - timedelta(hours=1)).isoformat()


def decided(*items: object, known: KnownVersions = NOTHING_KNOWN) -> list[NewRow]:
    return list(intake.decide(intake.entries(items), (), known, NOW).rows)


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def test_a_sound_item_is_pending_at_once_and_keeps_its_body() -> None:
    item = stock(7, 18, later_protocol=[1])
    [row] = decided(item)
    assert (row.state, row.due_at, row.code) == (UpdateState.PENDING, EPOCH, None)
    assert (row.id, row.kind, row.sku, row.version) == ("s-7", "stock", "MUG-1", 7)
    assert json.loads(row.body) == item


def test_what_is_asked_for_again_is_kept_as_durably_and_is_no_update() -> None:
    item = {"id": "r-1", "kind": "resend", "subject": "order/1", "sku": "MUG-1", "version": 7}
    page = intake.entries([item])
    assert (intake.skus(page), intake.version_numbers(page)) == ([], [])
    [row] = intake.decide(page, (), NOTHING_KNOWN, NOW).rows
    assert (row.id, row.kind, row.sku, row.version) == ("r-1", "resend", "", None)
    assert (row.state, json.loads(row.body)) == (UpdateState.PENDING, item)
    [row] = decided(item | {"type": "t"})
    assert (row.kind, row.state, row.code) == ("resend", UpdateState.REJECTED, Code.INVALID)


def test_an_item_for_the_future_waits_until_then_and_says_so() -> None:
    [row] = decided(price(7, "9", effective_at=LATER))
    assert (row.state, row.code) == (UpdateState.WAITING, Code.NOT_DUE)
    assert row.due_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize("field", ["effective_at", "expires_at"])
def test_a_time_that_is_now_has_come(field: str) -> None:
    [row] = decided(stock(7, 18, **{field: NOW.isoformat()}))
    pending = field == "effective_at"
    assert row.state is (UpdateState.PENDING if pending else UpdateState.REJECTED)


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"id": "u-1"}, Code.UNKNOWN_KIND),
        (stock(7, "18"), Code.INVALID),
        (stock(7, 18, version=None), Code.UNVERSIONED),
        (stock(7, 18, expires_at=BEFORE), Code.EXPIRED),
        (7, Code.INVALID),
    ],
)
def test_what_is_refused_at_the_door_is_a_row_too_and_the_rest_goes_on(
    item: object, code: Code
) -> None:
    refused, good = decided(item, stock(8, 1))
    assert (refused.state, refused.code, refused.due_at) == (UpdateState.REJECTED, code, None)
    assert refused.message
    assert good.state is UpdateState.PENDING


def test_one_version_with_other_content_is_a_conflict_with_page_inbox_and_fence() -> None:
    again = stock(7, 19, id="again")
    assert [row.code for row in decided(stock(7, 18), again)] == [None, Code.VERSION_CONFLICT]
    inbox = KnownVersions({}, (read(stock(7, 18)),))
    fence = KnownVersions({("stock", "MUG-1", "quantity"): Fence(7, None, "18")})
    for known in (inbox, fence):
        [row] = decided(again, known=known)
        assert row.code is Code.VERSION_CONFLICT
        assert "7" in (row.message or "")


def test_a_refused_item_is_no_reason_for_a_conflict() -> None:
    rows = decided(stock(7, 19, id="expired", expires_at=BEFORE), stock(7, 18))
    assert [row.code for row in rows] == [Code.EXPIRED, None]


def test_of_items_with_one_id_the_first_counts_and_the_order_of_the_page_stays() -> None:
    page = intake.entries([stock(1, 1), stock(2, 2), stock(1, 3), stock(3, 3), stock(2, 9)])
    assert [entry.item for entry in page] == [stock(1, 1), stock(2, 2), stock(3, 3)]


def again(update: Any, *page: object) -> tuple[str, ...]:
    """The ids that a page approves while that update is open."""
    known = KnownVersions({}, again={update["id"]: read(update)})
    taken = intake.decide(intake.entries(page), {update["id"]}, known, NOW)
    assert not taken.rows
    return taken.approved


@pytest.mark.parametrize(
    ("item", "approves"),
    [
        (stock(7, 18, approved=True), True),
        (stock(7, 18, approved=True, seen_position=9), True),
        (stock(7, 18), False),
        (stock(7, 18, approved=False), False),
        (stock(7, 18, approved="yes"), False),
        (stock(7, 19, approved=True), False),
        (stock(8, 18, approved=True, id="s-7"), False),
        (stock(7, 18, approved=True, sku="MUG-2"), False),
        ({"id": "s-7", "approved": True}, False),
    ],
)
def test_the_same_update_again_can_only_say_yes_to_what_it_was(item: Any, approves: bool) -> None:
    assert again(stock(7, 18), item) == (("s-7",) if approves else ())


def test_a_sale_that_is_ended_is_not_the_same_as_one_that_is_left() -> None:
    ends = price(7, "9", sale_price=None)
    assert again(ends, ends | {"approved": True}) == ("p-7",)
    assert again(ends, price(7, "9", approved=True)) == ()


def test_an_approval_of_what_is_not_open_or_was_never_seen_says_yes_to_nothing() -> None:
    yes = stock(7, 18, approved=True)
    assert intake.decide(intake.entries([yes]), {"s-7"}, NOTHING_KNOWN, NOW) == Intake(())
    taken = intake.decide(intake.entries([yes]), (), NOTHING_KNOWN, NOW)
    assert [(row.id, row.approved) for row in taken.rows] == [("s-7", True)]
    assert taken.approved == ()


def test_an_update_and_its_approval_on_one_page_are_an_approved_update() -> None:
    rows = decided(stock(7, 18), stock(7, 18, approved=True), stock(7, 18), stock(8, 2))
    assert [(row.id, row.approved) for row in rows] == [("s-7", True), ("s-8", False)]
    [row] = decided(stock(7, 18), stock(7, 19, approved=True))
    assert (json.loads(row.body)["quantity"], row.approved) == (18, False)


def test_the_versions_of_every_sku_that_can_be_read_are_asked_for_once() -> None:
    page = [stock(1, 1), price(1, "9"), stock(2, 1, sku="MUG-2"), {"sku": "MUG-3"}]
    assert intake.skus(intake.entries(page)) == ["MUG-1", "MUG-2"]


@pytest.mark.parametrize(
    ("item", "shown"),
    [
        ({"kind": "resend", "id": "r-1", "type": "x"}, ("resend", "", None)),
        ({"kind": "stock", "sku": "MUG-1", "version": 2**53}, ("stock", "MUG-1", None)),
        ({"kind": "stock", "sku": "a\nb", "version": 2**53 - 1}, ("stock", "", 2**53 - 1)),
        ({"kind": ["stock"], "sku": "x" * 300, "version": True}, ("", "x" * 200, None)),
        ("text", ("", "", None)),
    ],
)
def test_a_refused_row_shows_what_the_item_says_of_itself_as_far_as_it_can_be_kept(
    item: Any, shown: tuple[str, str, int | None]
) -> None:
    [row] = decided(item)
    assert (row.kind, row.sku, row.version) == shown


def test_of_an_item_that_is_refused_no_more_is_kept_than_is_needed_to_find_it() -> None:
    [row] = decided(stock(7, "18", text="x" * 100_000))
    assert len(row.body) < 5000
    assert json.loads(row.body).startswith('{"id": ')


def test_what_no_row_can_hold_is_not_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        decided(stock(1, 7, note=float("nan")))


@given(st.lists(json_values.items(), max_size=4), st.lists(json_values.items(), max_size=2))
def test_any_page_is_decided_and_each_of_its_rows_can_be_stored(
    page: list[object], before: list[object]
) -> None:
    waiting = [entry.read for entry in intake.entries(before)]
    known = KnownVersions({}, tuple(u for u in waiting if not isinstance(u, Resend | Refusal)))
    entries = intake.entries(page)
    rows = intake.decide(entries, (), known, NOW).rows
    assert [row.id for row in rows] == [entry.id for entry in entries]
    assert {entry.id for entry in entries} == {entry.id for entry in intake.entries(page[::-1])}
    db = sqlite3.connect(":memory:")
    for row in rows:
        due_at = None if row.due_at is None else clock.micros(row.due_at)
        said = [row.id, row.kind, row.sku, row.version, row.body, due_at, row.message]
        [stored] = db.execute(f"SELECT {','.join('?' * len(said))}", said)
        assert [*stored] == said
        assert [*db.execute("SELECT json_valid(?)", (row.body,))] == [(1,)]
        json.dumps(said, ensure_ascii=False).encode()
        if row.due_at is not None:
            [kept] = intake.entries([json.loads(row.body)])
            assert not isinstance(kept.read, Refusal)
            assert kept.read.id == row.id
    db.close()
