"""The stand-in answers and sends what the real store answered and sent, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.model.registration import TOPICS
from tests import recordings
from tests.demo.client import connected, recorded_store
from tests.demo.listener import Listener

if TYPE_CHECKING:
    from tests.demo.client import Client

Step = str | tuple[str, str, dict[str, Any]]

# Steps in the order in which they were recorded, then the numbers of the webhooks that the real
# store delivered before it got the next one. A tuple is a request that has no recording.
SCENARIO: list[tuple[list[Step], range]] = [
    (["customer_create"], range(12, 14)),
    (["order_create_processing", "order_get", "order_get_missing"], range(14, 18)),
    (["order_create_pending_guest"], range(18, 20)),
    (["order_update_on_hold"], range(20, 22)),
    (["order_update_cancelled"], range(22, 24)),
    (["refund_create_partial_restock", "refund_list"], range(24, 26)),
    ([("PUT", "orders/1022", {"status": "completed"})], range(26, 28)),
    (["order_get_after_partial_refund", "refund_create_rest", "order_get_refunded"], range(28, 29)),
    (["order_trash", "order_delete_force"], range(29, 30)),
    (["customer_update"], range(30, 31)),
    (["product_create_simple", "product_create_duplicate_sku"], range(31, 32)),
    (["product_update_sale"], range(32, 33)),
    (["product_update_stock_negative", "product_update_stock_decimal"], range(33, 34)),
    (
        [
            *("product_update_sale_above_regular", "product_update_price_comma"),
            *("product_update_price_garbage_blanks_price", "product_update_price_negative"),
            *("product_update_price_number", "product_update_stock_unmanaged"),
            *("product_update_stock_status_only", "product_trash"),
        ],
        range(34, 37),
    ),
    (
        [
            *("product_update_trashed", "product_update_missing", "products_batch_mixed"),
            "products_batch_101",
        ],
        range(37, 40),
    ),
    (["variations_batch_mixed"], range(40, 42)),
    (
        [
            *("variations_list", "variations_global_by_sku", "product_variable_get"),
            *("webhook_create_bad_topic", "route_missing", "products_per_page_101"),
            *("orders_modified_after_bad_date", "setting_currency", "system_status_fields"),
        ],
        range(0),
    ),
]
VOLATILE = {"related_ids", "order_key", "payment_url", "store_id"}
HEADERS = ("Allow", "Location", "X-WP-Total", "X-WP-TotalPages", "Link", "Content-Type")


async def test_recorded_requests_get_the_recorded_answers_and_webhooks() -> None:
    store, clock = recorded_store()
    listener = Listener()
    async with listener.serving(), connected(store, clock) as client:
        for topic in TOPICS:
            store.add_webhook(topic, listener.url, recordings.SECRET)
        for steps, numbers in SCENARIO:
            for step in steps:
                clock.advance(1)
                await replay(client, step)
            await store.deliver_pending()
            expected = [recordings.webhook(number) for number in numbers]
            assert listener.topics == [webhook.topic for webhook in expected], steps
            for got, webhook in zip(listener.got, expected, strict=True):
                assert comparable(got.json()) == comparable(webhook.json()), webhook.name
                assert list(got.json()) == list(webhook.json()), webhook.name
            listener.got.clear()


async def replay(client: Client, step: Step) -> None:
    """Sends what was recorded and holds the answer against the recorded one."""
    if isinstance(step, tuple):
        await client(*step)
        return
    recorded = recordings.rest(step)
    request, expected = recorded["request"], recorded["response"]
    path = request["path"].removeprefix("/wp-json/wc/v3/")
    answer = await client(request["method"], path, request["body"], request["query"])
    assert answer.status == expected["status"], step
    assert comparable(answer.body) == comparable(expected["body"]), step
    for name in HEADERS:
        assert answer.headers.get(name) == expected["headers"].get(name), (step, name)


def comparable(value: Any, name: str = "") -> Any:
    """The value without what no two stores share: numbers of some rows, moments, chance."""
    if isinstance(value, dict):
        unlike = VOLATILE | (
            {"id"} if name in ("meta_data", "tax_lines", "coupon_lines") else set()
        )
        return {k: comparable(v, k) for k, v in value.items() if k not in unlike}
    if isinstance(value, list):
        return [comparable(item, name) for item in value]
    if name.startswith("date_") and isinstance(value, str):
        return "a date"
    if isinstance(value, str) and value.isdigit() and len(value) == 10:
        return "a moment in seconds"
    return value


@pytest.mark.parametrize(
    "name",
    ["customers_list", "refunds_all", "order_note_create", "webhook_create", "products_by_skus"],
)
async def test_bodies_have_the_recorded_keys(name: str) -> None:
    store, clock = recorded_store()
    order_id = store.place_order([("MUG-1", 2)])
    store.refund(order_id, {"MUG-1": 1})
    recorded = recordings.rest(name)
    request = recorded["request"]
    path = request["path"].removeprefix("/wp-json/wc/v3/").replace("1022", str(order_id))
    async with connected(store, clock) as client:
        answer = await client(request["method"], path, request["body"], request["query"])
    assert answer.status == recorded["response"]["status"]
    assert first(answer.body).keys() == first(recorded["response"]["body"]).keys()


def first(body: Any) -> Any:
    return body[0] if isinstance(body, list) else body
