"""The watchdog against a store that forgets, refuses and is away."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from agent import errors, metrics
from agent.model.registration import TOPICS, Blind, Found, Made, Records, Registration
from agent.reconcile.watchdog import Watchdog
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "https://shop.example.com/hook"
AWAY = errors.StoreUnavailableError("the store does not answer", hint="")
REFUSED = errors.StoreRefusedError("the store refuses our key", hint="", status=401)
REJECTED = errors.StoreRejectedError("the store said no", hint="", status=400, code="x")


class Line:
    """A store's list, what is remembered of it, and the watchdog."""

    def __init__(self, url: str | None = URL) -> None:
        self.rows: dict[int, Registration] = {}
        self.remembered: dict[int, Made] = {}
        self.blind: list[Blind] = []
        self.calls: list[str] = []
        self.broken: dict[str, errors.StoreError] = {}
        self.asked = asyncio.Event()
        self.clock = FakeClock()
        self.dog = Watchdog(
            self,
            self,
            delivery_url=url,
            every=lambda: timedelta(minutes=1),
            clock=self.clock,
            asked=self.asked,
        )

    def _call(self, call: str) -> None:
        for name, error in self.broken.items():
            if call.startswith(name):
                raise error
        self.calls.append(call)

    async def all(self) -> list[Registration]:
        self._call("list")
        return list(self.rows.values())

    async def create(self, topic: str) -> Registration:
        self._call(f"create {topic}")
        number = max(self.rows, default=0) + 1
        self.rows[number] = Registration(number, f"woo-agent {topic}", topic, "active", URL)
        return self.rows[number]

    async def activate(self, webhook_id: int) -> None:
        self._call(f"activate {webhook_id}")
        self.rows[webhook_id] = replace(self.rows[webhook_id], status="active")

    async def delete(self, webhook_id: int) -> None:
        self._call(f"delete {webhook_id}")
        del self.rows[webhook_id]

    async def records(self) -> Records:
        return Records(dict(self.remembered), self.blind)

    async def made(self, webhook_id: int, topic: str, found: Found) -> None:
        self._call(f"made {topic}")
        self.remembered[webhook_id] = Made(webhook_id, topic, found, self.clock.now())

    async def activated(self, webhook_id: int, topic: str) -> None:
        self._call(f"activated {topic}")

    async def deleted(self, webhook_id: int, topic: str) -> None:
        self._call(f"deleted {topic}")
        self.remembered.pop(webhook_id, None)


@pytest.fixture
async def line() -> Line:
    """All is registered."""
    line = Line()
    assert await line.dog.run_once() == 60
    line.calls.clear()
    line.asked.clear()
    return line


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.INFO, "agent.reconcile"):
        yield caplog


async def test_the_first_look_registers_all_and_the_next_does_nothing(
    log: pytest.LogCaptureFixture,
) -> None:
    line = Line()
    await line.dog.run_once()
    assert [row.topic for row in line.rows.values()] == list(TOPICS)
    assert line.asked.is_set()
    assert [record.levelname for record in log.records] == ["INFO"]
    line.calls.clear()
    await line.dog.run_once()
    assert line.calls == ["list"]
    assert line.dog.trouble == ""


async def test_a_disabled_one_is_replaced_before_it_is_deleted(
    line: Line, log: pytest.LogCaptureFixture
) -> None:
    line.rows[2] = replace(line.rows[2], status="disabled")
    before = metrics.REGISTRY.get_sample_value(
        "woo_agent_webhook_repairs_total", {"found": "disabled"}
    )
    await line.dog.run_once()
    topic = "order.updated"
    assert line.calls[1:] == [f"create {topic}", f"made {topic}", "delete 2", f"deleted {topic}"]
    assert line.asked.is_set()
    after = metrics.REGISTRY.get_sample_value(
        "woo_agent_webhook_repairs_total", {"found": "disabled"}
    )
    assert (after or 0) - (before or 0) == 1
    [said] = log.records
    assert (said.levelname, said.getMessage()) == (
        "WARNING",
        "webhooks put right: order.updated (disabled)",
    )


async def test_a_paused_one_is_activated(line: Line) -> None:
    line.rows[2] = replace(line.rows[2], status="paused")
    await line.dog.run_once()
    assert line.calls[1:] == ["activate 2", "activated order.updated"]


async def test_what_was_made_in_doubt_is_found_at_the_next_look(line: Line) -> None:
    del line.rows[2]
    line.broken["made"] = AWAY  # the answer never came
    await line.dog.run_once()
    line.broken.clear()
    line.calls.clear()
    await line.dog.run_once()
    assert line.calls == ["list", "made order.updated"]


async def test_a_store_that_is_away_is_one_warning_and_asked_at_growing_intervals(
    line: Line, log: pytest.LogCaptureFixture
) -> None:
    line.broken["list"] = AWAY
    assert [await line.dog.run_once() for _ in range(6)] == [5, 10, 20, 40, 60, 60]
    assert len(log.records) == 1
    assert line.dog.trouble == ""
    line.broken.clear()
    assert await line.dog.run_once() == 60
    assert log.messages[-1] == "the store's webhooks are looked at again"


@pytest.mark.parametrize("error", [AWAY, REFUSED, REJECTED])
async def test_what_could_not_be_repaired_is_named_until_it_is(
    line: Line, log: pytest.LogCaptureFixture, error: errors.StoreError
) -> None:
    line.rows[2] = replace(line.rows[2], status="disabled")
    del line.rows[1]
    line.broken["create"] = error
    for _ in range(2):
        await line.dog.run_once()
    assert line.dog.trouble == (
        "webhooks that could not be repaired: order.created (missing), order.updated (disabled);"
        f" {error.message}"
    )
    assert [record.levelname for record in log.records] == ["ERROR"]
    line.broken.clear()
    await line.dog.run_once()
    assert line.dog.trouble == ""


async def test_a_store_that_shows_us_no_webhooks_is_a_trouble(line: Line) -> None:
    line.broken["list"] = REFUSED
    assert await line.dog.run_once() == 5
    assert line.dog.trouble == "the store refuses our key"


async def test_fresh_ones_that_send_error_objects_too_are_a_trouble_and_not_made_each_minute(
    line: Line,
) -> None:
    async def blame() -> list[str]:
        line.clock.advance(60)
        newest = max(row.id for row in line.rows.values() if row.topic == "coupon.updated")
        line.blind = [Blind("coupon", newest, line.clock.now())]
        line.calls.clear()
        line.clock.advance(60)
        await line.dog.run_once()
        return [call for call in line.calls if call.startswith("create")]

    assert await blame() == [
        f"create coupon.{event}" for event in ("created", "updated", "deleted")
    ]
    assert (await blame(), line.dog.trouble) == (
        [],
        "webhooks that could not be repaired: coupon.created (error_bodies), coupon.updated"
        " (error_bodies), coupon.deleted (error_bodies); the fresh one sends error objects too:"
        " what may the account of our key read?",
    )


async def test_without_an_address_nothing_is_watched(log: pytest.LogCaptureFixture) -> None:
    line, stop = Line(url=None), asyncio.Event()
    running = asyncio.create_task(line.dog.run(stop))
    await asyncio.sleep(0)
    assert line.dog.trouble is None
    assert log.messages == ["the store's webhooks are not watched: set webhooks.delivery_url"]
    stop.set()
    await running
    assert line.calls == []
