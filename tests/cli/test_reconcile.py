"""``woo-agent reconcile`` on the state that a daemon left, against a store that is still there."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from agent import clock, errors
from agent.cli import main, status
from agent.clock import SystemClock
from agent.demo.gateway import Gateway
from agent.demo.site import Fault
from agent.demo.store import Store
from agent.model.registration import TOPICS
from agent.settings import loading
from agent.storage import database
from tests import agents, processes, recordings
from tests.flows.shop import Shop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@dataclass
class Left:
    """A store whose agent is down, and all that the agent heard until then is accepted: order and
    refund, a product with a figure of the ERP."""

    store: Store
    gateway: Gateway
    folder: Path
    config: Path

    async def run(self, *arguments: str) -> Result:
        """What ``woo-agent`` does; what it raises comes out."""
        line = [*arguments, "--config", str(self.config)]
        result = await asyncio.to_thread(CliRunner().invoke, main.app, line, env={"COLUMNS": "200"})
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    async def rows(self, query: str) -> list[Any]:
        async with database.connected(self.folder / "state" / "agent.db", readonly=True) as db:
            return [tuple(row) for row in await db.execute_fetchall(query)]

    async def asked(self) -> list[Any]:
        """What the daemon will look at because of comparisons."""
        return await self.rows("SELECT subject, backfill FROM followups WHERE compared")

    def write(self, **reconcile: Any) -> None:
        """Its configuration."""
        self.config = processes.write_config(
            self.folder,
            store={"url": self.store.url, "connect_to": f"127.0.0.1:{self.store.site.port}"},
            gateway={"url": self.gateway.url, "poll_every": "50ms"},
            updates={"wait": "0s"},
            admin={"listen": f"127.0.0.1:{agents.closed_port()}"},
            reconcile={"requests_per_minute": 6000, **reconcile},
        )


@pytest.fixture
async def left(tmp_path: Path) -> AsyncIterator[Left]:
    gateway = Gateway(tmp_path / "gateway.db", SystemClock(), token=agents.TOKEN)
    store = Store(
        SystemClock(), consumer_key=agents.KEY, consumer_secret=agents.SECRET, rng=random.Random(1)
    )
    async with gateway.serving(), store.serving(deliver=False):
        left = Left(store, gateway, tmp_path, tmp_path / "brand.toml")
        left.write()
        settings = loading.load(config=left.config, environ={}).settings
        async with agents.running(settings) as agent:
            shop = Shop(store, gateway, agent, left.config)
            await agents.begun(agent, gateway)
            for topic in TOPICS:
                store.add_webhook(topic, agents.url(agent), recordings.SECRET)
            store.add_product("MUG-1", stock=40)
            order = store.place_order([("MUG-1", 2)])
            await shop.deliver()
            store.refund(order, {"MUG-1": 1}, restock=False)
            await shop.deliver()
            await gateway.until(lambda: any(s.startswith("refund/") for s in shop.told()))
            await shop.update(
                {"id": "u-1", "kind": "stock", "version": 1, "sku": "MUG-1", "quantity": 30}
            )
            await shop.deliver()
        yield left


async def test_both_ends_agree(left: Left) -> None:
    done = await left.run("reconcile", "orders")
    assert done.exit_code == 0, done.output
    told = done.stdout.splitlines()
    assert told[0] == "orders: 1 in the store, 1 accepted"
    assert told[1] == "refunds: 1 in the store, 1 accepted"
    assert "oldest event that waits: none" in told
    assert told[-1] == "both ends agree"
    assert done.stderr.splitlines() == ["orders: 1 compared", "refunds: 1 compared"]

    done = await left.run("reconcile", "stock")
    assert done.exit_code == 0, done.output
    assert "stock: 1 of 1 SKUs show the intended figure (100.00 %)" in done.stdout
    assert done.stdout.splitlines()[-1] == "both ends agree"
    assert await left.rows("SELECT * FROM audit") == []


async def test_a_lost_order_is_named_and_asked_for(left: Left) -> None:
    lost = f"order/{left.store.place_order([('MUG-1', 1)])}"
    done = await left.run("reconcile", "orders", "--dry-run")
    assert done.exit_code == 1
    assert "orders: 2 in the store, 1 accepted" in done.stdout
    assert f"  {lost}  missing" in done.stdout.splitlines()
    assert done.stdout.splitlines()[-1] == "both ends do not agree"
    assert "would be asked for: 1 to be read" in done.stderr
    assert await left.asked() == await left.rows("SELECT * FROM audit") == []

    done = await left.run("reconcile", "orders", "--json")
    assert done.exit_code == 1
    made = json.loads(done.stdout)
    assert made["agreed"] is False
    assert made["orders"]["not_accepted"] == [{"subject": lost, "reason": "missing"}]
    assert made["products"] is None
    assert "asked for: 1 to be read" in done.stderr
    assert "no daemon answers: that waits for its next start: woo-agent run" in done.stderr
    assert await left.asked() == [(lost, 0)]
    [(who, action, target)] = await left.rows("SELECT who, action, target FROM audit")
    assert (action, target) == ("reconcile", "orders")
    assert who

    settings = loading.load(config=left.config, environ={}).settings
    async with agents.running(settings):  # its next start
        await left.gateway.until(lambda: lost in left.gateway.subjects(agents.STORE))
        assert await status.is_up(settings)
    assert not await status.is_up(settings)


@pytest.mark.parametrize("dry", [True, False])
async def test_what_was_told_and_changed_since_is_open_until_it_is_read(
    left: Left, dry: bool
) -> None:
    [number] = left.store.shop.orders
    left.store.shop.orders[number].modified += timedelta(minutes=1)
    [product] = await left.rows("SELECT subject FROM register WHERE subject GLOB 'product/*'")
    await drifted(left)
    for what, subject in (("orders", f"order/{number}"), ("stock", product[0])):
        done = await left.run("reconcile", what, *(["--dry-run"] if dry else []))
        assert done.exit_code == 1
        assert f"  {subject}  changed" in done.stdout.splitlines()
    assert len(await left.asked()) == (0 if dry else 2)


async def test_a_refund_that_nobody_told_of_is_a_day_that_differs(left: Left) -> None:
    [number] = left.store.shop.orders
    left.store.refund(number, {"MUG-1": 1}, restock=False)
    done = await left.run("reconcile", "orders", "--dry-run")
    assert done.exit_code == 1
    today = f"{SystemClock().now():%Y-%m-%d}"
    [day] = [line.split() for line in done.stdout.splitlines() if today in line]
    assert day == [today, "EUR", "20.00", "(2)", "10.00", "(1)"]
    [total] = [line.split() for line in done.stdout.splitlines() if "all days" in line]
    assert total[2:] == day[1:]


async def drifted(left: Left) -> Any:
    """Somebody changes a figure in the store, and no webhook tells."""
    product = left.store.shop.catalog.with_sku("MUG-1")
    assert product is not None
    product.stock = 35
    return product.id


async def test_stock_that_drifted_is_shown_with_its_cause(left: Left) -> None:
    await drifted(left)
    done = await left.run("reconcile", "stock")
    assert done.exit_code == 1
    assert "stock: 0 of 1 SKUs show the intended figure (0.00 %)" in done.stdout
    assert ["MUG-1", "quantity", "35", "28", "written_by_others"] in [
        line.split() for line in done.stdout.splitlines()
    ]
    assert await left.rows("SELECT product_id FROM stock_checks WHERE unchecked") == []


@pytest.mark.parametrize("dry", [True, False])
async def test_it_is_put_right_where_that_is_wanted(left: Left, dry: bool) -> None:
    left.write(stock="repair")
    product = await drifted(left)
    done = await left.run("reconcile", "stock", *(["--dry-run"] if dry else []))
    assert done.exit_code == 1
    assert "1 to be put right in the store" in done.stderr
    marked = await left.rows("SELECT product_id FROM stock_checks WHERE unchecked")
    assert marked == ([] if dry else [(product,)])
    audited = await left.rows("SELECT action, target FROM audit")
    assert audited == ([] if dry else [("reconcile", "stock")])
    assert left.store.stock("MUG-1") == 35


async def test_history_is_loaded_as_such(left: Left) -> None:
    number = left.store.place_order([("MUG-1", 1)])
    before = SystemClock().now() - timedelta(days=90)
    order = left.store.shop.orders[number]
    order.created = order.modified = before
    assert (await left.run("reconcile", "orders")).exit_code == 0  # it is nobody's business

    since = clock.iso(before - timedelta(days=1))
    done = await left.run("reconcile", "orders", "--since", since, "--dry-run")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "would be asked for: 1 to be read (1 as history)"
    assert await left.asked() == []

    done = await left.run("reconcile", "orders", "--since", since)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "asked for: 1 to be read (1 as history)"
    assert await left.asked() == [(f"order/{number}", 1)]
    assert await left.rows("SELECT reason FROM audit") == [(f"since {since}",)]

    later = clock.iso(SystemClock().now() + timedelta(minutes=1))
    done = await left.run("reconcile", "orders", "--since", later)
    assert done.stdout.splitlines()[-1] == "asked for: nothing"


async def test_a_moment_without_a_zone_is_utc(left: Left) -> None:
    done = await left.run("reconcile", "orders", "--since", "2026-01-01", "--json")
    assert json.loads(done.stdout)["since"] == "2026-01-01T00:00:00Z"


async def test_a_store_that_is_away_is_not_reachable(left: Left) -> None:
    await left.store.site.refuse()
    with pytest.raises(errors.StoreUnavailableError) as failed:
        await left.run("reconcile", "orders")
    assert failed.value.exit_code == 3


async def test_a_store_that_goes_away_on_the_way_is_not_reachable(left: Left) -> None:
    left.store.site.misbehave(Fault.SERVER_ERROR, under="/coupons")
    with pytest.raises(errors.StoreUnavailableError):
        await left.run("reconcile", "stock")


async def test_history_is_of_orders(left: Left) -> None:
    with pytest.raises(errors.UsageError, match="--since is for orders"):
        await left.run("reconcile", "stock", "--since", "2026-01-01")


async def test_before_the_orders_are_known_nothing_is_compared(tmp_path: Path) -> None:
    config = processes.write_config(tmp_path)
    left = Left(None, None, tmp_path, config)  # type: ignore[arg-type]
    with pytest.raises(errors.StorageError, match="no state"):
        await left.run("reconcile", "orders")
    async with database.opened(tmp_path / "state"):
        pass
    with pytest.raises(errors.AgentError, match="not read the store's orders yet") as failed:
        await left.run("reconcile", "orders")
    assert (failed.value.exit_code, failed.value.hint) == (1, "woo-agent run")
