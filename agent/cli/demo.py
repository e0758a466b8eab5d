"""``woo-agent demo``: store and gateway stand-ins plus the real daemon in one process, narrated."""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import output
from agent.clock import SystemClock
from agent.ops import logs
from agent.ops.systemd import Notifier
from agent.settings import LogSettings, Settings

if TYPE_CHECKING:
    from agent.daemon import Daemon

UPDATES = 300
LATE_ORDERS = 10
WITHIN_S = 60.0
STORE = "demo"
_SECRET, _TOKEN = "demo-secret", "demo-token"
_LOOK_S = 0.05


def demo(
    orders: Annotated[int, typer.Option("--orders", min=10, help="How many orders.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another day.")] = 1,
    serve: Annotated[bool, typer.Option("--serve", help="Keep it up afterwards.")] = False,
) -> None:
    """Play a day in a shop against the real agent; exits 0 only if nothing was lost or wrong."""
    logs.configure(LogSettings(level="error"))
    with tempfile.TemporaryDirectory() as folder, _progress(orders + UPDATES) as advance:
        lines = asyncio.run(_play(Path(folder), orders, seed, advance, serve=serve))
    if not all(line.holds for line in lines):
        raise typer.Exit(1)


async def _play(
    folder: Path, orders: int, seed: int, advance: Callable[[], None], *, serve: bool
) -> list[Any]:
    from agent import daemon
    from agent.demo import scenario, tally  # other commands start without the stand-ins
    from agent.demo.gateway import Gateway
    from agent.demo.store import Store

    clock, rng = SystemClock(), random.Random(seed)
    store = Store(clock, consumer_key="ck_demo", consumer_secret="cs_demo", rng=rng)
    gateway = Gateway(folder / "gateway.db", clock, token=_TOKEN)
    async with store.serving(), gateway.serving():
        settings = _settings(folder, store.url, gateway.url)
        around = daemon.Surroundings(clock, random.Random(seed), Notifier({}))
        async with daemon.running(settings, around) as agent:
            output.say(f"store {store.url}, gateway {gateway.url}, agent http://{agent.webhooks}")
            expected = scenario.stock_up(store, f"http://{agent.webhooks}/webhooks", _SECRET)
            output.say(f"{orders} orders, with refunds and cancellations")
            await scenario.take_orders(
                store, gateway, rng, orders, told=output.say, advance=advance
            )
            for sku, stock in expected.stock.items():
                expected.stock[sku] = stock if stock is None else store.stock(sku)
            await _quiet(agent, store)
            booked = gateway.head_position(STORE)
            late = scenario.late_orders(store, rng, expected, LATE_ORDERS)
            output.say(
                f"the ERP sends {UPDATES} stock and price updates, bad ones among them;"
                f" it has not seen the last {LATE_ORDERS} orders"
            )
            for update in scenario.updates(
                expected, rng, UPDATES, seen_position=booked, unseen=late
            ):
                gateway.publish(STORE, update)
                advance()
            await gateway.until(
                lambda: len(gateway.results(STORE)) >= len(expected.results), timeout=WITHIN_S
            )
            outbox = await _quiet(agent, store)
            lines = tally.events(store, gateway, STORE, outbox)
            lines += tally.figures(store, gateway, STORE, expected)
            _print(lines)
            if serve:
                output.say(f"health: http://{agent.admin}/health; ends with Ctrl-C")
                await asyncio.Event().wait()
    return lines


async def _quiet(agent: Daemon, store: Any) -> Any:
    """Waits until everything that the store said has been settled; the counts then."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            await store.delivered()
            outbox = await agent.outbox()
            if not outbox["pending"]:
                return outbox
            await asyncio.sleep(_LOOK_S)


def _settings(folder: Path, store_url: str, gateway_url: str) -> Settings:
    return Settings.model_validate(
        {
            "store": {
                "id": STORE,
                "url": store_url,
                "consumer_key": "ck_demo",
                "consumer_secret": "cs_demo",
            },
            "webhooks": {"listen": "127.0.0.1:0", "secret": _SECRET},
            "gateway": {"url": gateway_url, "token": _TOKEN},
            "state": {"dir": str(folder / "state"), "min_free": 0},
            "admin": {"listen": "127.0.0.1:0"},
            "stop_grace": "5s",
        }
    )


def _print(lines: list[Any]) -> None:
    width = max(len(line.what) for line in lines)
    for line in lines:
        print(f"{'ok   ' if line.holds else 'WRONG'} {line.what:<{width}}  {line.found}")
    print(
        "nothing lost, nothing doubled"
        if all(line.holds for line in lines)
        else "NOT as it must be"
    )


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """A bar where stderr is a terminal; else nothing moves."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich import console, progress

    with progress.Progress(console=console.Console(stderr=True), transient=True) as bar:
        task = bar.add_task("demo", total=total)
        yield lambda: bar.advance(task)
