"""Caches and replicas that show the store as it was."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from agent import errors
from agent.model.product import ItemWrite
from agent.woo import freshness
from tests.clock import FakeClock
from tests.woo import shops

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, ""),
        ({"Age": "0", "X-Cache": "MISS"}, ""),
        ({"Age": "soon", "X-Cache": "White"}, ""),
        ({"Age": "9" * 5000}, ""),
        ({"Age": "²"}, ""),
        ({"Age": "300", "X-Cache": "HIT"}, "Age: 300"),
        ({"X-Cache": "Hit from cloudfront"}, "X-Cache: HIT"),
        ({"X-Cache": "TCP_HIT"}, "X-Cache: HIT"),
        ({"X-Cache": "MISS, HIT"}, "X-Cache: HIT"),
        ({"CF-Cache-Status": "DYNAMIC", "X-LiteSpeed-Cache": "hit"}, "X-LiteSpeed-Cache: HIT"),
    ],
)
def test_what_says_that_an_answer_is_out_of_a_cache(headers: dict[str, str], said: str) -> None:
    assert freshness.marker(headers) == said


def test_a_cache_that_was_seen_is_told_of_for_an_hour() -> None:
    clock = FakeClock()
    seen = freshness.CacheSeen(clock)
    assert seen.told() == ""
    seen.answered({"X-Cache": "HIT"})
    seen.answered({"X-Cache": "MISS"})
    assert seen.told() == "X-Cache: HIT"
    clock.advance(freshness.SEEN_FOR_S)
    assert seen.told() == ""


async def test_no_two_reads_are_alike_and_none_wants_an_old_answer() -> None:
    async with (
        shops.scripted(lambda _: web.json_response({"value": "EUR"})) as store,
        shops.calling(store.site.url) as calls,
    ):
        for _ in range(3):
            await calls.read("products/7", {"_skip_cache": "1"})
    asked = [request.query["_"] for request in store.asked]
    assert len({*asked}) == 3
    assert {request.headers["Cache-Control"] for request in store.asked} == {"no-cache"}


@pytest.mark.parametrize("old", [1, 2, 3])
async def test_an_old_answer_is_not_believed(old: int) -> None:
    def answer(request: web.Request) -> web.Response:
        headers = {"Age": "300"} if len(store.asked) <= old else {}
        return web.json_response({"value": "EUR"}, headers=headers)

    async with shops.scripted(answer) as store, shops.calling(store.site.url) as calls:
        if old < 3:
            assert await calls.read("products/7") == {"value": "EUR"}
        else:
            with pytest.raises(errors.StoreUnavailableError, match=r"cache.*Age: 300"):
                await calls.read("products/7")
        assert calls.cache.told() == "Age: 300"


class Replica:
    """A store with one product of 100 units, whose reads are ``behind`` so many times after a
    write."""

    def __init__(self, clock: FakeClock, behind: int) -> None:
        self._clock = clock
        self._behind = behind
        self._rows = [self._row(100)]
        self.reads = 0

    def answer(self, request: web.Request) -> web.Response:
        if request.method == "POST":
            self._clock.advance(1)
            self._rows.append(self._row(51))
            return web.json_response({"update": [self._rows[-1]]})
        is_old = len(self._rows) == 1 or self.reads < self._behind
        self.reads += len(self._rows) > 1
        row = self._rows[0 if is_old else -1]
        if request.path.endswith("/7"):
            return web.json_response(row)
        return web.json_response([row], headers={"X-WP-Total": "1"})

    def _row(self, quantity: int) -> dict[str, Any]:
        return {
            **{"id": 7, "parent_id": 0, "type": "simple", "sku": "MUG-1", "status": "publish"},
            **{"manage_stock": True, "stock_quantity": quantity},
            "date_modified_gmt": f"{self._clock.now():%Y-%m-%dT%H:%M:%S}",
        }


async def found(calls: Any) -> Any:
    [mug] = (await calls.find(["MUG-1"]))["MUG-1"]
    return mug


async def named(calls: Any) -> Any:
    return await calls.one(7, 0)


@pytest.mark.parametrize("read", [found, named])
@pytest.mark.parametrize("behind", [0, 1, 2, 3])
async def test_our_own_last_write_outranks_an_older_read(
    read: Callable[[Any], Any], behind: int
) -> None:
    clock = shops.HurriedClock()
    replica = Replica(clock, behind)
    async with (
        shops.scripted(replica.answer) as store,
        shops.calling(store.site.url, clock=clock) as calls,
    ):
        mug = await read(calls)
        await calls.write(0, [ItemWrite(mug, {"quantity": 51})])
        if behind < 3:
            assert (await read(calls)).values["quantity"] == 51
            assert replica.reads == behind + 1
        else:
            with pytest.raises(errors.StoreUnavailableError, match="before our last write"):
                await read(calls)


def test_a_store_that_was_restored_is_believed_after_a_while() -> None:
    clock = FakeClock()
    own = freshness.OwnWrites(clock)
    row = {"id": 7, "date_modified_gmt": "2026-11-20T08:00:00"}
    own.wrote(7, None)
    assert not own.is_older(row)
    own.wrote(7, clock.now())
    assert own.is_older(row)
    assert not own.is_older({"id": 7, "date_modified_gmt": None})
    assert not own.is_older({"id": [7], "date_modified_gmt": "2026-11-20T08:00:00"})
    assert not own.is_older({"id": 8, "date_modified_gmt": "2026-11-20T08:00:00"})
    clock.advance(freshness.WRITTEN_FOR_S + timedelta(seconds=1).total_seconds())
    assert not own.is_older(row)
