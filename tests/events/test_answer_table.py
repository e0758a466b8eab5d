"""Every row of the protocol's answer table, for a single event and for a batch: real requests to a
server that gives one answer over and over, then to one that is well again. Nothing is ever lost."""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from agent.demo.site import Fault, Site
from agent.events.forwarder import Forwarder
from agent.events.sender import Sender
from agent.gateway import client
from agent.model.delivery import Reading
from agent.storage import database, queues
from tests import agents
from tests.clock import FakeClock
from tests.storage import ledger, seeding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from agent.model.delivery import Event

PROBLEM = {"type": "urn:x:problem:bad", "title": "bad", "code": "bad"}
HTML = "<html>nginx</html>"
MOST_DEAD = 3


def _results(status: str) -> Callable[[list[str]], Any]:
    return lambda ids: {"results": [{"id": i, "status": status, "code": "c"} for i in ids]}


@dataclass(frozen=True)
class Row:
    """``settles``: accepted at once. ``dead``: at most three dead letters. ``tries``: whether
    it counts as an attempt. ``opens``: the reason for which the line is open afterwards.
    ``doubtful``: the gateway may have taken it."""

    name: str
    status: int = 200
    body: Callable[[list[str]], Any] | str = ""
    headers: Mapping[str, str] | None = None
    probe_status: int | None = None
    settles: bool = False
    dead: bool = False
    tries: bool = True
    opens: str = ""
    refused: bool = False
    doubtful: bool = False
    lost: Fault | None = None


TABLE = [
    Row("accepted", body=_results("accepted"), settles=True),
    Row("duplicate", body=_results("duplicate"), settles=True),
    Row("rejected", body=_results("rejected"), dead=True),
    Row("deferred", body=_results("deferred")),
    Row("missing from the results", body=lambda _: {"results": []}, doubtful=True),
    Row("400 with the contract's error", 400, lambda _: PROBLEM, dead=True),
    Row("422 with the contract's error", 422, lambda _: PROBLEM, dead=True),
    Row("400 of a proxy", 400, HTML, tries=False, opens="rejecting_everything", refused=True),
    Row("422 of a proxy", 422, HTML, tries=False, opens="rejecting_everything", refused=True),
    Row("413", 413, HTML, dead=True),
    *(Row(f"{s} of a proxy", s, HTML, opens=f"http_{s}") for s in (408, 425, 429)),
    *(Row(f"{s} of a proxy", s, HTML, opens=f"http_{s}", doubtful=True) for s in (500, 502, 504)),
    Row("503 announced", 503, HTML, {"Retry-After": "600"}, opens="http_503", doubtful=True),
    Row("time-out", lost=Fault.HANG, opens="timeout", doubtful=True),
    Row("the connection is cut", lost=Fault.DROP, opens="interrupted", doubtful=True),
    Row("nobody listens", status=0, opens="unreachable"),
    Row("broken JSON", body='{"results": [', opens="broken_answer", doubtful=True),
    Row("200 with nothing in it", opens="broken_answer", doubtful=True),
    Row("204", 204, opens="broken_answer", doubtful=True),
    Row("a captive portal", body=HTML, opens="broken_answer", doubtful=True),
    Row("403, a probe too", 403, HTML, tries=False, opens="http_403", refused=True),
    Row("403, a probe not", 403, HTML, probe_status=200, dead=True),
    Row(
        "409 another instance",
        409,
        lambda _: PROBLEM | {"code": "another_instance"},
        tries=False,
        opens="another_instance",
        refused=True,
    ),
    *(
        Row(f"{status}", status, HTML, tries=False, opens=f"http_{status}", refused=True)
        for status in (301, 302, 307, 401, 402, 404, 405, 406, 409, 410, 415)
    ),
]


class _Gateway:
    """Answers as ``row`` says, as a good one where there is none."""

    def __init__(self) -> None:
        self.row: Row | None = None
        self.poison = ""
        self.batches: list[list[str]] = []
        self.site = Site([web.post("/{path:.*}", self._answer)])

    async def _answer(self, request: web.Request) -> web.Response:
        ids = [event["id"] for event in await request.json()]
        row = self.row or TABLE[0]
        if not ids:
            return web.json_response({"results": []}, status=row.probe_status or row.status)
        self.batches.append(ids)
        if self.poison in ids:
            return web.Response(status=500, text=HTML)
        body = row.body if isinstance(row.body, str) else json.dumps(row.body(ids))
        return web.Response(status=row.status, text=body, headers=row.headers)

    async def is_to(self, row: Row | None) -> None:
        """None: well again."""
        self.row = row
        self.site.behave()
        await self.site.accept()
        if row is not None and row.lost is not None:
            self.site.misbehave(row.lost)
        if row is not None and not row.status:
            await self.site.refuse()


@dataclass(frozen=True)
class _Line:
    gateway: _Gateway
    sender: Sender
    forwarder: Forwarder
    database: database.Database
    clock: FakeClock

    async def states(self) -> dict[str, int]:
        rows = await seeding.select(
            self.database, "SELECT state, count(*) FROM outbox GROUP BY state"
        )
        return {str(state): int(n) for state, n in rows}

    async def attempts(self) -> int:
        [(count,)] = await seeding.select(self.database, "SELECT count(*) FROM attempts")
        return int(count)

    async def doubtful(self) -> int:
        [(count,)] = await seeding.select(
            self.database, "SELECT count(*) FROM acceptances WHERE NOT certain"
        )
        return int(count)

    async def unplaced(self) -> int:
        [(count,)] = await seeding.select(
            self.database, "SELECT count(*) FROM acceptances WHERE certain AND position IS NULL"
        )
        return int(count)

    async def send_what_is_ready(self) -> None:
        while batch := await self.forwarder.take():
            await self.forwarder.send(batch)


