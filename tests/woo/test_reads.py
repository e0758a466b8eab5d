"""Whole resources out of the stand-in, over HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from agent import errors
from agent.demo.shop import delivery
from agent.model.delivery import Reading, Webhook
from agent.reconcile.high_water import OVERLAP
from agent.woo import lists
from agent.woo.lists import KINDS
from agent.woo.reads import Reads
from agent.woo.translate import reading
from tests.clock import FakeClock
from tests.woo import shops

if TYPE_CHECKING:
    from agent.demo.store import Store

NEW_YORK = timedelta(hours=-5)


async def changed(store: Store, resource: str, since: datetime) -> list[list[dict[str, Any]]]:
    """The pages, as JSON."""
    now = shops.HurriedClock(store.shop.clock.now())
    async with shops.calling(store.url, clock=now) as client:
        pages = [page async for page in Reads(client).changed(resource, since)]
    return [[json.loads(body) for body in page] for page in pages]


async def test_all_orders_that_changed_by_id_with_the_trash_and_without_drafts() -> None:
    clock = FakeClock()
    store = shops.stand_in(clock, utc_offset=NEW_YORK)
    store.add_product("MUG-1", stock=1000)
    old = store.place_order([("MUG-1", 1)])
    touched, trashed = (store.place_order([("MUG-1", 1)]) for _ in range(2))
    clock.advance(600)
    since = clock.now() - timedelta(minutes=2)
    many = [store.place_order([("MUG-1", 1)]) for _ in range(205)]
    store.place_order([("MUG-1", 1)], status="checkout-draft")
    store.set_status(touched, "completed")
    store.trash_order(trashed)
    async with store.serving(deliver=False):
        pages = await changed(store, "order", since)
    found = {order["id"]: order["status"] for page in pages for order in page}
    assert list(found) == [touched, trashed, *many]
    assert found[trashed] == "trash"
    assert old not in found


async def test_statuses_are_asked_for_one_after_the_other_where_nobody_lists_them() -> None:
    asked: list[str] = []

    def answer(request: web.Request) -> web.Response:
        if "totals" in request.path:
            missing = {"code": "rest_no_route", "message": "no", "data": {"status": 404}}
            return web.json_response(missing, status=404)
        asked.append(request.query["status"])
        status = {"any": "processing"}.get(asked[-1], asked[-1])
        return web.json_response([{"id": 7, "status": status}], headers={"X-WP-Total": "1"})

    async with shops.scripted(answer) as store, shops.calling(store.site.url) as client:
        since = datetime(2026, 11, 24, tzinfo=UTC)
        pages = [page async for page in Reads(client).changed("order", since)]
    assert asked == ["any", "trash"]
    assert [len(page) for page in pages] == [1, 1]


async def test_a_status_that_a_plugin_took_with_it_is_not_asked_for_again() -> None:
    asked: list[str] = []

    def answer(request: web.Request) -> web.Response:
        if "totals" in request.path:
            return web.json_response([{"slug": "processing"}, {"slug": "packed"}, {"slug": 7}])
        asked.append(request.query["status"])
        if "packed" in request.query["status"]:
            wrong = {"code": "rest_invalid_param", "message": "no", "data": {"status": 400}}
            return web.json_response(wrong, status=400)
        return web.json_response([])

    async with shops.scripted(answer) as store, shops.calling(store.site.url) as client:
        reads, since = Reads(client), datetime(2026, 11, 24, tzinfo=UTC)
        with pytest.raises(errors.StoreRejectedError):
            await anext(reads.changed("order", since))
        assert [page async for page in reads.changed("order", since)] == [[], []]
    assert asked == ["packed,processing,trash", "any", "trash"]


EDGES = {  # the site's offset when an order changed, and when it is looked for; and the changes
    "far west": (timedelta(hours=-11), timedelta(hours=-11)),
    "half hours": (timedelta(hours=5, minutes=30), timedelta(hours=5, minutes=30)),
    "tomorrow already": (timedelta(hours=14), timedelta(hours=14)),
    "summer begins": (timedelta(hours=1), timedelta(hours=2)),
    "summer ends": (timedelta(hours=2), timedelta(hours=1)),
}


@pytest.mark.parametrize("offsets", EDGES.values(), ids=EDGES)
@pytest.mark.parametrize("fraction", [0.0, 0.000001, 0.5, 0.999999])
async def test_what_changes_around_a_look_is_in_it_or_in_the_next_one(
    offsets: tuple[timedelta, timedelta], fraction: float
) -> None:
    """A look's place is when it began; the next one begins the overlap before that."""
    began = datetime(2026, 10, 25, 1, tzinfo=UTC) + timedelta(seconds=fraction)
    clock = FakeClock(began - timedelta(seconds=2))
    store = shops.stand_in(clock, utc_offset=offsets[0])
    store.add_product("MUG-1", stock=1000)
    placed = []
    for _ in range(5):  # before it, in its second, and after it
        placed.append(store.place_order([("MUG-1", 1)]))
        clock.advance(1)
    store.shop.utc_offset = offsets[1]
    async with store.serving(deliver=False):
        pages = await changed(store, "order", began - OVERLAP)
        assert [order["id"] for page in pages for order in page] == placed
        pages = await changed(store, "order", began + timedelta(seconds=1))
        assert placed[0] not in [order["id"] for page in pages for order in page]


