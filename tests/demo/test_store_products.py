"""Products and variations: look-ups, coercions, silences and refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import recordings
from tests.demo.client import connected, recorded_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.demo.client import Client


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    store, clock = recorded_store()
    async with connected(store, clock) as client:
        yield client


async def ids(client: Client, **query: str) -> list[int]:
    return [row["id"] for row in (await client("GET", "products", None, query)).body]


async def test_a_sku_is_found_whatever_its_case_and_outer_blanks(client: Client) -> None:
    assert await ids(client, sku=" mug-1 ,SHIRT-m,NOPE", orderby="id", order="asc") == [10, 13]


async def test_an_empty_sku_is_no_filter_and_finds_no_variations(client: Client) -> None:
    assert await ids(client, sku="", orderby="id", order="asc") == [10, 11, *range(17, 23)]


async def test_the_trash_is_left_out_unless_asked_for(client: Client) -> None:
    assert await ids(client, sku="CAP-1") == []
    assert await ids(client, include="10,1021") == [10]
    assert await ids(client, status="trash") == [1021]


async def test_a_trashed_sku_can_not_be_created_but_set(client: Client) -> None:
    refused = await client("POST", "products", {"sku": "CAP-1"})
    assert (refused.status, refused.body["code"]) == (400, "woocommerce_rest_product_not_created")
    assert (await client("PUT", "products/10", {"sku": "CAP-1"})).body["sku"] == "CAP-1"


async def test_pages_come_with_totals_and_links(client: Client) -> None:
    recorded = recordings.rest("products_page2")
    answer = await client("GET", "products", None, recorded["request"]["query"])
    assert [row["id"] for row in answer.body] == [18, 19, 20]
    assert (answer.headers["X-WP-Total"], answer.headers["X-WP-TotalPages"]) == ("8", "3")
    assert answer.headers["Link"] == recorded["response"]["headers"]["Link"]
    past = await client("GET", "products", None, {"page": 9})
    assert (past.status, past.body) == (200, [])


@pytest.mark.parametrize(
    ("sent", "stored"), [("x", 0), (2.7, 2), ("12 pieces", 12), (" 4", 4), (-3, -3), (True, 1)]
)
async def test_a_batch_coerces_stock_as_php_does(client: Client, sent: object, stored: int) -> None:
    body = {"update": [{"id": 10, "stock_quantity": sent}]}
    answer = await client("POST", "products/batch", body)
    assert answer.body["update"][0]["stock_quantity"] == stored
    assert client.store.stock("MUG-1") == stored


@pytest.mark.parametrize(
    ("sent", "stored"), [("abc", ""), (15.5, "15.5"), (15, "15"), ("1.234,50", "1.23450")]
)
async def test_a_batch_takes_any_price(client: Client, sent: object, stored: str) -> None:
    body = {"update": [{"id": 10, "regular_price": sent}]}
    answer = await client("POST", "products/batch", body)
    assert answer.body["update"][0]["regular_price"] == stored


async def test_fields_on_a_batch_write_empties_the_answer_and_not_the_write(client: Client) -> None:
    body = {"update": [{"id": 10, "stock_quantity": 3}]}
    answer = await client("POST", "products/batch", body, {"_fields": "id,stock_quantity"})
    assert (answer.status, answer.body) == (200, [])
    assert client.store.stock("MUG-1") == 3


async def test_a_batch_creates_updates_and_deletes_by_force(client: Client) -> None:
    body = {"create": [{"sku": "NEW"}, {"sku": "MUG-1"}], "delete": [17, 999]}
    answer = await client("POST", "products/batch", body)
    new, taken = answer.body["create"]
    assert new["sku"] == "NEW"
    assert (taken["id"], taken["error"]["code"]) == (0, "product_invalid_sku")
    assert taken["error"]["data"] == {"status": 400, "resource_id": 10, "unique_sku": "MUG-1-1"}
    gone, missing = answer.body["delete"]
    assert (gone["sku"], missing["error"]["data"]["status"]) == ("SKU-00000", 404)
    assert (await client("GET", "products/17")).status == 404


async def test_a_variation_whose_parent_manages_the_stock_shows_the_parents(client: Client) -> None:
    await client("PUT", "products/11", {"manage_stock": True, "stock_quantity": 7})
    path = "products/11/variations/13"
    answer = await client("PUT", path, {"manage_stock": "parent", "stock_quantity": 99})
    assert (answer.status, answer.body["manage_stock"], answer.body["stock_quantity"]) == (
        200,
        "parent",
        7,
    )
    client.store.place_order([("SHIRT-M", 2)])
    assert client.store.stock("SHIRT-M") == 5
    assert client.store.product(11)["stock_quantity"] == 5


async def test_a_price_on_a_variable_product_is_ignored(client: Client) -> None:
    answer = await client("PUT", "products/11", {"regular_price": "5.00"})
    assert (answer.status, answer.body["price"], answer.body["regular_price"]) == (200, "20.00", "")


async def test_making_a_variable_product_simple_deletes_its_variations(client: Client) -> None:
    answer = await client("PUT", "products/11", {"type": "simple"})
    assert answer.body["variations"] == []
    assert (await client("GET", "products/13")).status == 404
    assert await ids(client, sku="SHIRT-M") == []


async def test_a_running_sale_sets_the_price_and_an_ended_one_does_not(client: Client) -> None:
    sale = {"sale_price": "9.99", "date_on_sale_to_gmt": "2026-11-23T21:00:00"}
    answer = await client("PUT", "products/10", sale)
    assert (answer.body["price"], answer.body["on_sale"]) == ("9.99", True)
    client.clock.advance(3600)
    body = (await client("GET", "products/10")).body
    assert (body["price"], body["on_sale"], body["sale_price"]) == ("12.50", False, "9.99")
    cleared = await client("PUT", "products/10", {"sale_price": "", "date_on_sale_to_gmt": ""})
    assert (cleared.body["sale_price"], cleared.body["date_on_sale_to_gmt"]) == ("", None)


async def test_null_is_no_change(client: Client) -> None:
    answer = await client("PUT", "products/10", {"stock_quantity": None, "regular_price": None})
    assert (answer.body["stock_quantity"], answer.body["regular_price"]) == (40, "12.50")


async def test_a_no_op_write_moves_the_date(client: Client) -> None:
    before = client.store.product(10)["date_modified_gmt"]
    client.clock.advance(5)
    assert (await client("PUT", "products/10", {})).body["date_modified_gmt"] > before


async def test_related_ids_are_shuffled_at_each_read(client: Client) -> None:
    reads = [(await client("GET", "products/10")).body["related_ids"] for _ in range(4)]
    assert len({tuple(read) for read in reads}) > 1
    assert all(len(read) == 5 and 10 not in read for read in reads)


async def test_an_absolute_stock_write_loses_an_order_that_came_in_between(client: Client) -> None:
    store = client.store

    async def order_comes_in(product_id: int) -> None:
        store.place_order([("MUG-1", 2)])

    store.pause_writes(order_comes_in)
    await client("PUT", "products/10", {"stock_quantity": 50})
    assert store.stock("MUG-1") == 50
    await client("PUT", "products/10", {"regular_price": "13.00"})
    assert store.stock("MUG-1") == 48, "a write without stock leaves the order's decrement alone"
    await client("PUT", "products/10", {"stock_quantity": 48})
    assert store.stock("MUG-1") == 46, "what equals the loaded figure is not written"


async def test_variations_are_created_listed_and_deleted(client: Client) -> None:
    path = "products/11/variations"
    size = [{"name": "Size", "option": "XL"}]
    made = await client(
        "POST", path, {"sku": "SHIRT-XL", "regular_price": "21", "attributes": size}
    )
    assert (made.status, made.body["name"]) == (201, "XL")
    listed = await client("GET", path)
    assert [row["id"] for row in listed.body] == [made.body["id"], 14, 13, 12]
    assert (await client("GET", f"products/10/variations/{made.body['id']}")).status == 404
    gone = await client("DELETE", f"{path}/{made.body['id']}", None, {"force": "true"})
    assert gone.status == 200
    assert client.store.product(11)["variations"] == [12, 13, 14]


async def test_what_is_trashed_twice_is_gone(client: Client) -> None:
    assert (await client("DELETE", "products/1021")).status == 410
    assert (await client("DELETE", "products/1021", None, {"force": "true"})).status == 200
    assert (await client("DELETE", "products/1021")).status == 404
