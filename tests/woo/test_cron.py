"""The call of ``wp-cron.php``: anybody's, without our key, and never waited for long."""

from __future__ import annotations

import pytest
from aiohttp import web

from agent import errors
from agent.demo.site import Fault
from agent.woo import cron
from tests import agents
from tests.woo import shops


async def test_it_goes_where_all_calls_go_and_carries_no_key() -> None:
    async with shops.scripted(lambda _: web.Response()) as store:
        here = store.site.url.removeprefix("http://")
        async with shops.calling("http://shop.localtest:8080", connect_to=here) as calls:
            assert await calls.wake_cron()
    [asked] = store.asked
    assert (asked.method, asked.path_qs) == ("GET", "/wp-cron.php?doing_wp_cron")
    assert asked.headers["Host"] == "shop.localtest:8080"
    sent = f"{asked.path_qs} {asked.headers}"
    assert shops.KEY not in sent
    assert "Authorization" not in asked.headers


@pytest.mark.parametrize("status", [301, 403, 404, 500, 503])
async def test_what_it_answers_otherwise_is_told(status: int) -> None:
    location = {"Location": "/elsewhere"}
    async with (
        shops.scripted(lambda _: web.Response(status=status, headers=location)) as store,
        shops.calling(store.site.url) as calls,
    ):
        with pytest.raises(errors.StoreError) as caught:
            await calls.wake_cron()
    assert caught.value.message == f"wp-cron.php answers {status}"
    assert caught.value.hint.endswith(f"curl -i {store.site.url}/wp-cron.php")
    assert len(store.asked) == 1


async def test_a_php_that_works_before_it_answers_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cron, "TIMEOUT_S", 0.05)
    async with (
        shops.scripted(lambda _: web.Response()) as store,
        shops.calling(store.site.url) as calls,
    ):
        store.site.misbehave(Fault.HANG)
        assert not await calls.wake_cron()


async def test_a_store_that_is_away_is_told_so() -> None:
    async with shops.calling(f"http://127.0.0.1:{agents.closed_port()}") as calls:
        with pytest.raises(errors.StoreUnavailableError, match=r"wp-cron.php can't be called: "):
            await calls.wake_cron()