@asynccontextmanager
async def _line(
    tmp_path: Path, nudged: asyncio.Event, *, scheme: str = "http", patience: str = "5s"
) -> AsyncIterator[_Line]:
    clock, gateway = FakeClock(), _Gateway()
    async with database.opened(tmp_path / "state") as db, gateway.site.serving():
        url = gateway.site.url.replace("http", scheme)
        settings = agents.configured(tmp_path, gateway={"url": url, "timeout": patience}).gateway
        outbox = queues.Outbox(db, clock=clock, reread=lambda _: Reading(), version=1)
        async with client.opened(
            settings, store_id="s", instance="i", clock=clock, rng=random.Random(2)
        ) as calls:
            sender = Sender(
                outbox,
                calls,
                _encoded,
                settings=lambda: settings,
                clock=clock,
                rng=random.Random(1),
            )
            forwarder = Forwarder(
                outbox, sender, settings=lambda: settings, clock=clock, judged=nudged
            )
            yield _Line(gateway, sender, forwarder, db, clock)


def _encoded(event: Event) -> bytes:
    return json.dumps({"id": event.id}).encode()


@pytest.mark.parametrize("count", [1, 8])
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
async def test_every_row_of_the_answer_table(tmp_path: Path, row: Row, count: int) -> None:
    patience = "250ms" if row.lost is Fault.HANG else "5s"
    async with _line(tmp_path, asyncio.Event(), patience=patience) as line:
        await seeding.events(line.database, *(f"order/{n}" for n in range(count)))
        await ledger.hold(line.database)
        await line.gateway.is_to(row)
        await line.forwarder.send(await line.forwarder.take())

        states = await line.states()
        dead = states.get("dead", 0)
        assert dead == (min(count, MOST_DEAD) if row.dead else 0)
        assert states.get("accepted", 0) == (count if row.settles else 0)
        assert sum(states.values()) == count
        assert bool(await line.attempts()) == row.tries
        assert await line.doubtful() == (count if row.doubtful else 0)
        rejecting = row.dead and count >= MOST_DEAD
        assert line.sender.breaker.reason == ("rejecting_everything" if rejecting else row.opens)
        assert line.sender.breaker.refused == (row.refused or rejecting)

        await line.gateway.is_to(None)
        for _ in range(5):
            line.clock.advance(3600)
            await line.send_what_is_ready()
        assert await line.states() == {
            state: n for state, n in (("accepted", count - dead), ("dead", dead)) if n
        }
        assert not line.sender.breaker.failures
        assert await line.doubtful() == 0
        assert await line.unplaced() == count - dead  # no position was told


@pytest.mark.parametrize("count", [1, 8])
async def test_a_tls_failure_is_not_the_events_fault(tmp_path: Path, count: int) -> None:
    async with _line(tmp_path, asyncio.Event(), scheme="https") as line:  # it speaks plain HTTP
        await seeding.events(line.database, *(f"order/{n}" for n in range(count)))
        await line.forwarder.send(await line.forwarder.take())
        assert await line.states() == {"pending": count}
        assert await line.attempts() == 0
        assert (line.sender.breaker.reason, line.sender.breaker.refused) == ("tls", True)


async def test_a_gateway_that_rejects_everything_gets_one_probe_at_a_time_and_no_more_dead(
    tmp_path: Path,
) -> None:
    async with _line(tmp_path, asyncio.Event()) as line:
        await seeding.events(line.database, *(f"order/{n}" for n in range(20)))
        line.gateway.row = next(row for row in TABLE if row.name == "rejected")
        for _ in range(4):
            await line.send_what_is_ready()
            line.clock.advance(61)
        assert (await line.states())["dead"] == MOST_DEAD
        assert [len(batch) for batch in line.gateway.batches] == [20, 1, 1, 1]
        probes = [batch[0] for batch in line.gateway.batches[1:]]
        assert len(set(probes)) == 3  # another event each time: one of them may be guilty itself


async def test_dead_letters_in_a_row_are_counted_across_a_restart(tmp_path: Path) -> None:
    rejected = next(row for row in TABLE if row.name == "rejected")
    for life in range(3):
        async with _line(tmp_path, asyncio.Event()) as line:
            await seeding.events(line.database, f"order/{life}-1", f"order/{life}-2")
            line.gateway.row = rejected
            await line.forwarder.send(await line.forwarder.take())
            dead = (await line.states())["dead"]
    assert dead == MOST_DEAD


async def test_too_large_a_batch_teaches_its_size(tmp_path: Path) -> None:
    async with _line(tmp_path, asyncio.Event()) as line:
        before = line.sender.max_batch_bytes
        await seeding.events(line.database, *(f"order/{n}" for n in range(8)))
        line.gateway.row = next(row for row in TABLE if row.name == "413")
        await line.forwarder.send(await line.forwarder.take())
        assert line.sender.max_batch_bytes < before


async def test_one_event_that_the_gateway_fails_on_does_not_hold_up_the_others(
    tmp_path: Path,
) -> None:
    async with _line(tmp_path, asyncio.Event()) as line:
        events = await seeding.events(line.database, *(f"order/{n}" for n in range(40)))
        line.gateway.poison = events[0].id  # the best head: every probe would be this one
        for _ in range(3):
            await line.send_what_is_ready()
            line.clock.advance(2)
        assert await line.states() == {"accepted": 39, "pending": 1}
        line.gateway.poison = ""
        for _ in range(3):
            line.clock.advance(3600)
            await line.send_what_is_ready()
        assert await line.states() == {"accepted": 40}
