"""A bad answer of the store is told apart: try again, get a person, or take the no."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from agent import errors
from agent.demo.site import Fault
from tests import recordings
from tests.gateway import certificates
from tests.woo import shops

if TYPE_CHECKING:
    from pathlib import Path

REFUSED, REJECTED = errors.StoreRefusedError, errors.StoreRejectedError
UNAVAILABLE = errors.StoreUnavailableError
HTML = "<html><h1>Error</h1></html>"


def coded(code: str, message: str = "No.") -> str:
    """An error as WordPress words it."""
    return json.dumps({"code": code, "message": message, "data": {"status": 400}})


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, coded("woocommerce_rest_authentication_error"), REFUSED),
        (401, coded("woocommerce_rest_cannot_view"), REFUSED),
        (401, HTML, REFUSED),
        (403, coded("rest_forbidden"), REFUSED),
        (403, HTML, REFUSED),
        (404, coded("rest_no_route"), REFUSED),
        (404, HTML, UNAVAILABLE),
        (404, "", UNAVAILABLE),
        (404, '{"code": "not_found", "message": "no such page"}', UNAVAILABLE),
        (404, "<b>Notice</b>: x\n" + coded("rest_no_route"), UNAVAILABLE),
        (404, "<b>Notice</b>: x\n" + coded("woocommerce_rest_product_invalid_id"), UNAVAILABLE),
        (301, HTML, REFUSED),
        (302, "", REFUSED),
        (400, coded("rest_invalid_param"), REJECTED),
        (404, coded("woocommerce_rest_product_invalid_id"), REJECTED),
        (413, coded("woocommerce_rest_request_entity_too_large"), REJECTED),
        (413, HTML, REJECTED),
        (400, HTML, UNAVAILABLE),
        (408, coded("timeout"), UNAVAILABLE),
        (429, coded("too_many_requests"), UNAVAILABLE),
        (429, "slow down", UNAVAILABLE),
        (500, HTML, errors.StoreFailedError),
        (500, coded("internal_server_error"), errors.StoreFailedError),
        (502, HTML, UNAVAILABLE),
        (503, HTML, UNAVAILABLE),
        (200, HTML, UNAVAILABLE),
        (200, "", UNAVAILABLE),
        (200, "null", UNAVAILABLE),
        (200, "[" * 100_000, UNAVAILABLE),
        (200, '[{"id": 1, "weight": NaN}]', UNAVAILABLE),
        (200, coded("odd"), UNAVAILABLE),
        (200, "<b>Warning</b>: Undefined index\n" + '[{"id": 1, "sku": "MUG-1"}]', UNAVAILABLE),
        (200, '{"id": 1}', UNAVAILABLE),
        (204, "", UNAVAILABLE),
    ],
)
async def test_every_bad_answer_has_its_kind(
    status: int, body: str, kind: type[errors.StoreError]
) -> None:
    async with (
        shops.scripted(lambda _: web.Response(status=status, text=body)) as store,
        shops.calling(store.site.url) as calls,
    ):
        with pytest.raises(errors.StoreError) as caught:
            await (calls.find(["MUG-1"]) if status == 200 else calls.read("products"))
    assert type(caught.value) is kind, caught.value
    assert f" {status}" in caught.value.message or status == 200
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 400
    assert caught.value.hint
    if not issubclass(kind, UNAVAILABLE):
        assert len(store.asked) == 1


async def test_half_a_character_of_one_row_does_not_stop_the_others() -> None:
    text = '[{"id": 1, "note": "\\ud83d"}, {"id": 2}]'
    async with (
        shops.scripted(lambda _: web.Response(text=text)) as store,
        shops.calling(store.site.url) as calls,
    ):
        rows = await calls.read("orders", {})
    assert rows == [{"id": 1, "note": "\N{REPLACEMENT CHARACTER}"}, {"id": 2}]


@pytest.mark.parametrize(
    ("header", "seconds", "asked"),
    [
        ("600", 600.0, 1),
        ("0", 0.0, 1),
        (None, None, 3),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None, 3),
        ("²", None, 3),
        ("soon", None, 3),
    ],
)
async def test_when_to_come_back_is_heard_and_not_tried_before(
    header: str | None, seconds: float | None, asked: int
) -> None:
    headers = {} if header is None else {"Retry-After": header}
    async with (
        shops.scripted(lambda _: web.Response(status=503, headers=headers)) as store,
        shops.calling(store.site.url) as calls,
    ):
        with pytest.raises(UNAVAILABLE) as caught:
            await calls.find(["MUG-1"])
    assert caught.value.retry_after_s == seconds
    assert len(store.asked) == asked


async def test_maintenance_is_a_pause_of_ten_minutes() -> None:
    store = shops.stand_in(shops.HurriedClock())
    store.maintenance = True
    async with store.serving(deliver=False), shops.calling(store.url) as calls:
        with pytest.raises(UNAVAILABLE) as caught:
            await calls.profile()
    assert caught.value.retry_after_s == 600.0


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("auth_bad_key", REFUSED),
        ("auth_bad_signature", REFUSED),
        ("auth_none", REFUSED),
        ("auth_stale_timestamp", REFUSED),
        ("route_missing", REFUSED),
        ("order_get_missing", REJECTED),
        ("products_per_page_101", REJECTED),
        ("products_batch_101", REJECTED),
        ("maintenance", UNAVAILABLE),
    ],
)
async def test_what_a_running_store_answered_is_understood(
    name: str, kind: type[errors.StoreError]
) -> None:
    recorded = recordings.rest(name)["response"]
    body = recorded["body"]
    text = body if isinstance(body, str) else json.dumps(body)
    async with (
        shops.scripted(lambda _: web.Response(status=recorded["status"], text=text)) as store,
        shops.calling(store.site.url) as calls,
    ):
        with pytest.raises(kind):
            await calls.find(["MUG-1"])


async def test_a_redirect_says_where_it_leads_without_the_key() -> None:
    def moved(request: web.Request) -> web.Response:
        to = f"https://www.shop.localtest{request.path_qs}"
        return web.Response(status=301, headers={"Location": to})

    async with shops.scripted(moved) as store, shops.calling(store.site.url) as calls:
        with pytest.raises(REFUSED) as caught:
            await calls.read("products")
    assert caught.value.message.endswith(
        "moved to https://www.shop.localtest/wp-json/wc/v3/products"
    )


async def test_a_firewall_is_not_called_a_wrong_key() -> None:
    html = "<title>Just a moment...</title>"
    async with (
        shops.scripted(lambda _: web.Response(status=403, text=html)) as store,
        shops.calling(store.site.url) as calls,
    ):
        with pytest.raises(REFUSED, match="firewall") as caught:
            await calls.read("products")
    assert "consumer_key" not in caught.value.hint


@pytest.mark.parametrize("strips", [False, True])
async def test_of_several_ways_the_one_that_the_store_sees_tells_what_is_wrong(
    strips: bool, tmp_path: Path
) -> None:
    made = certificates.made(tmp_path)
    store = shops.stand_in(shops.HurriedClock(), ssl=True)
    store.keys.add(shops.KEY, "another secret")
    front = shops.Front(store, strips_authorization=strips)
    async with front.serving(made.for_server()):
        url = f"https://127.0.0.1:{front.port}"
        async with shops.calling(url, verify_tls=False) as calls:
            with pytest.raises(REFUSED, match="Consumer secret is invalid"):
                await calls.profile()
    assert front.ways == ["basic", "query", "oauth1"]


@pytest.mark.parametrize("body", [[], {}, {"value": None}, {"value": 7}, "EUR", 7])
async def test_a_profile_that_says_nothing_is_not_believed(body: Any) -> None:
    async with (
        shops.scripted(lambda _: web.json_response(body)) as store,
        shops.calling(store.site.url) as calls,
    ):
        with pytest.raises(UNAVAILABLE):
            await calls.profile()


async def test_rows_that_are_no_products_are_passed_over() -> None:
    ids: list[Any] = ["1", True, None, 1.0]
    rows: list[Any] = [None, 7, "x", [], {}, *({"id": odd, "sku": "MUG-1"} for odd in ids)]
    good = {"id": 2, "sku": "MUG-1", "manage_stock": None, "stock_quantity": "7"}
    async with (
        shops.scripted(lambda _: web.json_response([*rows, good])) as store,
        shops.calling(store.site.url) as calls,
    ):
        [found] = (await calls.find(["MUG-1"]))["MUG-1"]
    assert (found.id, found.manages_stock, found.values["quantity"]) == (2, False, 7)


async def test_a_store_that_hangs_is_given_up_after_the_timeout() -> None:
    store = shops.stand_in(shops.HurriedClock())
    async with (
        store.serving(deliver=False),
        shops.calling(store.url, timeout="50ms") as calls,
    ):
        store.site.misbehave(Fault.HANG)
        with pytest.raises(UNAVAILABLE, match="no answer in time"):
            await calls.profile()


async def test_a_certificate_that_nobody_vouches_for_ends_the_call(tmp_path: Path) -> None:
    made = certificates.made(tmp_path)
    store = shops.stand_in(shops.HurriedClock(), ssl=True)
    front = shops.Front(store)
    async with front.serving(made.for_server()):
        url = f"https://127.0.0.1:{front.port}"
        async with shops.calling(url) as calls:
            with pytest.raises(UNAVAILABLE, match="certificate") as caught:
                await calls.profile()
            assert "store.ca_file" in caught.value.hint
        async with shops.calling(url, verify_tls=False) as calls:
            assert (await calls.profile()).currency == "EUR"


async def test_an_authority_that_can_not_be_read_is_a_setting_to_change(tmp_path: Path) -> None:
    for name in ("missing.pem", "empty.pem"):
        (tmp_path / "empty.pem").touch()
        with pytest.raises(errors.ConfigError, match=r"store\.ca_file"):
            async with shops.calling("https://shop.example", ca_file=str(tmp_path / name)):
                pass


@pytest.mark.parametrize("status", [400, 403])
async def test_a_sku_that_a_firewall_dislikes_does_not_hold_up_the_others(status: int) -> None:
    def answer(request: web.Request) -> web.Response:
        asked = request.query.get("sku", "").split(",")
        if "DROP TABLE" in asked:
            return web.json_response({"code": "blocked", "message": "no"}, status=status)
        rows = [{"id": n, "sku": sku} for n, sku in enumerate(asked, start=1) if sku]
        return web.json_response(rows)

    async with shops.scripted(answer) as store, shops.calling(store.site.url) as calls:
        found = await calls.find(["A", "B", "DROP TABLE", "C"])
    assert {sku: len(products) for sku, products in found.items()} == {
        "A": 1,
        "B": 1,
        "C": 1,
        "DROP TABLE": 0,
    }


async def test_a_store_that_ignores_the_page_is_not_asked_for_ever() -> None:
    rows = [{"id": n, "sku": "MUG-1"} for n in range(1, 101)]
    async with (
        shops.scripted(lambda _: web.json_response(rows)) as store,
        shops.calling(store.site.url) as calls,
    ):
        assert len((await calls.find(["MUG-1"]))["MUG-1"]) == 100
    assert len(store.asked) == 2
