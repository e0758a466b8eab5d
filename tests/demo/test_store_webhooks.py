"""Webhooks: what fires, when bodies are built, how they are sent, when they end."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import pytest

from agent.model.registration import TOPICS
from tests import recordings
from tests.demo.client import connected, recorded_store
from tests.demo.listener import Listener

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agent.demo.shop.webhooks import Webhook
    from agent.demo.store import Store
    from tests.demo.client import Client


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    async with Listener().serving() as listener:
        yield listener


@pytest.fixture
async def client(listener: Listener) -> AsyncIterator[Client]:
    """Of a store with all webhooks, which delivers when told."""
    store, clock = recorded_store()
    for topic in TOPICS:
        store.add_webhook(topic, listener.url, recordings.SECRET)
    async with connected(store, clock) as client:
        yield client


def webhook(store: Store, topic: str) -> Webhook:
    [found] = [w for w in store.shop.webhooks.by_id.values() if w.topic == topic]
    return found


async def fired(store: Store, listener: Listener) -> list[str]:
    """The topics delivered since the last look."""
    await store.deliver_pending()
    topics = listener.topics
    listener.got.clear()
    return topics


async def test_a_delivery_has_the_recorded_form(client: Client, listener: Listener) -> None:
    client.store.place_order([("MUG-1", 1)], billing={"city": "Köln/Łódź 🚚"})
    await client.store.deliver_pending()
    got, recorded = listener.got[0], recordings.webhook(14)
    assert got.headers.keys() - {"Host", "Content-Length"} == {*recorded.headers, "Connection"}
    for name in recorded.headers.keys() - {
        *("X-WC-Webhook-Signature", "X-WC-Webhook-ID", "X-WC-Webhook-Delivery-ID")
    }:
        assert got.headers[name] == recorded.headers[name], name
    assert got.headers["Connection"] == "close"
    assert rb'"city":"K\u00f6ln\/\u0141\u00f3d\u017a \ud83d\ude9a"' in got.raw
    mac = hmac.new(recordings.SECRET.encode(), got.raw, hashlib.sha256).digest()
    assert got.headers["X-WC-Webhook-Signature"] == base64.b64encode(mac).decode()
    assert len(got.headers["X-WC-Webhook-Delivery-ID"]) == 32


async def test_deliveries_of_one_webhook_in_one_second_share_their_id(
    client: Client, listener: Listener
) -> None:
    update = {"update": [{"id": 10}, {"id": 11}]}
    await client("POST", "products/batch", update)
    await client.store.deliver_pending()
    client.clock.advance(1)
    await client("POST", "products/batch", update)
    await client.store.deliver_pending()
    first, second, third, fourth = (d.headers["X-WC-Webhook-Delivery-ID"] for d in listener.got)
    assert first == second != third == fourth


async def test_jobs_that_are_pending_coalesce_and_bodies_are_built_when_they_run(
    client: Client, listener: Listener
) -> None:
    order_id = client.store.place_order([("MUG-1", 2)])
    client.store.set_status(order_id, "completed")
    client.store.refund(order_id, {"MUG-1": 1})
    await client.store.deliver_pending()
    assert listener.topics == ["order.created", "order.updated", "product.updated"]
    created = listener.got[0].json()
    assert (created["status"], len(created["refunds"])) == ("completed", 1)
    assert listener.got[2].json()["stock_quantity"] == 39


async def test_a_change_during_a_delivery_gets_a_job_of_its_own(client: Client) -> None:
    store, webhooks = client.store, client.store.shop.webhooks
    store.place_order([("MUG-1", 2)], "pending")
    assert webhooks.pending == 2
    webhooks.take()
    store.set_status(1022, "on-hold")
    assert webhooks.pending == 2, "order.updated was still pending; product.updated is new"
    webhooks.take()
    store.set_status(1022, "failed")
    assert webhooks.pending == 2


async def test_an_order_deleted_by_force_arrives_as_a_signed_error_object(
    client: Client, listener: Listener
) -> None:
    order_id = client.store.place_order([("MUG-1", 1)], "pending")
    await client("DELETE", f"orders/{order_id}", None, {"force": "true"})
    await client.store.deliver_pending()
    expected = [recordings.webhook(number) for number in (42, 43)]
    assert [(d.topic, d.raw) for d in listener.got] == [(w.topic, w.body) for w in expected]
    for got, recorded in zip(listener.got, expected, strict=True):
        name = "X-WC-Webhook-Signature"
        assert got.headers[name] == recorded.headers[name]


@pytest.mark.parametrize(
    ("method", "path", "body", "topics"),
    [
        ("DELETE", "products/10?force=true", {}, []),
        ("DELETE", "products/11/variations/13", {}, []),
        ("PUT", "products/11/variations/13", {}, ["product.updated"]),
        ("POST", "products", {"sku": "N"}, ["product.created"]),
        ("DELETE", "coupons/1016", {}, ["coupon.deleted", "product.deleted"]),
        ("DELETE", "coupons/1016?force=true", {}, []),
        ("PUT", "coupons/1016", {"amount": "5"}, ["coupon.updated"]),
        ("POST", "coupons", {"code": "N"}, ["coupon.created"]),
        ("DELETE", "customers/2?force=true", {}, ["customer.deleted"]),
        ("POST", "orders", {}, ["order.created", "order.updated"]),
        ("POST", "orders", {"status": "checkout-draft"}, ["order.updated"]),
    ],
)
async def test_what_fires_and_what_does_not(
    client: Client, listener: Listener, method: str, path: str, body: Any, topics: list[str]
) -> None:
    assert (await client(method, path, body)).status < 300
    assert await fired(client.store, listener) == topics


async def test_what_comes_back_from_the_trash_is_restored(
    client: Client, listener: Listener
) -> None:
    order_id = client.store.place_order([("MUG-1", 1)])
    client.store.trash_order(order_id)
    client.store.trash_product("SHIRT")
    await fired(client.store, listener)
    client.store.restore_order(order_id)
    client.store.restore_product(11)
    await client.store.deliver_pending()
    order, product = client.store.order(order_id), client.store.product("SHIRT-M")
    assert (order["status"], order["meta_data"]) == ("processing", [])
    assert (product["status"], product["slug"]) == ("publish", "shirt-m")
    restored = ["order.updated", "order.restored", "product.updated", "product.restored"]
    assert listener.topics == restored


async def test_the_seventh_failure_in_a_row_disables_and_then_the_very_next(
    client: Client, listener: Listener
) -> None:
    webhook_id = webhook(client.store, "customer.updated").id

    async def status_after_a_delivery(answer: int) -> str:
        listener.status = answer
        assert (await client("PUT", "customers/2", {})).status == 200
        await client.store.deliver_pending()
        return str((await client("GET", f"webhooks/{webhook_id}")).body["status"])

    for answers in ([500] * 6 + [200], [500] * 6 + [302]):
        assert {await status_after_a_delivery(a) for a in answers} == {"active"}
    assert [await status_after_a_delivery(500) for _ in range(7)] == ["active"] * 6 + ["disabled"]
    delivered = len(listener.got)
    await status_after_a_delivery(200)
    assert len(listener.got) == delivered, "what happens while it is disabled is gone"
    disabled = (await client("GET", "webhooks", None, {"status": "disabled"})).body
    assert [row["id"] for row in disabled] == [webhook_id]
    [recorded] = recordings.rest("webhook_list_disabled")["response"]["body"]
    assert disabled[0].keys() == recorded.keys()
    await client("PUT", f"webhooks/{webhook_id}", {"status": "active"})
    assert await status_after_a_delivery(500) == "disabled"


@pytest.mark.parametrize(("status", "ok"), [(204, True), (302, True), (303, False), (404, False)])
async def test_success_is_200_to_302(
    client: Client, listener: Listener, status: int, ok: bool
) -> None:
    listener.status = status
    await client("PUT", "coupons/1016", {})
    await client.store.deliver_pending()
    assert len(listener.got) == 1, "no redirect is followed, nothing is repeated"
    assert webhook(client.store, "coupon.updated").failures == (0 if ok else 1)


async def test_an_endpoint_that_is_down_is_a_failure(client: Client) -> None:
    store = client.store
    webhook_id = store.add_webhook("customer.updated", "http://127.0.0.1:9/hook", "s")
    await client("PUT", "customers/2", {})
    await store.deliver_pending()
    assert store.shop.webhooks.by_id[webhook_id].failures == 1


async def test_creation_pings_and_ignores_what_it_hears(client: Client, listener: Listener) -> None:
    recorded = recordings.webhook(0)
    for status, more in ((200, 0), (404, 1)):
        listener.status = status
        body = recordings.rest("webhook_create")["request"]["body"] | {"delivery_url": listener.url}
        answer = await client("POST", "webhooks", body)
        webhook_id = answer.body["id"]
        assert answer.status == 201
        [ping] = listener.got
        assert ping.raw == f"webhook_id={webhook_id}".encode()
        for name in recorded.headers:
            assert ping.headers[name] == recorded.headers[name]
        await client("PUT", f"webhooks/{webhook_id}", {"status": "active"})
        assert len(listener.got) == 1 + more, "a ping that failed is sent again"
        listener.got.clear()


async def test_webhooks_are_deleted_by_force_only(client: Client, listener: Listener) -> None:
    assert (await client("DELETE", "webhooks/1")).status == 501
    client.store.place_order([("MUG-1", 1)], "pending")
    assert (await client("DELETE", "webhooks/1", None, {"force": "true"})).status == 200
    assert await fired(client.store, listener) == ["order.updated"]
    assert (await client("GET", "webhooks/1")).status == 404


async def test_what_is_pending_for_one_that_is_deleted_never_comes(client: Client) -> None:
    client.store.place_order([("MUG-1", 1)], "pending")
    await client("DELETE", "webhooks/1", None, {"force": "true"})
    assert [job.webhook_id for job in client.store.take_webhooks()] == [2]


async def test_bodies_are_built_in_the_name_of_a_user_who_may_be_gone(
    client: Client, listener: Listener
) -> None:
    for topic in ("order.created", "order.deleted"):
        webhook(client.store, topic).user_gone = True
    webhook(client.store, "order.updated").legacy = True
    order_id = client.store.place_order([("MUG-1", 1)], "pending")
    client.store.trash_order(order_id)
    await client.store.deliver_pending()
    assert [(got.topic, got.json()) for got in listener.got if got.topic != "order.updated"] == [
        (
            "order.created",
            {
                "code": "woocommerce_rest_cannot_view",
                "message": "Sorry, you cannot view this resource.",
                "data": {"status": 401},
            },
        ),
        ("order.deleted", {"id": order_id}),
    ]
    [legacy] = [got.json() for got in listener.got if got.topic == "order.updated"]
    assert legacy["order"]["id"] == order_id


async def test_a_serving_store_delivers_by_itself(listener: Listener) -> None:
    store, clock = recorded_store()
    store.add_webhook("order.created", listener.url, "s")
    before = store.place_order([("MUG-1", 1)])
    async with connected(store, clock, deliver=True):
        await store.delivered()
        after = [store.place_order([("MUG-1", 1)]) for _ in range(3)]
        await store.delivered()
        assert [got.json()["id"] for got in listener.got] == [before, *after]
        await store.delivered()


async def test_where_nobody_visits_webhooks_wait_for_a_call_of_the_cron(listener: Listener) -> None:
    store, clock = recorded_store()
    store.add_webhook("order.created", listener.url, "s")
    async with connected(store, clock, deliver="cron") as client:
        for _ in range(2):
            store.place_order([("MUG-1", 1)])
            assert (await client("GET", "orders")).status == 200
            assert store.shop.webhooks.pending == 1
            answer = await client.send("GET", f"{store.url}/wp-cron.php?doing_wp_cron")
            assert (answer.status, answer.body) == (200, "")
            await store.delivered()
    assert listener.topics == ["order.created"] * 2


def test_thousands_of_rows_are_workable() -> None:
    store, _ = recorded_store()
    for number in range(5000):
        store.add_product(f"BULK-{number}")
    ids = [store.place_order([(f"BULK-{number}", 1)]) for number in range(500)]
    assert len(set(ids)) == 500
    assert store.stock("bulk-7") == 9
