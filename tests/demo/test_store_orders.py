"""Orders: sums, stock, lists, refunds."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.demo.shop import coupons
from tests import recordings
from tests.demo.client import connected, recorded_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agent.demo.store import Store
    from tests.demo.client import Client

GERMAN = {"country": "DE"}


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    store, clock = recorded_store()
    async with connected(store, clock) as client:
        yield client


def held(store: Store, order_id: int) -> list[str | None]:
    """``_reduced_stock`` of each line."""
    return [
        next((m["value"] for m in line["meta_data"] if m["key"] == "_reduced_stock"), None)
        for line in store.order(order_id)["line_items"]
    ]


@pytest.mark.parametrize("status", ["processing", "on-hold", "completed"])
@pytest.mark.parametrize("back", ["cancelled", "pending"])
def test_stock_is_taken_once_and_given_back_once(status: str, back: str) -> None:
    store, _ = recorded_store()
    order_id = store.place_order([("MUG-1", 2), ("SHIRT-M", 1)], "pending")
    assert (store.stock("MUG-1"), held(store, order_id)) == (40, [None, None])
    for _ in range(2):
        store.set_status(order_id, status)
        assert (store.stock("MUG-1"), store.stock("SHIRT-M")) == (38, 29)
        assert held(store, order_id) == ["2", "1"]
    store.set_status(order_id, back)
    assert (store.stock("MUG-1"), held(store, order_id)) == (40, [None, None])


def test_failed_refunded_and_trashed_orders_keep_the_stock() -> None:
    store, _ = recorded_store()
    orders = [store.place_order([("MUG-1", 1)]) for _ in range(3)]
    store.set_status(orders[0], "failed")
    store.refund(orders[1], {"MUG-1": 1}, restock=False)
    store.trash_order(orders[2])
    assert store.order(orders[1])["status"] == "refunded"
    assert store.stock("MUG-1") == 37
    assert [held(store, order) for order in orders] == [["1"]] * 3


def test_stock_goes_below_zero_and_the_status_with_it() -> None:
    store, _ = recorded_store()
    store.place_order([("SKU-00001", 12)])
    body = store.product("SKU-00001")
    assert (body["stock_quantity"], body["stock_status"]) == (-2, "outofstock")


def test_a_refund_is_known_by_sku_or_line_and_costs_what_was_paid() -> None:
    store, _ = recorded_store()
    order_id = store.place_order([("MUG-1", 3)], billing=GERMAN)
    store.refund(order_id, {"MUG-1": 1})
    order = store.order(order_id)
    assert order["refunds"][0]["total"] == "-14.88"  # 12.50 and a third of 7.13
    store.refund(order_id, {order["line_items"][0]["id"]: 1}, "3.00", restock=False)
    assert store.order(order_id)["refunds"][0]["total"] == "-3.00"
    assert (store.stock("MUG-1"), held(store, order_id)) == (38, ["2"])


def test_an_order_set_to_refunded_gets_one_refund_of_the_rest() -> None:
    store, _ = recorded_store()
    order_id = store.place_order([("MUG-1", 2)])
    store.refund(order_id, {"MUG-1": 1})
    store.set_status(order_id, "refunded")
    refunds = store.order(order_id)["refunds"]
    assert [refund["total"] for refund in refunds] == ["-12.50", "-12.50"]
    assert refunds[0]["reason"] == "Order fully refunded."
    assert (store.stock("MUG-1"), held(store, order_id)) == (39, ["1"])


def test_a_cancelled_order_gives_back_only_what_it_still_holds() -> None:
    store, _ = recorded_store()
    order_id = store.place_order([("MUG-1", 3)])
    store.refund(order_id, {"MUG-1": 1})
    store.set_status(order_id, "cancelled")
    assert store.stock("MUG-1") == 40


async def test_editing_a_line_moves_the_stock(client: Client) -> None:
    order_id = client.store.place_order([("MUG-1", 2)])
    [line] = client.store.order(order_id)["line_items"]
    more = {"line_items": [{"id": line["id"], "quantity": 5}, {"sku": "SHIRT-M"}]}
    answer = await client("PUT", f"orders/{order_id}", more)
    assert [item["quantity"] for item in answer.body["line_items"]] == [5, 1]
    assert answer.body["line_items"][0]["total"] == "25.00", "new pieces cost nothing unless told"
    assert (client.store.stock("MUG-1"), client.store.stock("SHIRT-M")) == (35, 29)
    await client("PUT", f"orders/{order_id}", {"line_items": [{"id": line["id"], "quantity": 0}]})
    assert (client.store.stock("MUG-1"), held(client.store, order_id)) == (40, ["1"])


async def test_more_than_is_left_can_not_be_refunded(client: Client) -> None:
    order_id = client.store.place_order([("MUG-1", 1)])
    answer = await client("POST", f"orders/{order_id}/refunds", {"amount": "12.51"})
    code = "woocommerce_rest_cannot_create_order_refund"
    assert (answer.status, answer.body["code"]) == (500, code)


async def test_a_deleted_refund_is_gone_and_takes_no_stock(client: Client) -> None:
    order_id = client.store.place_order([("MUG-1", 2)])
    path = f"orders/{order_id}/refunds/{client.store.refund(order_id, {'MUG-1': 1})}"
    assert (await client("DELETE", path)).status == 501
    assert (await client("DELETE", path, None, {"force": "true"})).status == 200
    assert (await client("GET", path)).status == 404
    assert client.store.order(order_id)["refunds"] == []
    assert client.store.stock("MUG-1") == 39


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    items=st.lists(
        st.tuples(st.sampled_from(["MUG-1", "SHIRT-S", "SKU-00003"]), st.integers(1, 7)),
        min_size=1,
        max_size=4,
    ),
    coupon=st.sampled_from([None, "welcome10", "five", "each"]),
    shipping=st.sampled_from([None, "4.90", "0.03"]),
    gross=st.booleans(),
)
def test_all_sums_of_an_order_add_up_to_the_cent(
    items: list[tuple[str, int]], coupon: str | None, shipping: str | None, gross: bool
) -> None:
    store, _ = recorded_store(prices_include_tax=gross)
    for code, kind, amount in (("five", "fixed_cart", "5"), ("each", "fixed_product", "0.35")):
        coupons.create(store.shop, {"code": code, "discount_type": kind, "amount": amount})
    fields: dict[str, Any] = {"billing": GERMAN, "fee_lines": [{"name": "Wrap", "total": "2.01"}]}
    fields["coupon_lines"] = [{"code": coupon}] if coupon else []
    fields["shipping_lines"] = [{"method_id": "flat", "total": shipping}] if shipping else []
    order = store.order(store.place_order(items, **fields))
    lines = [*order["line_items"], *order["fee_lines"], *order["shipping_lines"]]
    net = sum(Decimal(line["total"]) for line in lines)
    tax = sum(Decimal(line["total_tax"]) for line in lines)
    assert Decimal(order["total"]) == net + tax
    assert Decimal(order["total_tax"]) == tax
    taxes = [Decimal(order["tax_lines"][0][n]) for n in ("tax_total", "shipping_tax_total")]
    assert sum(taxes) == tax
    subtotals = sum(Decimal(line["subtotal"]) for line in order["line_items"])
    totals = sum(Decimal(line["total"]) for line in order["line_items"])
    assert Decimal(order["discount_total"]) == subtotals - totals
    assert sum(Decimal(line["discount"]) for line in order["coupon_lines"]) == subtotals - totals
    assert all(Decimal(line["total"]) >= 0 for line in order["line_items"])


async def test_lists_leave_out_the_trash_unless_it_is_named(client: Client) -> None:
    kept, trashed = (client.store.place_order([("MUG-1", 1)]) for _ in range(2))
    client.store.trash_order(trashed)

    async def found(**query: Any) -> list[int]:
        return [row["id"] for row in (await client("GET", "orders", None, query)).body]

    assert await found() == [kept]
    assert await found(status="any,trash") == [kept]
    assert await found(include=f"{trashed},{kept}") == [kept]
    assert await found(status="processing,trash") == [trashed, kept]
    assert await found(status="trash", include=f"{trashed},{kept}") == [trashed]
    refused = await client("GET", "orders", None, {"status": "shipped"})
    assert (refused.status, refused.body["code"]) == (400, "rest_invalid_param")
    assert (await client("DELETE", f"orders/{trashed}")).status == 410


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("tz_naive_gmt_flag", True),
        ("tz_exact_second", False),
        ("tz_future_naive_gmt_flag", False),
        ("tz_naive_no_flag", False),
        ("tz_future_naive_no_flag", False),
        ("tz_z_no_flag", True),
        ("tz_offset_no_flag", True),
        ("tz_z_gmt_flag", True),
    ],
)
async def test_dates_of_a_site_five_hours_west_compare_as_recorded(name: str, found: bool) -> None:
    store, clock = recorded_store(utc_offset=timedelta(hours=-5))
    clock._now = clock.now().replace(hour=20, minute=16, second=57)
    old = store.place_order([("MUG-1", 1)])
    clock._now = clock.now().replace(hour=21, minute=0, second=34)
    new = store.place_order([("MUG-1", 1)])
    recorded = recordings.rest(name)
    async with connected(store, clock) as client:
        answer = await client("GET", "orders", None, recorded["request"]["query"])
    rows = recorded["response"]["body"]
    assert [row["id"] for row in answer.body] == ([old] * (name == "tz_z_gmt_flag") + [new]) * found
    if rows:
        dates = {key: answer.body[-1][key] for key in ("date_modified", "date_modified_gmt")}
        assert dates == {key: rows[-1][key] for key in dates}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"status": "shipped"}, "rest_invalid_param"),
        ({"customer_id": 77}, "woocommerce_rest_invalid_customer_id"),
        ({"line_items": [{"quantity": 1}]}, "woocommerce_rest_required_product_reference"),
        ({"coupon_lines": [{"code": "nope"}]}, "woocommerce_rest_invalid_coupon"),
        ({"line_items": {}, "meta_data": "x"}, "rest_invalid_param"),
    ],
)
async def test_what_makes_no_order_is_refused(client: Client, body: Any, code: str) -> None:
    answer = await client("POST", "orders", body)
    assert (answer.status, answer.body["code"]) == (400, code)
    assert client.store.shop.orders == {}


async def test_a_missing_order_is_404_to_read_and_400_to_write(client: Client) -> None:
    for method, status in (("GET", 404), ("PUT", 400), ("DELETE", 404)):
        answer = await client(method, "orders/999", {})
        assert answer.body["code"] == "woocommerce_rest_shop_order_invalid_id"
        assert answer.status == status


def test_another_currency_shows_everywhere() -> None:
    store, _ = recorded_store(currency="GBP")
    order = store.order(store.place_order([("MUG-1", 1)]))
    assert (order["currency"], order["currency_symbol"]) == ("GBP", "£")
    assert "&pound;" in store.product(10)["price_html"]


async def test_set_paid_makes_a_pending_order_processing(client: Client) -> None:
    body = {"set_paid": True, "line_items": [{"sku": "MUG-1", "quantity": 1}]}
    answer = await client("POST", "orders", body)
    assert (answer.body["status"], answer.body["date_paid"] is None) == ("processing", False)
    assert client.store.stock("MUG-1") == 39


async def test_meta_data_is_merged_by_key(client: Client) -> None:
    order_id = client.store.place_order([("MUG-1", 1)], meta_data=[{"key": "a", "value": "1"}])
    sent = {"meta_data": [{"key": "a", "value": "2"}, {"key": "b", "value": "3"}]}
    answer = await client("PUT", f"orders/{order_id}", sent)
    assert {m["key"]: m["value"] for m in answer.body["meta_data"]} == {"a": "2", "b": "3"}
