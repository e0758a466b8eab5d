"""The orders of the last weeks are read once, a page at a time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from agent import errors
from agent.events import baseline
from agent.model.delivery import Reading, Verdict
from tests import agents
from tests.clock import FakeClock
from tests.events import fakes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime
    from pathlib import Path

    import pytest

AWAY = errors.StoreUnavailableError("the store is away", hint="")
OLD, NEW = fakes.AT - timedelta(days=1), fakes.AT


def reading(body: bytes) -> Reading:
    """``b"old 7"``: order 7 from before the store went live; ``touched`` has changed since."""
    kind, _, number = body.decode().partition(" ")
    created_at = {"new": NEW, "undated": None}.get(kind, OLD)
    return Reading(
        subject=f"order/{number}",
        created_at=created_at,
        changed_at={"touched": NEW}.get(kind, created_at),
        untranslatable="currency: missing" if kind == "broken" else "",
        verdict=Verdict.DRAFT if kind == "draft" else None,
    )


BEHIND = timedelta(minutes=7)  # the store's clock


class Books:
    """Storage, store and fetcher in one. Pages may be errors, which break the reading off."""

    def __init__(self, tmp_path: Path, *pages: Sequence[bytes] | errors.StoreError) -> None:
        self.pages = list(pages)
        self.asked: list[tuple[str, datetime]] = []
        self.seen: list[tuple[list[str], int]] = []
        self.events: list[tuple[list[bytes], int]] = []
        self.left: set[str] = set()
        self.live = NEW
        self.ahead: list[timedelta] = []
        self.done, self.last, self.judged = False, 100, 10_000
        self.clock, self.known = FakeClock(), asyncio.Event()
        settings = agents.configured(tmp_path)
        self.actor = baseline.Baseline(
            self,
            self,
            self,
            reading,
            store_now=lambda: self.clock.now() - BEHIND,
            settings=lambda: settings,
            clock=self.clock,
            known=self.known,
        )

    async def changed(self, resource: str, since: datetime) -> AsyncIterator[Sequence[bytes]]:
        self.asked.append((resource, since))
        while self.pages:
            page = self.pages.pop(0)
            if isinstance(page, errors.StoreError):
                raise page
            self.last += 5
            yield page

    async def take_in(self, resource: str, bodies: Sequence[bytes], began: int) -> None:
        assert resource == "order"
        self.events.append((list(bodies), began))

    async def last_sequence(self) -> int:
        return self.last

    async def told_since(self) -> datetime:
        return self.live

    async def compare_clocks(self, ahead: timedelta) -> None:
        self.ahead.append(ahead)

    async def baseline_done(self) -> bool:
        return self.done

    async def assume_seen(self, readings: Sequence[Reading], sequence: int) -> set[str]:
        self.seen.append(([one.subject for one in readings], sequence))
        return self.left & {one.subject for one in readings}

    async def finish_baseline(self, sequence: int, until: datetime) -> bool:
        assert until == self.clock.now() - BEHIND
        return self.judged >= sequence


async def test_what_is_old_counts_as_seen_and_what_is_new_is_told(tmp_path: Path) -> None:
    books = Books(tmp_path, [b"old 1", b"new 2", b"old 3", b"undated 4", b"draft 5"], [b"new 6"])
    books.left = {"order/3"}
    assert await books.actor.run_once() == baseline.BETWEEN_PAGES_S
    assert books.seen == [(["order/1", "order/3"], 100)]
    assert books.events == [([b"new 2", b"undated 4", b"old 3"], 100)]
    await books.actor.run_once()
    assert books.events[1:] == [([b"new 6"], 105)]
    assert books.asked == [("order", books.clock.now() - timedelta(days=30))]


async def test_an_old_order_that_changed_since_is_told(tmp_path: Path) -> None:
    books = Books(tmp_path, [b"old 1", b"touched 2"])
    await books.actor.run_once()
    assert books.seen == [(["order/1"], 100)]
    assert books.events == [([b"touched 2"], 100)]


async def test_the_clocks_are_compared_once_the_store_has_answered(tmp_path: Path) -> None:
    books = Books(tmp_path, AWAY, [b"new 1"], [b"new 2"])
    await books.actor.run_once()
    assert books.ahead == []
    for _ in range(3):
        await books.actor.run_once()
    assert books.ahead == [-BEHIND]


async def test_all_orders_since_the_store_went_live_are_read_however_long_ago(
    tmp_path: Path,
) -> None:
    books = Books(tmp_path, [b"new 1"])
    books.live = books.clock.now() - timedelta(days=90)
    await books.actor.run_once()
    assert books.asked == [("order", books.live)]


async def test_it_is_done_when_the_last_event_is_judged(tmp_path: Path) -> None:
    books = Books(tmp_path, [b"new 1"])
    books.judged = 104
    await books.actor.run_once()
    assert await books.actor.run_once() == 0.0
    assert await books.actor.run_once() == baseline.JUDGED_SOON_S
    assert not books.known.is_set()
    books.judged = 105
    assert await books.actor.run_once() == baseline.IDLE_S
    assert books.known.is_set()
    assert await books.actor.run_once() == baseline.IDLE_S
    assert len(books.asked) == 1


async def test_it_is_done_once(tmp_path: Path) -> None:
    books = Books(tmp_path, [b"new 1"])
    books.done = True
    assert await books.actor.run_once() == baseline.IDLE_S
    assert (books.asked, books.known.is_set()) == ([], False)


async def test_a_store_that_breaks_off_is_read_from_the_start_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    books = Books(tmp_path, [b"new 1"], AWAY, AWAY, [b"new 1"])
    pauses = [await books.actor.run_once() for _ in range(5)]
    assert pauses == [baseline.BETWEEN_PAGES_S, 5.0, 10.0, baseline.BETWEEN_PAGES_S, 0.0]
    assert len(books.asked) == 3
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_an_old_order_that_can_not_be_read_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    books = Books(tmp_path, [b"broken 1", b"old 2"])
    await books.actor.run_once()
    assert books.seen == [(["order/2"], 100)]
    assert books.events == [([], 100)]
    assert caplog.messages == ["what order/1 holds of the stock is not known: currency: missing"]


async def test_it_stops_between_pages(tmp_path: Path) -> None:
    books, stop = Books(tmp_path, *[[b"old 1"]] * 9), asyncio.Event()
    running = asyncio.create_task(books.actor.run(stop))
    await books.clock.sleeping()
    stop.set()
    await running
    assert len(books.seen) == 1