async def test_several_are_one_request_and_those_that_no_list_shows_are_left_out() -> None:
    store = shops.stand_in(FakeClock())
    mug = store.add_product("MUG-1", stock=9)
    shirt = store.add_variable("SHIRT", {"SHIRT-S": ("20.00", 3)})
    orders = [store.place_order([("MUG-1", 1)]) for _ in range(3)]
    store.trash_order(orders[1])
    async with store.serving(deliver=False), shops.calling(store.url) as client:
        reads = Reads(client)
        products = await reads.several("product", [shirt + 1, mug, shirt, 7777])
        assert list(products) == [mug, shirt]
        alone = await reads.one("product", mug)
        assert alone is not None
        assert read("product", products[mug]) == read("product", alone)
        await reads.several("order", orders)
        before = store.site.requests
        assert list(await reads.several("order", [*reversed(orders), 7777])) == orders[::-1]
        assert store.site.requests == before + 1


async def test_lists_show_what_the_bodies_say() -> None:
    store = shops.stand_in(FakeClock())
    mug = store.add_product("MUG-1", price="12.90", stock=9)
    shirt = store.add_variable("SHIRT", {"SHIRT-S": ("20.00", 3)})
    order = store.place_order([("MUG-1", 2)])
    refund = store.refund(order, {"MUG-1": 1})
    async with store.serving(deliver=False), shops.calling(store.url) as client:
        found = {
            name: [one async for page in Reads(client).listed(name) for one in page]
            for name in KINDS
        }
        for one in (*found["orders"], *found["products"], *found["variations"]):
            resource = one.subject.partition("/")[0]
            said = read(resource, await Reads(client).one(resource, one.number) or b"")
            assert (one.subject, one.changed_at) == (said.subject, said.changed_at)
            assert (one.figures, one.product) == (said.figures, said.product)
    assert [one.number for one in found["products"]] == [mug, shirt]
    assert [one.number for one in found["variations"]] == [shirt + 1]
    assert [(one.subject, one.currency) for one in found["orders"]] == [(f"order/{order}", "EUR")]
    [given_back] = found["refunds"]
    assert (given_back.number, given_back.parent) == (refund, f"order/{order}")
    assert given_back.figures == b"12.90"
    assert found["trashed products"] == found["customers"] == found["coupons"] == []


@pytest.mark.parametrize("resource", ["product", "coupon"])
async def test_other_kinds_that_changed(resource: str) -> None:
    clock = FakeClock()
    store = shops.stand_in(clock)
    store.add_product("OLD")
    clock.advance(600)
    mug = store.add_product("MUG-1")
    async with store.serving(deliver=False):
        pages = await changed(store, resource, clock.now() - timedelta(minutes=2))
    assert [[row["id"] for row in page] for page in pages] == (
        [[mug]] if resource == "product" else [[]]
    )


async def test_customers_are_the_newest_page_since_they_have_no_date_to_ask_by() -> None:
    asked: list[dict[str, str]] = []

    def answer(request: web.Request) -> web.Response:
        asked.append(dict(request.query))
        return web.json_response([{"id": 3}])

    async with shops.scripted(answer) as store, shops.calling(store.site.url) as client:
        since = datetime(2026, 11, 24, tzinfo=UTC)
        pages = [page async for page in Reads(client).changed("customer", since)]
    assert pages == [[b'{"id":3}']]
    [query] = asked
    assert (query["orderby"], query["order"], query["per_page"]) == (
        "registered_date",
        "desc",
        "100",
    )
    assert "modified_after" not in query


