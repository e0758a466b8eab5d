"""The store's list of webhooks, over HTTP."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from agent import errors
from agent.model.registration import TOPICS, Registration
from agent.settings import WebhookSettings
from agent.woo.webhook_registry import Registry
from tests import recordings
from tests.clock import FakeClock
from tests.woo import shops

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

URL = "http://shop.localtest:8080/wc-agent/hook"
SETTINGS = WebhookSettings.model_validate({"secret": recordings.SECRET, "delivery_url": URL})


@asynccontextmanager
async def of(url: str) -> AsyncIterator[Registry]:
    async with shops.calling(url) as client:
        yield Registry(client, SETTINGS)


async def test_one_is_made_as_recorded_and_deleted_for_good() -> None:
    store = shops.stand_in(FakeClock())
    async with store.serving(deliver=False), of(store.url) as registry:
        made = await registry.create("order.created")
        assert made == Registration(1, "woo-agent order.created", "order.created", "active", URL)
        assert store.shop.webhooks.by_id[1].secret == recordings.SECRET
        store.shop.webhooks.by_id[1].status = "paused"
        await registry.activate(1)
        assert await registry.all() == [made]
        await registry.delete(1)
        await registry.delete(1)
        assert await registry.all() == []


async def test_what_is_sent_is_what_was_recorded() -> None:
    recorded = recordings.rest("webhook_create")

    def answer(request: web.Request) -> web.Response:
        return web.json_response(recorded["response"]["body"], status=201)

    async with shops.scripted(answer) as store, of(store.site.url) as registry:
        made = await registry.create("order.created")
        [request] = store.asked
        assert await request.json() == recorded["request"]["body"]
    assert (made.id, made.status) == (5, "active")


async def test_all_pages_are_read_whoever_made_them() -> None:
    store = shops.stand_in(FakeClock())
    for number in range(205):
        store.add_webhook(TOPICS[number % len(TOPICS)], f"http://x.example/{number}", "s")
    store.shop.webhooks.by_id[150].status = "disabled"
    async with store.serving(deliver=False), of(store.url) as registry:
        listed = await registry.all()
    assert [one.id for one in listed] == list(range(1, 206))
    assert listed[149].status == "disabled"


async def test_all_are_read_where_the_host_shows_ten_at_once() -> None:
    rows = [{"id": n, "name": "x", "topic": None} for n in range(1, 26)]

    def answer(request: web.Request) -> web.Response:
        offset = int(request.query.get("offset", 0))
        return web.json_response(rows[offset : offset + 10], headers={"X-WP-Total": "25"})

    async with shops.scripted(answer) as store, of(store.site.url) as registry:
        listed = await registry.all()
    assert [one.id for one in listed] == list(range(1, 26))
    assert listed[0] == Registration(1, "x", "", "", "")


@pytest.mark.parametrize("headers", [{}, {"X-WP-Total": "205"}])
async def test_a_list_of_which_not_all_is_shown_is_not_taken_for_all(
    headers: dict[str, str],
) -> None:
    rows = [{"id": number, "name": "x", "topic": None} for number in range(1, 101)]
    async with (
        shops.scripted(lambda _: web.json_response(rows, headers=headers)) as store,
        of(store.site.url) as registry,
    ):
        with pytest.raises(errors.StoreIncompleteError, match="whatever is asked for"):
            await registry.all()
    assert len(store.asked) == 2


async def test_a_host_that_takes_headers_away_does_not_keep_webhooks_from_being_seen() -> None:
    rows = [{"id": number, "name": "x", "topic": None} for number in range(1, 26)]

    def answer(request: web.Request) -> web.Response:
        offset = int(request.query.get("offset", 0))
        return web.json_response(rows[offset : offset + 10])

    async with shops.scripted(answer) as store, of(store.site.url) as registry:
        assert len(await registry.all()) == 25


async def test_a_write_is_never_repeated() -> None:
    async with (
        shops.scripted(lambda _: web.Response(status=504)) as store,
        of(store.site.url) as registry,
    ):
        with pytest.raises(errors.StoreUnavailableError):
            await registry.create("order.created")
    assert len(store.asked) == 1


@pytest.mark.parametrize("body", [{"id": "5"}, []])
async def test_an_answer_that_is_no_webhook_is_not_taken_for_one(body: object) -> None:
    async with (
        shops.scripted(lambda _: web.json_response(body)) as store,
        of(store.site.url) as registry,
    ):
        with pytest.raises(errors.StoreUnavailableError, match="not a webhook"):
            await registry.create("order.created")


async def test_a_list_that_is_none_is_not_taken_for_an_empty_one() -> None:
    async with (
        shops.scripted(lambda _: web.json_response({"id": 1})) as store,
        of(store.site.url) as registry,
    ):
        with pytest.raises(errors.StoreUnavailableError, match="not a list"):
            await registry.all()


async def test_a_key_that_may_not_see_webhooks_is_told_what_it_needs() -> None:
    refusal = {"code": "woocommerce_rest_cannot_view", "message": "No.", "data": {"status": 403}}
    async with (
        shops.scripted(lambda _: web.json_response(refusal, status=403)) as store,
        of(store.site.url) as registry,
    ):
        for call in (registry.all(), registry.create("order.created")):
            with pytest.raises(errors.StoreRefusedError, match="manage_woocommerce"):
                await call
