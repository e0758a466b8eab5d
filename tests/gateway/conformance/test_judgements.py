"""The kit's judgements, by answers that a broken gateway gives now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.gateway.conformance import answers, batches, faulty, feed, parallel, presence, results
from agent.gateway.conformance.parallel import Exchange
from agent.gateway.conformance.session import Heard
from agent.gateway.conformance.verdict import NotOffered, Unmet
from agent.model.delivery import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

EVENT = {"id": "e-1"}
GONE = Answer(None, "timeout", excerpt="no answer in time")
PAGE_OF_HOTEL = Answer(200, excerpt="<h1>Welcome</h1>")
WHO = {
    "name": "ERP",
    "environment": "test",
    "accepts": ["retail.order.snapshot.v1"],
    "max_batch_bytes": 4096,
    "journal": "j",
    "head_position": 4,
    "last_sequence": f"{7:019d}",
}


def ok(**body: Any) -> Answer:
    return Answer(200, body=body)


def taken(*given: Any, event_id: str = "e-1", **more: Any) -> batches.Batch:
    """A batch of one event, and what was said of it."""
    status, position = given
    result = {"id": event_id, "status": status, "position": position} | more
    return ok(results=[result], journal="j"), [{"id": event_id}]


def moved(*given: int | None) -> Exchange:
    return Exchange(*given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("judge", "said"),
    [
        (lambda: answers.document(GONE), "answered no answer (timeout: no answer in time)"),
        (lambda: answers.document(PAGE_OF_HOTEL), "no JSON object, but 200: <h1>Welcome</h1>"),
        (lambda: answers.document(Answer(204)), "answered 204: without a body"),
        (lambda: answers.results(ok(results={}), []), "no list of results, but 200"),
        (lambda: answers.results(ok(results=[3]), [EVENT]), "say nothing of event e-1"),
        (lambda: answers.taken(*taken("rejected", 1, code="c", message="m")), "'rejected' (c: m)"),
        (lambda: answers.position({"position": "1"}), "position '1' is no whole number"),
        (lambda: answers.position({"position": True}), "position True is no whole number"),
        (lambda: answers.head_position(ok(head_position=-1)), "head_position -1 is no whole"),
        (lambda: presence.judge_description(ok(**WHO | {"name": ""})), "name is ''"),
        (lambda: presence.judge_description(ok(**WHO | {"environment": 1})), "environment is 1"),
        (lambda: presence.judge_description(ok(**WHO | {"accepts": [1]})), "accepts is [1]"),
        (lambda: presence.judge_description(ok(**WHO | {"max_batch_bytes": 0})), "bytes is 0"),
        (lambda: presence.judge_description(ok(**WHO | {"head_position": "4"})), "position '4'"),
        (lambda: presence.judge_description(ok(**WHO | {"last_sequence": "x"})), "sequence is 'x'"),
        (lambda: presence.judge_memory(ok(**WHO), 8, 4), "after 0000000000000000008 was accepted"),
        (lambda: presence.judge_memory(ok(**WHO), 7, 5), "head_position is 4, and was 5 before"),
        (lambda: presence.judge_refusal(Answer(200)), "answered 200"),
        (lambda: presence.judge_error(Answer(401, body={"message": "no"})), "without type, title"),
        (lambda: presence.judge_content_types([Heard("/e", 200, "text/html")]), "/e came as text"),
        (lambda: presence.judge_instances(Answer(409), ok()), "new instance was answered 409"),
        (lambda: presence.judge_instances(ok(), Answer(409)), "replaced instance was answered 409"),
        (lambda: batches.judge_probe(ok(results=None)), "results is None, not []"),
        (
            lambda: batches.judge_times(taken("accepted", 1, accepted_at=None)),
            "accepted_at is None",
        ),
        (
            lambda: batches.judge_times(taken("accepted", 1, accepted_at="2026-11-24T08:00:00")),
            "not an RFC 3339 time with a zone",
        ),
        (
            lambda: batches.judge_positions(taken("accepted", 2), taken("accepted", 2)),
            "positions [2] came after 2",
        ),
        (
            lambda: batches.judge_positions(taken("accepted", 2), taken("accepted", None)),
            "some results have a position",
        ),
        (
            lambda: batches.judge_journal(ok(journal="k"), taken("accepted", 2)),
            "journal changes: ['j', 'k']",
        ),
        (
            lambda: batches.judge_journal(ok(journal=7), taken("accepted", 2)),
            "journal is 7, not a text",
        ),
        (
            lambda: batches.judge_duplicate(taken("accepted", 2), taken("duplicate", 3)),
            "position 3, but it got 2 the first time",
        ),
        (lambda: faulty.judge_broken(Answer(415, body={"code": "c"})), "answered 415"),
        (lambda: faulty.judge_broken(Answer(400, body=["no"])), "no JSON error"),
        (lambda: faulty.judge_faulty({"status": "deferred"}, "rejected"), "'deferred' instead of"),
        (lambda: faulty.judge_too_large(Answer(400)), "answered 400"),
        (
            lambda: parallel.judge_positions([moved(-1, -1, 4, 4), moved(-1, -1, 4, 4)]),
            "two events share position 4",
        ),
        (lambda: parallel.judge_positions([moved(5, 5, 4, 5)]), "4 was given after 5 was visible"),
        (lambda: parallel.judge_heads([moved(-1, -1, 4, 3)]), "head_position 3 after position 4"),
        (lambda: parallel.judge_heads([moved(6, 6, 5, 5)]), "head_position 5 after position 6"),
        (lambda: parallel.judge_heads([moved(-1, 9, 10, 10), moved(3, 9, 4, 5)]), "from 9 to 5"),
        (lambda: parallel.judge_heads([moved(3, 9, 4, 9)]), "given after head_position was 9"),
        (lambda: feed.page(ok(updates={}, cursor="c")), "updates is {}, not a list"),
        (lambda: feed.page(ok(updates=[], cursor="")), "cursor is '', not a text"),
        (
            lambda: feed.page(ok(updates=[], cursor="c" * 1001)),
            "cursor has 1001 characters, more than 1000",
        ),
        (lambda: feed.judge_limit(ok(updates=[1, 2], cursor="c"), 1), "2 updates for limit=1"),
        (
            lambda: feed.judge_pages([1, 2], [feed.Page([1], "c"), feed.Page([], "c")]),
            "2 updates in one page, 1 in pages of one",
        ),
        (
            lambda: feed.judge_pages([1, {"id": "u"}], [feed.Page([1, 3], "c")]),
            "update 2 is 'u' in one page, 3 in pages of one",
        ),
        (lambda: feed.judge_updates([{"id": "u", "kind": "x"}]), "update 'u' is unknown kind"),
        (lambda: feed.judge_updates(["u"]), "update 'u' is invalid"),
        (lambda: feed.judge_wait(ok(updates=[], cursor="c"), 30.04), "held for 30.0 s"),
        (lambda: feed.judge_wait(GONE, 1), "no answer in time"),
        (lambda: feed.judge_unknown_cursor(Answer(409, body={"code": "x"})), "answered 409"),
        (lambda: feed.judge_unknown_cursor(Answer(400, body={"code": "cursor_unknown"})), "400"),
        (lambda: results.judge_results(PAGE_OF_HOTEL), "answered 200: <h1>"),
        (lambda: results.judge_heartbeat(Answer(500)), "500: without a body"),
        (lambda: results.judge_heartbeat(GONE), "no answer"),
    ],
)
def test_what_does_not_fit_is_said(judge: Callable[[], object], said: str) -> None:
    with pytest.raises(Unmet) as unmet:
        judge()
    assert said in str(unmet.value)


def test_what_is_optional_is_not_judged() -> None:
    for judge in (
        lambda: presence.described(Answer(404)),
        lambda: presence.judge_error(Answer(401)),
        lambda: presence.judge_error(ok()),
        lambda: presence.judge_instances(ok(), ok()),
        lambda: batches.judge_positions(taken("accepted", None)),
        lambda: batches.judge_journal(Answer(404), taken("accepted", None)),
        lambda: parallel.judge_heads([moved(-1, -1, 4, None)]),
        lambda: results.judge_heartbeat(Answer(404)),
    ):
        with pytest.raises(NotOffered):
            judge()


def test_what_fits_is_let_be() -> None:
    presence.judge_description(ok(**WHO))
    presence.judge_memory(ok(**WHO), 7, 4)
    presence.judge_memory(ok(**WHO | {"last_sequence": 7}), 7, None)
    presence.judge_error(Answer(401, body={"title": "Unauthorized"}))
    presence.judge_instances(ok(), Answer(409, body={"type": "https://erp/another_instance"}))
    presence.judge_content_types([Heard("/e", 200, "application/json"), Heard("/e", 204, "")])
    presence.judge_content_types([Heard("/heartbeat", 200, "text/plain")])
    batches.judge_times(taken("accepted", None, accepted_at="2026-11-24T08:00:00+01:00"))
    batches.judge_journal(Answer(404), taken("accepted", 1))
    batches.judge_duplicate(taken("accepted", None), taken("duplicate", None))
    parallel.judge_heads([moved(4, 9, 10, 10), moved(9, 9, 4, 9)])
    feed.judge_updates([{"kind": "resend"}, {"kind": "fulfilment"}])
    results.judge_results(Answer(204))
    results.judge_results(Answer(202, body={}))


def test_more_updates_than_pages_are_followed_prove_nothing() -> None:
    pages = [feed.Page([number], "c") for number in range(feed.MOST_PAGES)]
    feed.judge_pages(list(range(feed.MOST_PAGES + 1)), pages)
