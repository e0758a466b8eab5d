"""No check is there for nothing: each has a gateway that is wrong in just that, and finds it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from agent.gateway.conformance import run
from agent.gateway.conformance.verdict import Outcome
from tests.gateway.conformance import broken
from tests.gateway.conformance.broken import edited, instead, results

if TYPE_CHECKING:
    from pathlib import Path

    from agent.demo.site import Handler
    from tests.gateway.conformance.broken import Fault

Answer = dict[str, Any]


def putting(under: str, **values: Any) -> Fault:
    """Those fields of an answer are something else."""
    return edited(under, lambda _, __, answer: answer.update(values))


def rejecting(meant: Any) -> Fault:
    """Events that are ``meant`` are rejected."""

    def reject(event: Any, result: Answer) -> None:
        if meant(event):
            result["status"] = "rejected"

    return results(reject)


def renaming(status: str, to: str) -> Fault:
    """One word is used for another."""

    def rename(_: Any, result: Answer) -> None:
        if result["status"] == status:
            result["status"] = to

    return results(rename)


def open_to(prefix: str) -> Fault:
    """Whoever brings that Authorization is let in."""

    async def let_in(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "nobody")
        if given.startswith(prefix):
            headers = request.headers.copy()
            headers["Authorization"] = f"Bearer {broken.TOKEN}"
            request = request.clone(headers=headers)
        return await handler(request)

    return let_in


def terse() -> Fault:
    """Its 401 is JSON of another kind."""

    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if response.status != 401:
            return response
        return web.json_response({"message": "Unauthorized"}, status=401)

    return answer


def naming_at_most(count: int) -> Fault:
    return edited("/events", lambda _, __, answer: answer.update(results=answer["results"][:count]))


def one_position_per_batch() -> Fault:
    def change(_: web.Request, __: Any, answer: Answer) -> None:
        for result in answer["results"]:
            if result["status"] == "accepted":
                result["position"] = answer["head_position"]

    return edited("/events", change)


def some_without_position() -> Fault:
    def change(_: web.Request, __: Any, answer: Answer) -> None:
        if len(answer["results"]) == 2:
            del answer["results"][1]["position"]

    return edited("/events", change)


def journal_of_the_moment() -> Fault:
    numbers = iter(range(10**6))
    return edited("/events", lambda _, __, answer: answer.update(journal=f"j{next(numbers)}"))


def duplicate_at_the_end() -> Fault:
    def change(_: web.Request, __: Any, answer: Answer) -> None:
        for result in answer["results"]:
            if result["status"] == "duplicate":
                result["position"] = answer["head_position"]

    return edited("/events", change)


def first_snapshot_only() -> Fault:
    """Takes a later snapshot of what it knows for the same once more."""
    known: dict[str, tuple[str, str]] = {}

    def change(event: Any, result: Answer) -> None:
        if not isinstance(event, dict) or ".snapshot." not in event.get("type", ""):
            return
        sequence, event_id = known.setdefault(event["subject"], (event["sequence"], event["id"]))
        if event["sequence"] > sequence and event["id"] != event_id:
            result["status"] = "duplicate"

    return results(change)


def refusing_what_is_late() -> Fault:
    highest: dict[str, str] = {}

    def change(event: Any, result: Answer) -> None:
        if isinstance(event, dict) and "type" in event:
            newest = highest.setdefault(event["subject"], event["sequence"])
            highest[event["subject"]] = max(newest, event["sequence"])
            if event["sequence"] < newest:
                result |= {"status": "rejected", "code": "stale"}

    return results(change)


def is_sound(_: web.Request, body: bytes) -> bool:
    return bool(_events(body)) and len(body) <= broken.MAX_BATCH_BYTES


def is_malformed(_: web.Request, body: bytes) -> bool:
    return any("type" not in event for event in _events(body))


def is_malformed_among_others(request: web.Request, body: bytes) -> bool:
    return is_malformed(request, body) and len(_events(body)) > 1


def is_of_unknown_type(_: web.Request, body: bytes) -> bool:
    return any(event.get("type", "").startswith("woocommerce.") for event in _events(body))


def is_no_json(_: web.Request, body: bytes) -> bool:
    return _parsed(body) is None


def _events(body: bytes) -> list[Any]:
    return _parsed(body) or []


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def side_by_side(change: Any) -> Fault:
    """``change(answer)`` where another batch is in flight."""
    flying = Counter[str]()

    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.endswith("/events"):
            return await handler(request)
        flying["now"] += 1
        try:
            for _ in range(20):  # the others get a chance to come in
                await asyncio.sleep(0)
            return await edited("/events", race)(request, handler)
        finally:
            flying["now"] -= 1

    def race(_: web.Request, __: Any, document: Answer) -> None:
        if flying["now"] > 1:
            change(document)

    return answer


def without_a_lock(answer: Answer) -> None:
    """Pairs of positions are read before they are written."""
    answer["results"][0]["position"] -= answer["results"][0]["position"] % 2


def in_blocks(answer: Answer) -> None:
    """One worker has a block of positions of its own, further down."""
    if answer["results"][0]["position"] % 10 == 0:
        answer["results"][0]["position"] -= 20


def head_behind(_: web.Request, __: Any, answer: Answer) -> None:
    if answer.get("results"):
        answer["head_position"] = max(0, answer["head_position"] - 1)


def head_ahead(_: web.Request, __: Any, answer: Answer) -> None:
    if "head_position" in answer:
        answer["head_position"] += 1


def skipping_one() -> Fault:
    def change(request: web.Request, _: Any, answer: Answer) -> None:
        if "after" in request.query and answer["updates"]:
            answer["updates"].pop(0)

    return edited("/updates", change)


def asked_for(**query: str) -> Fault:
    """Whatever a poll asks for, it is answered as if it had asked for that."""

    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        asked = request.rel_url.update_query({n: v for n, v in query.items() if n in request.query})
        return await handler(request.clone(rel_url=asked))

    return answer


def waiting_a_minute() -> Fault:
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.query.get("wait", "0") != "0":
            request = request.clone(rel_url=request.rel_url.update_query(wait="60"))
        return await handler(request)

    return answer


def with_all(name: str, value: Any) -> Fault:
    def change(_: web.Request, __: Any, answer: Answer) -> None:
        for update in answer["updates"]:
            update[name] = value

    return edited("/updates", change)


def from_the_start() -> Fault:
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if response.status != 409:
            return response
        return web.json_response({"updates": [], "cursor": "0"})

    return answer


def each_result_once() -> Any:
    seen: set[tuple[str, int]] = set()

    def is_known(_: web.Request, body: bytes) -> bool:
        given = {(result["id"], result["n"]) for result in json.loads(body)["results"]}
        known = bool(given & seen)
        seen.update(given)
        return known

    return is_known


def of_another_type(under: str) -> Fault:
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if request.path.endswith(under) and response.status == 200:
            response.content_type = "text/html"
        return response

    return answer


def first_instance_only() -> Any:
    known: list[str] = []

    def is_another(request: web.Request, _: bytes) -> bool:
        known.append(request.headers["Woo-Agent-Instance"])
        return known[-1] != known[0]

    return is_another


def replaced() -> Any:
    """Meant are instances after which another one spoke."""
    known: list[str] = []

    def is_replaced(request: web.Request, _: bytes) -> bool:
        name = request.headers["Woo-Agent-Instance"]
        if name not in known:
            known.append(name)
        return name != known[-1]

    return is_replaced


def always(_: web.Request, __: bytes) -> bool:
    return True


WHO = f"/{broken.STORE}"
TABLE: list[tuple[str, Fault]] = [
    ("who is there", putting(WHO, accepts="everything")),
    ("who is there", putting(WHO, environment=7)),
    ("who is there", putting(WHO, max_batch_bytes="much")),
    ("no token", open_to("nobody")),
    ("wrong token", open_to("Bearer wrong")),
    ("error document", terse()),
    ("empty batch", instead(400, lambda _, body: body == b"[]", under="/events")),
    ("good batch", naming_at_most(4)),
    ("good batch", renaming("accepted", "deferred")),
    ("good batch", instead(503, is_sound, under="/events", text="busy")),
    ("accepted_at", results(lambda _, result: result.update(accepted_at="2026-11-24 08:00:00"))),
    ("positions", one_position_per_batch()),
    ("positions", some_without_position()),
    ("journal", journal_of_the_moment()),
    ("journal", putting("/events", journal=None)),
    ("duplicate", renaming("duplicate", "accepted")),
    ("duplicate", duplicate_at_the_end()),
    ("later sequence", first_snapshot_only()),
    ("out of order", refusing_what_is_late()),
    (
        "replay",
        results(lambda event, result: event.get("replay") and result.update(status="duplicate")),
    ),
    ("deletion", rejecting(lambda event: ".deleted." in event.get("type", ""))),
    ("malformed event", renaming("rejected", "accepted")),
    ("malformed event", instead(400, is_malformed, under="/events", text="<h1>Bad Request</h1>")),
    ("malformed event", instead(422, is_malformed_among_others, under="/events")),
    ("malformed event", instead(500, is_malformed, under="/events", text="Traceback")),
    ("unknown type", instead(500, is_of_unknown_type, under="/events", text="KeyError")),
    ("broken JSON", instead(500, is_no_json, under="/events", text="JSONDecodeError")),
    ("broken JSON", instead(400, is_no_json, under="/events", text="<h1>Bad Request</h1>")),
    ("largest batch", instead(413, lambda _, body: len(body) > broken.MAX_BATCH_BYTES // 2)),
    ("too large", instead(400, lambda _, body: len(body) > broken.MAX_BATCH_BYTES)),
    ("parallel batches", side_by_side(without_a_lock)),
    ("parallel batches", side_by_side(in_blocks)),
    ("head_position", edited("/events", head_behind)),
    ("head_position", edited("", head_ahead)),
    ("first page", putting("/updates", cursor=17)),
    ("first page", putting("/updates", updates=None)),
    (
        "next page",
        instead(500, lambda request, _: "." in request.query.get("after", ""), text="no"),
    ),
    ("limit", asked_for(limit="500")),
    ("pages", skipping_one()),
    ("updates", with_all("quantity", "12")),
    ("updates", with_all("version", None)),
    ("updates", with_all("kind", "weather")),
    ("wait", waiting_a_minute()),
    ("unknown cursor", from_the_start()),
    ("unknown cursor", instead(400, lambda request, _: "made" in request.query.get("after", ""))),
    ("results", instead(404, always, under="/results")),
    ("results", instead(201, always, under="/results", text="<h1>Welcome to our hotel</h1>")),
    ("results again", instead(409, each_result_once(), under="/results")),
    ("heartbeat", instead(500, always, under="/heartbeat")),
    ("memory", putting(WHO, last_sequence=None)),
    ("memory", putting(WHO, head_position=0)),
    ("content types", of_another_type("/updates")),
    ("another instance", instead(409, first_instance_only())),
    ("another instance", instead(401, replaced())),
]


def failed(findings: list[Any]) -> list[str]:
    return [finding.check for finding in findings if finding.outcome is Outcome.FAIL]


@pytest.mark.parametrize(
    ("name", "fault"), TABLE, ids=[f"{name} {at}" for at, (name, _) in enumerate(TABLE)]
)
async def test_a_fault_fails_its_check_and_no_other(
    tmp_path: Path, name: str, fault: Fault
) -> None:
    async with broken.serving(tmp_path / "gateway.db", fault) as gateway:
        findings = await broken.checked(gateway)
    assert failed(findings) == [name], [finding[:3] for finding in findings]


def test_every_check_is_in_the_table_and_has_a_name_of_its_own() -> None:
    names = [check.name for check in run.CHECKS]
    assert len(set(names)) == len(names)
    assert {name for name, _ in TABLE} == set(names)
    assert {check.needs for check in run.CHECKS} <= {"", *names}