async def test_what_is_read_has_the_content_that_a_webhook_has() -> None:
    store = shops.stand_in(FakeClock())
    mug = store.add_product("MUG-1", price="12.90")
    shirt = store.add_variable("SHIRT", {"SHIRT-S": ("20.00", 3)})
    order = store.place_order([("MUG-1", 2)], billing={"first_name": "Zoë", "country": "DE"})
    async with store.serving(deliver=False), shops.calling(store.url) as client:
        for resource, number in (
            *(("product", number) for number in (mug, shirt, shirt + 1)),
            ("order", order),
        ):
            body = await Reads(client).one(resource, number)
            assert body is not None
            sent = delivery.payload(store.shop, f"{resource}.updated", number)
            assert read(resource, body) == read(resource, json.dumps(sent).encode())


def read(resource: str, body: bytes) -> Reading:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    said = reading.read(Webhook(at, f"{resource}.updated", "", "", "", body), frozenset())
    assert said.digest
    return said


async def test_what_is_not_there_and_what_is_no_list() -> None:
    store = shops.stand_in(FakeClock())
    async with store.serving(deliver=False), shops.calling(store.url) as client:
        assert await Reads(client).one("order", 7) is None
    async with (
        shops.scripted(lambda _: web.json_response({"id": 1})) as odd,
        shops.calling(odd.site.url) as client,
    ):
        with pytest.raises(errors.StoreUnavailableError, match="not a list"):
            await anext(Reads(client).changed("coupon", datetime(2026, 11, 24, tzinfo=UTC)))


@pytest.mark.parametrize("said", [[], {"errors": {"x": ["y"]}}, {"id": 8}, "maintenance", 5])
async def test_an_answer_that_is_not_the_one_asked_for_is_asked_for_again(said: object) -> None:
    async with (
        shops.scripted(lambda _: web.json_response(said)) as odd,
        shops.calling(odd.site.url) as client,
    ):
        with pytest.raises(errors.StoreUnavailableError, match="not that order"):
            await Reads(client).one("order", 7)


async def refunds_of(store: Store, order: int) -> list[dict[str, Any]]:
    async with shops.calling(store.url) as client:
        return [json.loads(body) for body in await Reads(client).refunds(order, [])]


async def test_all_refunds_of_an_order_with_what_only_the_order_tells() -> None:
    store = shops.stand_in(FakeClock())
    store.add_product("MUG-1", price="2.00", stock=1000)
    order, other = (store.place_order([("MUG-1", 200)]) for _ in range(2))
    refunds = [store.refund(order, {"MUG-1": 1}) for _ in range(101)]
    store.refund(other, {"MUG-1": 1})
    async with store.serving(deliver=False):
        found = await refunds_of(store, order)
        assert [refund["id"] for refund in found] == refunds
        assert {(one["parent_id"], one["currency"]) for one in found} == {(order, "EUR")}
        assert {line["restocked_quantity"] for one in found for line in one["line_items"]} == {1}
        assert await refunds_of(store, other + 1000) == []


async def test_a_store_without_the_route_does_not_say_that_refunds_are_gone() -> None:
    store = shops.stand_in(FakeClock())
    async with store.serving(deliver=False), shops.calling(f"{store.url}") as client:
        with pytest.raises(errors.StoreError):
            await Reads(client).refunds(-1, [])  # no such path


@pytest.mark.parametrize(
    ("code", "gone"),
    [
        ("woocommerce_rest_shop_order_invalid_id", True),
        ("woocommerce_rest_product_invalid_id", True),
        ("woocommerce_rest_invalid_id", True),  # customers
        ("woocommerce_rest_invalid_order_id", True),  # refunds of an order
        ("maintenance", False),
        ("not_found", False),
        (404, False),  # a proxy's own JSON
    ],
)
async def test_only_woocommerce_itself_says_that_something_is_gone(
    code: object, gone: bool
) -> None:
    def answer(request: web.Request) -> web.Response:
        body = {"code": code, "message": "no", "data": {"status": 404}}
        return web.json_response(body, status=404)

    async with shops.scripted(answer) as store, shops.calling(store.site.url) as client:
        for ask in (Reads(client).one("customer", 7), Reads(client).refunds(7, [])):
            if gone:
                assert not await ask
            else:
                with pytest.raises(errors.StoreError):
                    await ask
        assert not await Reads(client).answers()


@pytest.mark.parametrize("parent", [None, "x", 0, -1])
async def test_a_refund_that_names_no_order_has_none(parent: object) -> None:
    row = {"id": 5, "parent_id": parent, "amount": "4.50"}
    [one] = lists.read(KINDS["refunds"], [row])
    assert (one.subject, one.parent) == ("refund/5", "")
