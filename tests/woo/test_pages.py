"""Lists that change while they are read: every row that stays is read once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import errors
from agent.woo import pages
from tests.woo import shops

if TYPE_CHECKING:
    from collections.abc import Mapping

Change = Callable[[list[int]], None]

ROWS = 350


class Client:
    """A list of ids, changed after each page by ``changes`` (by the number of the page), of which
    a page never shows more than ``most``; ``says``: whether it tells how many there are."""

    def __init__(
        self,
        ids: list[int],
        changes: Mapping[int, Change],
        *,
        hidden: int = 0,
        most: int = 100,
        says: bool = True,
    ) -> None:
        self.ids = ids
        self.changes = changes
        self.hidden = hidden
        self.most = most
        self.says = says
        self.asked = 0

    async def listed(
        self, path: str, query: Mapping[str, str]
    ) -> tuple[list[dict[str, int]], int | None]:
        offset, most = int(query.get("offset", 0)), min(int(query["per_page"]), self.most)
        shown = [{"id": n} for n in self.ids[offset : offset + most] if n > self.hidden]
        total = len(self.ids)
        self.asked += 1
        if self.asked in self.changes:
            self.changes[self.asked](self.ids)
        return shown, total if self.says else None


async def read(client: Client, extent: pages.Extent | None = None) -> list[int]:
    found = pages.by_id(client, "orders", {}, extent)  # type: ignore[arg-type]
    return [row["id"] async for page in found for row in page]


def without(*gone: int) -> Change:
    def change(ids: list[int]) -> None:
        ids[:] = [number for number in ids if number not in gone]

    return change


CASES: dict[str, tuple[dict[int, Change], int]] = {
    "nothing": ({}, 0),
    "one that was read is deleted": ({1: without(3)}, 0),
    "the last one of a page is deleted": ({1: without(100)}, 0),
    "a few at each page": ({n: without(n * 7, n * 7 + 1, n * 7 + 2) for n in (1, 2, 3)}, 0),
    "more than the overlap": ({1: without(*range(1, 60))}, 0),
    "a whole page and more": ({2: without(*range(1, 151))}, 0),
    "all that was read, and the rest moves to the front": ({3: without(*range(1, 290))}, 0),
    "new ones come at the end": ({1: lambda ids: ids.extend(range(1000, 1150))}, 0),
    "one appears among those read": ({2: lambda ids: ids.insert(10, 0)}, 0),
    "some may not be read by this key": ({2: without(260)}, 250),
}


@pytest.mark.parametrize(("changes", "hidden"), CASES.values(), ids=CASES)
async def test_what_stays_is_read_once(changes: Mapping[int, Change], hidden: int) -> None:
    client, extent = Client(list(range(1, ROWS + 1)), changes, hidden=hidden), pages.Extent()
    found = await read(client, extent)
    assert (extent.shown, extent.is_whole) == (len(found), len(client.ids) <= len(found))
    assert found == sorted(set(found))
    assert {n for n in client.ids if n > hidden} <= {*found, 0}


@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(1, ROWS)), max_size=200),
    st.sampled_from([1, 2, 3, 10, 99, 100]),
    st.booleans(),
)
@settings(deadline=None, max_examples=100)
async def test_whatever_is_deleted_whenever(
    deletions: list[tuple[int, int]], most: int, says: bool
) -> None:
    pages_ = {page for page, _ in deletions}
    changes = {page: without(*(n for at, n in deletions if at == page)) for page in pages_}
    client = Client(list(range(1, ROWS + 1)), changes if most > 1 else {}, most=most, says=says)
    found = await read(client)
    assert found == sorted(set(found))
    assert set(client.ids) <= set(found)


async def test_a_quiet_list_costs_a_page_in_a_hundred_more_than_it_must() -> None:
    client = Client(list(range(1, 10_001)), {})
    assert len(await read(client)) == 10_000
    assert client.asked == 106


@pytest.mark.parametrize("rows", [0, 1, 10, 25, 99, 100, 101, 250])
@pytest.mark.parametrize("most", [1, 7, 10, 50, 100])
@pytest.mark.parametrize("says", [True, False])
async def test_a_short_page_is_not_taken_for_the_last(rows: int, most: int, says: bool) -> None:
    client = Client(list(range(1, rows + 1)), {}, most=most, says=says)
    extent = pages.Extent()
    assert await read(client, extent) == client.ids
    assert (extent.ended, extent.is_short, extent.is_whole) == (True, False, says)


async def test_rows_that_come_while_a_list_is_read_and_are_not_seen_make_it_short() -> None:
    def restored(ids: list[int]) -> None:
        ids[:0] = [-1, -2, -3]  # among those that were read: no page to come shows them

    client, extent = Client(list(range(1, 251)), {2: restored}), pages.Extent()
    assert len(await read(client, extent)) == 250
    assert (extent.shown, extent.total, extent.is_short) == (250, 253, True)
    assert extent.why_not("orders") == "the store says that orders has 253 rows, and shows 250"


@pytest.mark.parametrize(
    ("asked", "shown", "is_answer"),
    [("trash", "trash", True), ("trash", "publish", False), ("any", "trash", False)],
)
async def test_rows_of_another_status_do_not_answer(
    asked: str, shown: str, is_answer: bool
) -> None:
    def answer(request: web.Request) -> web.Response:
        return web.json_response([{"id": 1, "status": shown}], headers={"X-WP-Total": "1"})

    async with shops.scripted(answer) as store, shops.calling(store.site.url) as client:
        found = pages.by_id(client, "products", {"status": asked})
        if is_answer:
            assert [len(page) async for page in found] == [1]
        else:
            with pytest.raises(errors.StoreIncompleteError, match="another status"):
                await anext(found)


async def test_a_store_that_ignores_where_to_begin_is_found_out() -> None:
    same = [{"id": n} for n in range(1, 101)]

    def answer(request: web.Request) -> web.Response:
        return web.json_response(same, headers={"X-WP-Total": "250"})

    async with shops.scripted(answer) as store, shops.calling(store.site.url) as client:
        with pytest.raises(errors.StoreUnavailableError, match="from its beginning"):
            [page async for page in pages.by_id(client, "orders", {})]


async def test_a_store_that_counts_more_than_it_shows_is_not_read_for_ever() -> None:
    def answer(request: web.Request) -> web.Response:
        shown = [] if request.query.get("offset") else [{"id": n} for n in range(1, 51)]
        return web.json_response(shown, headers={"X-WP-Total": "1000000"})

    async with shops.scripted(answer) as store, shops.calling(store.site.url) as client:
        with pytest.raises(errors.StoreUnavailableError, match="1000000 rows, and shows none"):
            [page async for page in pages.by_id(client, "orders", {})]


@pytest.mark.parametrize("total", ["9" * 5000, "many", ""])
async def test_a_number_of_rows_that_is_none_is_not_believed(total: str) -> None:
    def answer(request: web.Request) -> web.Response:
        return web.json_response([{"id": 1}], headers={"X-WP-Total": total})

    async with shops.scripted(answer) as store, shops.calling(store.site.url) as client:
        assert [page async for page in pages.by_id(client, "orders", {})] == [[{"id": 1}]]


async def test_rows_in_another_order_are_not_taken_for_all() -> None:
    def answer(request: web.Request) -> web.Response:
        offset = int(request.query.get("offset", 0))
        newest = [{"id": n} for n in range(300, 0, -1)]
        return web.json_response(newest[offset : offset + 100], headers={"X-WP-Total": "300"})

    async with shops.scripted(answer) as store, shops.calling(store.site.url) as client:
        with pytest.raises(errors.StoreUnavailableError, match="order of ids"):
            [page async for page in pages.by_id(client, "orders", {})]


@pytest.mark.parametrize("number", [0, -3, 2**63, 1.0, "7", None])
async def test_rows_without_a_usable_id_are_left_out(number: object) -> None:
    def answer(request: web.Request) -> web.Response:
        return web.json_response([{"id": number}, {"id": 5}, "x"])

    async with shops.scripted(answer) as store, shops.calling(store.site.url) as client:
        assert [page async for page in pages.by_id(client, "orders", {})] == [[{"id": 5}]]
