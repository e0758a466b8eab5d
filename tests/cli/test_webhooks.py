"""``webhooks status`` and ``repair``, with the daemon down."""

from __future__ import annotations

import asyncio
import json
import random
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from agent import errors
from agent.cli import state
from agent.clock import SystemClock
from agent.demo.store import Store
from agent.model.registration import TOPICS
from agent.settings import loading
from agent.storage import followups
from tests import agents, processes, recordings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typer.testing import Result

    from tests.cli.conftest import Past

URL = "https://shop.example.com/woo-agent/webhooks"


@dataclass
class Shop:
    """A store, and the state of an agent that is down."""

    store: Store
    past: Past

    def run(self, *arguments: str) -> Result:
        return self.past.run("webhooks", *arguments)

    def rows(self) -> dict[str, dict[str, Any]]:
        """What ``status`` tells, by topic."""
        told = json.loads(self.run("status", "--json").stdout)
        assert told["delivery_url"] == URL
        return {row["topic"]: row for row in told["webhooks"]}


@contextmanager
def serving(store: Store) -> Iterator[None]:
    """In a thread: the command has a loop of its own."""
    loop, started = asyncio.new_event_loop(), threading.Event()
    stop = asyncio.Event()

    async def serve() -> None:
        async with store.serving(deliver=False):
            started.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert started.wait(10)
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@pytest.fixture
def shop(fork: Past, tmp_path: Path) -> Iterator[Shop]:
    store = Store(
        SystemClock(), consumer_key=agents.KEY, consumer_secret=agents.SECRET, rng=random.Random(1)
    )
    with serving(store):
        config = processes.write_config(
            tmp_path,
            store={"url": store.url, "connect_to": f"127.0.0.1:{store.site.port}"},
            webhooks={"delivery_url": URL},
        )
        yield Shop(store, replace(fork, config=config))


def test_what_is_missing_is_listed_and_put_right_once(shop: Shop) -> None:
    result = shop.run("status")
    assert result.exit_code == 1
    assert "14 to be repaired: woo-agent webhooks repair" in result.stderr
    assert {row["finding"] for row in shop.rows().values()} == {"missing"}
    result = shop.run("repair")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "14 repaired, 0 not"
    assert "order.created: was missing, put right" in result.stdout
    webhooks = shop.store.shop.webhooks.by_id
    assert {hook.secret for hook in webhooks.values()} == {recordings.SECRET}
    result = shop.run("status")
    assert (result.exit_code, len(webhooks)) == (0, len(TOPICS))
    assert "order.created" in result.stdout
    expected = {"topic": "order.created", "id": 1, "status": "active", "url": URL, "finding": None}
    assert shop.rows()["order.created"] == expected


def test_a_disabled_one_is_replaced_and_the_gap_asked_for(shop: Shop) -> None:
    shop.run("repair")
    shop.store.add_webhook("order.created", "https://crm.example.com/", "s")
    shop.store.shop.webhooks.by_id[1].status = "disabled"
    assert shop.rows()["order.created"]["finding"] == "disabled"
    told = json.loads(shop.run("repair", "--json").stdout)
    assert told == {
        "delivery_url": URL,
        "repaired": [{"topic": "order.created", "found": "disabled"}],
        "left": {},
    }
    assert sorted(shop.store.shop.webhooks.by_id) == [*range(2, 17)]
    audit = shop.past.json("audit", "list")
    assert [(row["action"], row["target"], row["reason"]) for row in audit[:2]] == [
        ("repair webhooks", "order.created", "1 deleted"),
        ("repair webhooks", "order.created", "disabled: 16 made"),
    ]
    assert asked(shop) == {"order", "product", "customer", "coupon"}


def asked(shop: Shop) -> set[str]:
    """The kinds whose changes the daemon will read."""
    of, now = loading.load(config=shop.past.config, environ={}).settings, SystemClock().now()
    found = state.read(of, lambda db: followups.due(db, now, 50))
    return {one.subject for one in found if one.kind == "changes"}


def test_what_the_store_refuses_is_left_and_said(shop: Shop) -> None:
    shop.store.keys.add(agents.KEY, agents.SECRET, "read")
    result = shop.run("repair")
    assert result.exit_code == 1
    assert "0 repaired, 14 not" in result.stdout
    assert "manage_woocommerce" in result.stderr


def test_without_a_state_the_store_can_be_looked_at(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "state" / "agent.db").unlink()
    assert shop.run("status").exit_code == 1
    with pytest.raises(errors.StorageError, match="no state"):
        shop.run("repair")


@pytest.mark.parametrize("command", ["status", "repair"])
def test_a_store_that_is_away_is_not_reachable(fork: Past, tmp_path: Path, command: str) -> None:
    processes.write_config(tmp_path, webhooks={"delivery_url": URL})
    with pytest.raises(errors.StoreUnavailableError) as away:
        fork.run("webhooks", command)
    assert away.value.exit_code == 3


@pytest.mark.parametrize("command", ["status", "repair"])
def test_without_an_address_nobody_knows_which_are_ours(fork: Past, command: str) -> None:
    with pytest.raises(errors.ConfigError, match=r"webhooks\.delivery_url is not set") as refused:
        fork.run("webhooks", command)
    assert refused.value.exit_code == 2
