"""Whatever a gateway says is read, once, within bounds."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.gateway import protocol
from agent.gateway.protocol import Description, Journal, Page, Problem, Result
from agent.model.delivery import Answer

ORDER = "retail.order.snapshot.v1"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"journal": "j", "head_position": 7}, Journal("j", 7)),
        ({"journal": "a  b", "head_position": 0}, Journal("a b", 0)),
        ({"journal": "j", "head_position": 2**63 - 1}, Journal("j", 2**63 - 1)),
        *(
            ({"journal": "j", "head_position": head}, Journal("j", None))
            for head in (2**63, -1, True, 1.0, "7", None)
        ),
        ({"journal": "j"}, Journal("j", None)),
        *(({"journal": name}, None) for name in ("", "  ", 7, None, ["j"])),
        ({"head_position": 7}, None),
        ([], None),
        (None, None),
    ],
)
def test_the_journal_is_read_alike_in_every_answer(body: Any, expected: Journal | None) -> None:
    assert protocol.journal(Answer(200, body=body)) == expected
    if isinstance(body, dict):
        others = {"results": [], "updates": [], "cursor": "c"}
        assert protocol.journal(Answer(200, body=others | body)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, Description()),
        ({"accepts": [ORDER], "max_batch_bytes": 7}, Description(frozenset({ORDER}), 7)),
        ({"accepts": [], "max_batch_bytes": 0}, Description()),
        ({"accepts": [7, None, "x" * 201], "max_batch_bytes": "7"}, Description()),
        ({"accepts": ORDER, "max_batch_bytes": True}, Description()),
        ({"max_batch_bytes": 2**63, "last_sequence": 2**62}, Description()),
        ({"last_sequence": "0012"}, Description(last_sequence=12)),
        ({"last_sequence": 12}, Description(last_sequence=12)),
        ({"last_sequence": "0" * 20}, Description()),
        ({"last_sequence": "\u0661"}, Description()),
    ],
)
def test_what_can_not_be_read_counts_as_not_said(body: Any, expected: Description) -> None:
    assert protocol.description(Answer(200, body=body)) == expected


@pytest.mark.parametrize(
    "answer", [Answer(None, "tls"), Answer(409, body={}), Answer(200, body=[])]
)
def test_what_is_no_description_is_not_taken_for_one(answer: Answer) -> None:
    assert protocol.description(answer) is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"updates": [1], "cursor": "c"}, Page([1], "c")),
        ({"updates": [], "cursor": None}, Page([], "")),
        ({"updates": []}, Page([], "")),
        ({"updates": [1], "cursor": "c" * 1000}, Page([1], "c" * 1000)),
        ({"updates": [1], "cursor": "c" * 1001}, None),
        ({"updates": [], "cursor": "c" * 1001}, None),
        ({"updates": [], "cursor": "a\nb"}, None),
        ({"updates": [1], "cursor": None}, None),
    ],
)
def test_a_page_has_a_place_that_can_be_kept(body: Any, expected: Page | None) -> None:
    assert protocol.page(Answer(200, body=body)) == expected


@pytest.mark.parametrize(
    ("status", "body", "expected", "conflict"),
    [
        (409, {"code": "another_instance"}, Problem("another_instance", "status 409"), True),
        (409, {"type": "https://x/cursor_unknown"}, Problem("cursor_unknown", "status 409"), True),
        (422, {"title": "No", "detail": "not so"}, Problem("http_422", "not so"), False),
        (409, {"message": "no"}, None, False),
        (409, None, None, False),
    ],
)
def test_a_problem_is_told_by_code_and_by_type(
    status: int, body: Any, expected: Problem | None, *, conflict: bool
) -> None:
    answer = Answer(status, body=body)
    assert protocol.problem(answer) == expected
    assert protocol.conflict(answer) == (expected.code if conflict and expected else "")


def test_a_result_without_an_id_is_nobodys() -> None:
    told = [{"id": "e", "status": "accepted", "position": 7}, {"status": "rejected"}, {"id": []}, 7]
    assert protocol.results(Answer(200, body={"results": told})) == [
        Result("e", "accepted", 7, None, "", "")
    ]


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(2**62 - 2, 2**64)
    | st.floats()
    | st.text(alphabet=st.characters()),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
_RESULT = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("id", "status", "position", "accepted_at", "code", "message"), _JSON),
)
_FIELDS = (
    *("journal", "head_position", "cursor", "updates", "accepts", "max_batch_bytes"),
    *("last_sequence", "code", "type", "title", "detail"),
)
_BODY = _JSON | st.fixed_dictionaries(
    {}, optional=dict.fromkeys(_FIELDS, _JSON) | {"results": st.lists(_RESULT, max_size=3) | _JSON}
)


@given(st.none() | st.sampled_from([200, 204, 400, 409, 503]), _BODY)
def test_any_answer_is_read_and_what_is_read_can_be_stored(status: int | None, body: Any) -> None:
    answer = Answer(status, "timeout", body)
    said: list[object] = [*(protocol.journal(answer) or ()), *(protocol.problem(answer) or ())]
    if (page := protocol.page(answer)) is not None:
        said.append(page.cursor)
    if (described := protocol.description(answer)) is not None:
        said += [described.max_batch_bytes, described.last_sequence]
    for one in protocol.results(answer) or ():
        said += [one.position, one.accepted_at, one.code, one.message]
    protocol.acknowledges(answer)
    with sqlite3.connect(":memory:") as db:
        for value in said:
            assert db.execute("SELECT ?", (value,)).fetchall() == [(value,)]
    db.close()
