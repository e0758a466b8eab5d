"""What passes, what is skipped, and what ends the talk before it begins."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from agent import errors
from agent.demo.gateway_problem import Problem
from agent.gateway.conformance import faulty, run, sample
from agent.gateway.conformance.verdict import Outcome
from agent.model.order import Order
from tests.gateway.conformance import broken
from tests.gateway.conformance.broken import edited, instead

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp import web

    from agent.demo.site import Handler
    from agent.gateway.conformance.verdict import Finding


JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**400,
    1.5,
    "",
    "\ud83d\x00",
    "9" * 5000,
    [],
    [[]],
    {},
    {"id": []},
)


def skipped(findings: list[Finding]) -> set[str]:
    """Their names; nothing failed."""
    assert [finding for finding in findings if finding.outcome is Outcome.FAIL] == []
    return {finding.check for finding in findings if finding.outcome is Outcome.SKIPPED}


async def test_our_stand_in_passes_also_when_it_is_asked_again(tmp_path: Path) -> None:
    async with broken.serving(tmp_path / "gateway.db") as gateway:
        for _ in range(2):
            assert skipped(await broken.checked(gateway)) == {"another instance"}
        assert all(event["source"].endswith(broken.STORE) for event in gateway.events(broken.STORE))


async def test_a_gateway_that_tells_instances_apart_passes(tmp_path: Path) -> None:
    speakers: list[str] = []

    async def replacing(request: web.Request, handler: Handler) -> web.StreamResponse:
        name = request.headers["Woo-Agent-Instance"]
        if name not in speakers:
            speakers.append(name)
        if name != speakers[-1]:
            return Problem(409, "another_instance").response()
        return await handler(request)

    async with broken.serving(tmp_path / "gateway.db", replacing) as gateway:
        assert skipped(await broken.checked(gateway)) == set()


async def test_what_is_optional_and_not_offered_is_skipped(tmp_path: Path) -> None:
    def without(_: Any, __: Any, answer: dict[str, Any]) -> None:
        for name in ("journal", "head_position"):
            answer.pop(name, None)
        for result in answer.get("results", ()):
            result.pop("position", None)

    async def sparse(request: web.Request, handler: Handler) -> web.StreamResponse:
        for missing in (f"/{broken.STORE}", "/heartbeat"):
            if request.path.endswith(missing) and "Authorization" in request.headers:
                return await instead(404, lambda _, __: True)(request, handler)
        return await edited("", without)(request, handler)

    async with broken.serving(tmp_path / "gateway.db", sparse, updates=()) as gateway:
        assert skipped(await broken.checked(gateway)) == {
            *("who is there", "positions", "journal", "largest batch", "too large"),
            *("parallel batches", "head_position", "limit", "pages", "updates"),
            *("heartbeat", "memory", "another instance"),
        }


async def test_a_batch_may_be_refused_for_an_event_and_an_unknown_type_rejected(
    tmp_path: Path,
) -> None:
    async def strict(request: web.Request, handler: Handler) -> web.StreamResponse:
        body = await request.read()
        if request.path.endswith("/events") and (b'"first"' in body or b"woocommerce" in body):
            return Problem(422, "invalid").response()
        return await handler(request)

    async with broken.serving(tmp_path / "gateway.db", strict) as gateway:
        assert skipped(await broken.checked(gateway)) == {"another instance"}


async def test_a_limit_that_would_take_much_sending_is_not_tried(tmp_path: Path) -> None:
    def generous(_: Any, __: Any, answer: dict[str, Any]) -> None:
        answer["max_batch_bytes"] = 2**40

    fault = edited(f"/{broken.STORE}", generous)
    async with broken.serving(tmp_path / "gateway.db", fault) as gateway:
        findings = await broken.checked(gateway)
    assert skipped(findings) == {"largest batch", "too large", "another instance"}


async def test_what_needs_a_check_that_failed_is_not_asked(tmp_path: Path) -> None:
    fault = instead(500, lambda _, __: True, under="/updates", text="no")
    async with broken.serving(tmp_path / "gateway.db", fault) as gateway:
        findings = await broken.checked(gateway)
    outcomes = {finding.check: (finding.outcome, finding.found) for finding in findings}
    assert outcomes["first page"] == (Outcome.FAIL, "answered 500: no")
    assert outcomes["next page"] == (Outcome.SKIPPED, "needs: first page")
    assert outcomes["pages"] == (Outcome.SKIPPED, "needs: next page")
    assert outcomes["unknown cursor"][0] is Outcome.FAIL


async def test_a_gateway_that_is_not_there_or_refuses_us_is_an_error(tmp_path: Path) -> None:
    async with broken.serving(tmp_path / "gateway.db") as gateway:
        with pytest.raises(errors.UsageError, match="refuses this token"):
            await broken.checked(gateway, token="another")
        await gateway.site.refuse()
        with pytest.raises(errors.UnreachableError, match="does not answer"):
            await broken.checked(gateway)


def test_the_order_it_tells_of_is_one_of_the_contract() -> None:
    Order.model_validate(sample.order(7, "2026-11-24T08:00:00Z"))


@pytest.mark.parametrize("size", [5_000, 64 * 1024 + 1, 2**20])
async def test_a_batch_is_filled_to_the_byte(tmp_path: Path, size: int) -> None:
    async with (
        broken.serving(tmp_path / "gateway.db") as gateway,
        broken.opened(gateway) as talk,
    ):
        assert len(faulty.filled(talk, size)) == size


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_is_answered_there_is_a_finding_for_every_check(
    tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)

    async with broken.serving(tmp_path / "gateway.db", spoilt(rng)) as gateway:
        findings = await broken.checked(gateway)
    assert [finding.check for finding in findings] == [check.name for check in run.CHECKS]


def spoilt(rng: random.Random) -> broken.Fault:
    """One field in ten is something else."""

    def each(value: Any) -> Any:
        if rng.random() < 0.1:
            return rng.choice(JUNK)
        if isinstance(value, dict):
            return {name: each(of) for name, of in value.items()}
        return [each(of) for of in value] if isinstance(value, list) else value

    def spoil(_: Any, __: Any, answer: dict[str, Any]) -> None:
        answer |= {name: each(of) for name, of in answer.items()}

    return edited("", spoil)


def test_no_check_waits_for_one_that_comes_later() -> None:
    seen: set[str] = {""}
    for check in run.CHECKS:
        assert check.needs in seen, check.name
        seen.add(check.name)
