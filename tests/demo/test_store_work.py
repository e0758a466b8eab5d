"""Time at work: what falls between a load and its save, what it costs, and how it ends in doubt."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from agent.demo.shop.work import MEASURED, Mishap, Pace
from tests.demo.client import connected, recorded_store
from tests.woo.shops import HurriedClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agent.demo.store import Store
    from tests.clock import FakeClock
    from tests.demo.client import Client

SKUS = {"MUG-1": 10, "SKU-00000": 17, "SKU-00001": 18}
BATCH = {"update": [{"id": number, "stock_quantity": 90} for number in SKUS.values()]}


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    store, clock = recorded_store()
    async with connected(store, clock) as client:
        yield client


async def step(clock: FakeClock, seconds: float) -> None:
    """Lets whoever sleeps first sleep that long."""
    await clock.sleeping()
    clock.advance(seconds)


def stocks(store: Store) -> list[int | None]:
    return [store.stock(sku) for sku in SKUS]


def reduced(store: Store, order_id: int) -> list[str]:
    meta = store.order(order_id)["line_items"][0]["meta_data"]
    return [entry["value"] for entry in meta if entry["key"] == "_reduced_stock"]


async def test_each_item_of_a_batch_loses_what_falls_between_its_load_and_its_save(
    client: Client,
) -> None:
    store, clock = client.store, client.clock
    store.host.pace = Pace(write_item_s=1.0)
    asking = asyncio.create_task(client("POST", "products/batch", BATCH))
    await clock.sleeping()
    for sku in SKUS:
        store.place_order([(sku, 2)])
    assert store.host.writing == 1
    clock.advance(1.0)
    await clock.sleeping()
    store.place_order([("MUG-1", 3)])
    clock.advance(1.0)
    await step(clock, 1.0)
    await asking
    assert stocks(store) == [87, 90, 90]
    assert store.host.writing == 0


async def test_what_was_loaded_already_is_not_written(client: Client) -> None:
    store, clock = client.store, client.clock
    store.host.pace = Pace(write_item_s=1.0)
    asking = asyncio.create_task(client("PUT", "products/10", {"stock_quantity": 40}))
    await clock.sleeping()
    store.place_order([("MUG-1", 2)])
    clock.advance(1.0)
    await asking
    assert store.stock("MUG-1") == 38


async def test_a_client_that_gives_up_does_not_stop_the_write(client: Client) -> None:
    store, clock = client.store, client.clock
    store.host.pace = Pace(write_item_s=1.0)
    asking = asyncio.create_task(client("POST", "products/batch", BATCH))
    await clock.sleeping()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    clock.advance(1.0)
    for _ in SKUS.keys() - {"MUG-1"}:
        await step(clock, 1.0)
    await store.site.until(lambda: not store.host.writing)
    assert stocks(store) == [90, 90, 90]


async def test_reduced_stock_is_written_a_moment_after_the_stock(client: Client) -> None:
    store, clock = client.store, client.clock
    store.host.pace = Pace(meta_lag_s=2.0)
    order = store.place_order([("MUG-1", 2)])
    assert (store.stock("MUG-1"), reduced(store, order)) == (38, [])
    await step(clock, 2.0)
    await clock_turns()
    assert reduced(store, order) == ["2"]
    assert store.order(order)["date_modified_gmt"] > store.order(order)["date_created_gmt"]
    store.set_status(order, "cancelled")
    assert (store.stock("MUG-1"), reduced(store, order)) == (40, ["2"])
    store.set_status(order, "processing")
    assert (store.stock("MUG-1"), reduced(store, order)) == (38, []), "cancelled was read first"


async def clock_turns() -> None:
    """Lets those that were woken go on."""
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.parametrize(("after", "applied"), [(1, [90, 10, 10]), (None, [90, 90, 90])])
async def test_php_dies_in_the_middle_of_a_batch(
    client: Client, after: int | None, applied: list[int]
) -> None:
    client.store.mishap(Mishap.KILLED, after=after)
    with pytest.raises(aiohttp.ClientError):
        await client("POST", "products/batch", BATCH)
    assert stocks(client.store) == applied
    assert (await client("POST", "products/batch", BATCH)).status == 200, "once"


@pytest.mark.parametrize("mishap", [Mishap.CUT, Mishap.GATEWAY_TIMEOUT])
async def test_the_client_is_gone_and_php_goes_on(client: Client, mishap: Mishap) -> None:
    store, clock = client.store, client.clock
    store.host.pace = Pace(write_item_s=1.0)
    store.mishap(mishap, after=1)
    asking = asyncio.create_task(client("POST", "products/batch", BATCH))
    await step(clock, 1.0)
    [said] = await asyncio.gather(asking, return_exceptions=True)
    if mishap is Mishap.CUT:
        assert isinstance(said, aiohttp.ClientError)
    else:
        assert not isinstance(said, BaseException)
        assert (said.status, said.headers["Content-Type"]) == (504, "text/html; charset=utf-8")
    assert (stocks(store), store.host.writing) == ([90, 10, 10], 1)
    await step(clock, 1.0)
    await step(clock, 1.0)
    await clock_turns()
    assert (stocks(store), store.host.writing) == ([90, 90, 90], 0)


async def test_warnings_come_before_the_json(client: Client) -> None:
    client.store.mishap(Mishap.WARNINGS)
    with pytest.raises(ValueError, match="Expecting value"):
        await client("POST", "products/batch", BATCH)
    assert stocks(client.store) == [90, 90, 90]


@pytest.mark.parametrize(
    ("method", "path", "body", "seconds"),
    [
        ("PUT", "products/10", {"stock_quantity": 1}, 0.075),
        ("POST", "products/batch", {"update": [{"id": 10}] * 100}, 2.0),
        ("GET", "products", None, 0.22),
    ],
)
async def test_requests_cost_what_was_measured(
    method: str, path: str, body: Any, seconds: float
) -> None:
    store, clock = recorded_store(HurriedClock())
    for number in range(100):
        store.add_product(f"MORE-{number}")
    store.host.pace = MEASURED
    async with connected(store, clock) as client:
        query = None if body else {"per_page": 100, "_fields": "id"}
        began = clock.monotonic()
        assert (await client(method, path, body, query)).status == 200
        assert clock.monotonic() - began == pytest.approx(seconds, rel=0.01)
        assert store.host.worked_s == pytest.approx(seconds, rel=0.01)
        assert (store.host.reads, store.host.writes) == ((1, 0) if method == "GET" else (0, 1))


async def test_the_host_works_at_one_request_after_the_other(client: Client) -> None:
    store, clock = client.store, client.clock
    store.host.pace = Pace(write_item_s=1.0, one_at_a_time=True)
    puts = [client("PUT", f"products/{number}", {"stock_quantity": 1}) for number in (10, 17)]
    asking = [asyncio.create_task(put) for put in puts]
    await store.site.until(lambda: store.host.writing == 2)
    await step(clock, 1.0)
    await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
    assert sorted(task.done() for task in asking) == [False, True]
    await step(clock, 1.0)
    await asyncio.gather(*asking)


async def test_times_vary(client: Client) -> None:
    client.store.host.pace = Pace(spread=0.5)
    drawn = {client.store.host.drawn(1.0) for _ in range(200)}
    assert all(0.5 <= seconds <= 1.5 for seconds in drawn)
    assert len(drawn) > 100
