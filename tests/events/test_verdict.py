"""The answer table of the gateway protocol."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.events import verdict
from agent.events.verdict import Forbidden, Guilty, Unavailable, after_probe, restrained
from agent.model.delivery import Accepted, Again, Answer, Dead, Outcome

PROBLEM = {"title": "no such customer", "code": "bad_customer", "detail": "customer/3 is unknown"}
NOT_SAID = Again("deferred", "the gateway did not say what became of it", 30.0, doubtful=True)
NOT_UNDERSTOOD = Again("deferred", "the gateway deferred it", 30.0, doubtful=True)


def decide(answer: Answer, *ids: str, accept_empty: bool = False) -> verdict.Decision:
    return verdict.decide(answer, ids, accept_empty=accept_empty)


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ({"status": "accepted"}, Accepted()),
        (
            {"status": "accepted", "position": 7, "accepted_at": "2026-11-24T08:00:00Z"},
            Accepted(7, "2026-11-24T08:00:00Z"),
        ),
        ({"status": "duplicate", "position": 7}, Accepted(7, duplicate=True)),
        ({"status": "accepted", "position": 0}, Accepted(0)),
        ({"status": "accepted", "position": 2**63 - 1}, Accepted(2**63 - 1)),
        ({"status": "accepted", "position": 2**63}, Accepted()),  # could not be stored
        ({"status": "accepted", "position": -1}, Accepted()),
        ({"status": "accepted", "position": True}, Accepted()),
        ({"status": "accepted", "position": "7", "accepted_at": 5}, Accepted()),
        (
            {"status": "rejected", "code": "bad_total", "message": "does not add up"},
            Dead("bad_total", "does not add up"),
        ),
        ({"status": "rejected"}, Dead("rejected", "the gateway rejected it")),
        (
            {"status": "rejected", "code": 5, "message": None},
            Dead("rejected", "the gateway rejected it"),
        ),
        ({"status": "rejected", "code": "c" * 999, "message": "\ud800"}, Dead("c" * 500, "?")),
        (
            {"status": "deferred", "code": "parked", "message": "later"},
            Again("parked", "later", 30.0),
        ),
        ({"status": "deferred"}, Again("deferred", "the gateway deferred it", 30.0)),
        ({"status": "a new word"}, NOT_UNDERSTOOD),
        ({"status": ["accepted"]}, NOT_UNDERSTOOD),
        ({}, NOT_UNDERSTOOD),
    ],
)
def test_what_is_said_of_one_event(
    result: dict[str, Any], outcome: Accepted | Dead | Again
) -> None:
    answer = Answer(200, body={"results": [{"id": "a"} | result]})
    assert decide(answer, "a", "b") == verdict.Settled({"a": outcome, "b": NOT_SAID})


@pytest.mark.parametrize(
    "results",
    [[], [None], ["a"], [{"id": "c", "status": "accepted"}], [{"id": ["a"]}], [{"id": {}}], [{}]],
)
def test_an_event_that_is_not_named_is_deferred(results: list[Any]) -> None:
    assert decide(Answer(200, body={"results": results}), "a") == verdict.Settled({"a": NOT_SAID})


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
@pytest.mark.parametrize("body", [None, {}, [], "<html>", {"results": None}, {"results": {}}])
def test_a_2xx_without_results_is_broken_unless_it_is_taken_for_accepted(
    status: int, body: Any
) -> None:
    answer = Answer(status, body=body, excerpt="<html>", retry_after_s=9.0)
    assert decide(answer, "a") == Unavailable(
        "broken_answer", f"{status} without results: <html>", 9.0
    )
    assert decide(answer, "a", accept_empty=True) == verdict.Settled({"a": Accepted()})


def test_results_count_also_where_an_empty_answer_would_be_taken_for_accepted() -> None:
    answer = Answer(200, body={"results": [{"id": "a", "status": "rejected", "code": "x"}]})
    assert decide(answer, "a", accept_empty=True) == verdict.Settled(
        {"a": Dead("x", "the gateway rejected it")}
    )


@pytest.mark.parametrize(
    ("status", "body", "dead"),
    [
        (400, PROBLEM, Dead("bad_customer", "customer/3 is unknown")),
        (422, PROBLEM, Dead("bad_customer", "customer/3 is unknown")),
        (422, {"title": "no"}, Dead("http_422", "no")),
        (422, {"type": "https://erp/problems/bad-total"}, Dead("bad-total", "status 422")),
        (422, {"code": "bad_total"}, Dead("bad_total", "status 422")),
        (413, None, Dead("too_large", "413: too large")),
        (413, "<html>", Dead("too_large", "413: too large")),
        (413, PROBLEM, Dead("bad_customer", "customer/3 is unknown")),
    ],
)
def test_one_of_the_events_is_at_fault(status: int, body: Any, dead: Dead) -> None:
    assert decide(Answer(status, body=body), "a", "b") == Guilty(dead)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 501, 502, 503, 504, 520, 599])
@pytest.mark.parametrize(("body", "code"), [(None, ""), (PROBLEM, "bad_customer")])
def test_it_will_work_again_by_itself(status: int, body: Any, code: str) -> None:
    found = decide(Answer(status, body=body, excerpt="oops", retry_after_s=7.0), "a")
    message = PROBLEM["detail"] if body else f"{status}: oops"
    assert found == Unavailable(code or f"http_{status}", message, 7.0, refused=False)


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 401, 402, 404, 405, 406])
def test_a_person_has_to_do_something(status: int) -> None:
    _refused(Answer(status, body=None, excerpt="no"), f"http_{status}")


@pytest.mark.parametrize("status", [409, 410, 415, 451])
def test_a_person_has_to_do_something_and_the_gateway_says_what(status: int) -> None:
    _refused(Answer(status, body={"code": "another_instance"}), "another_instance")


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("body", [None, {}, [], "<h1>400 No required SSL certificate</h1>"])
def test_a_400_that_is_not_the_contracts_is_not_the_events_fault(status: int, body: Any) -> None:
    _refused(Answer(status, body=body), "rejecting_everything")


@pytest.mark.parametrize(
    ("probe", "meant"),
    [
        (Answer(200, body={"results": []}), Guilty(Dead("http_403", "403: no"))),
        (Answer(403, excerpt="no"), Unavailable("http_403", "403: no", refused=True)),
        (Answer(401), Unavailable("http_403", "403: no", refused=True)),
        (Answer(502, excerpt="x"), Unavailable("http_502", "502: x")),
        (Answer(None, "timeout"), Unavailable("timeout", "no answer")),
    ],
)
def test_a_403_is_explained_by_a_probe_with_nothing_in_it(
    probe: Answer, meant: Guilty | Unavailable
) -> None:
    forbidden = decide(Answer(403, excerpt="no"), "a")
    assert isinstance(forbidden, Forbidden)
    assert after_probe(probe, forbidden) == meant


@pytest.mark.parametrize(
    ("said", "before", "kept", "after"),
    [
        ("ddd", 0, "ddd", 3),
        ("dddd", 0, "ddda", 3),
        ("dd", 2, "da", 3),
        ("d", 3, "a", 3),
        ("ddddd+", 0, "ddddd+", 0),
        ("d+d", 3, "d+d", 0),
        ("aa", 2, "aa", 2),
    ],
)
def test_no_more_than_three_dead_in_a_row(said: str, before: int, kept: str, after: int) -> None:
    kinds: dict[str, Outcome] = {"d": Dead("c", "m"), "+": Accepted(), "a": Again("c", "m", 1.0)}
    outcomes = {str(n): kinds[letter] for n, letter in enumerate(said)}
    found, count = restrained(outcomes, before)
    names = {Dead: "d", Accepted: "+", Again: "a"}
    assert "".join(names[type(outcome)] for outcome in found.values()) == kept
    assert count == after


def _refused(answer: Answer, code: str) -> None:
    found = decide(answer, "a", accept_empty=True)
    assert isinstance(found, Unavailable)
    assert (found.code, found.refused, found.retry_after_s) == (code, True, None)


@pytest.mark.parametrize(
    ("failure", "refused"),
    [("timeout", False), ("unreachable", False), ("interrupted", False), ("tls", True)],
)
def test_nothing_came_back(failure: str, refused: bool) -> None:
    answer = Answer(None, failure, excerpt="why")
    assert decide(answer, "a") == Unavailable(failure, "why", refused=refused)
    assert decide(Answer(None, failure), "a") == Unavailable(failure, "no answer", refused=refused)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
_ID = st.sampled_from(["a", "b", "c"])
_RESULT = _JSON | st.fixed_dictionaries(
    {},
    optional={
        "id": _ID | _JSON,
        "status": st.sampled_from(["accepted", "duplicate", "rejected", "deferred"]) | _JSON,
        **dict.fromkeys(("position", "accepted_at", "code", "message"), _JSON),
    },
)
_BODY = _JSON | st.fixed_dictionaries({"results": st.lists(_RESULT, max_size=5)})


@given(st.none() | st.integers(100, 599), _BODY, st.sets(_ID, min_size=1), st.booleans())
def test_any_answer_has_a_meaning_for_every_event(
    status: int | None, body: Any, ids: set[str], accept_empty: bool
) -> None:
    found = verdict.decide(Answer(status, "timeout", body), ids, accept_empty=accept_empty)
    if isinstance(found, verdict.Settled):
        assert set(found.outcomes) == ids
        for outcome in found.outcomes.values():
            for name in outcome.__slots__:
                value = getattr(outcome, name)
                if isinstance(value, str):
                    value.encode()  # storable
    else:
        assert isinstance(found, Guilty | Forbidden | Unavailable)
        said = found if isinstance(found, Unavailable) else found.dead
        assert said.code
        assert said.message
        (said.code + said.message).encode()


@pytest.mark.parametrize(
    ("answer", "doubtful"),
    [
        *((Answer(None, failure), True) for failure in ("timeout", "interrupted")),
        *((Answer(None, failure), False) for failure in ("unreachable", "tls")),
        *((Answer(status), True) for status in (200, 202, 204, 500, 502, 503, 504)),
        *((Answer(status), False) for status in (301, 400, 401, 404, 408, 413, 429)),
    ],
)
def test_what_leaves_open_whether_it_was_taken(answer: Answer, doubtful: bool) -> None:
    assert verdict.is_doubtful(answer) is doubtful
