"""``woo-agent demo``: store and gateway stand-ins plus the real daemon in one process, narrated."""

from __future__ import annotations

import asyncio
import random
import secrets
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import SecretStr

from agent.cli import arguments, output, sandbox
from agent.clock import SystemClock
from agent.ops import logs
from agent.ops.systemd import Notifier
from agent.settings import GatewaySettings, LogSettings, Settings
from agent.settings.addresses import BaseUrl
from agent.settings.words import Secret

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
    gateway: Annotated[
        str | None,
        typer.Option("--gateway", metavar="URL", help="Tell this gateway, not a stand-in."),
    ] = None,
    token: Annotated[
        str,
        typer.Option("--token", envvar="WOO_AGENT__GATEWAY__TOKEN", help="What --gateway wants."),
    ] = sandbox.TOKEN,
) -> None:
    """Play a day in a shop against the real agent; exits 0 only if nothing was lost or wrong."""
    own = None
    if gateway is not None:
        fit = partial(arguments.fit, hint="woo-agent demo --gateway http://127.0.0.1:8090")
        own = GatewaySettings(
            url=fit("--gateway", BaseUrl, gateway), token=fit("--token", Secret, token)
        )
    # Why somebody's own gateway takes nothing stands in the log, not in the tally.
    logs.configure(LogSettings(level="warning" if own else "error"))
    played = orders if own else orders + UPDATES
    with tempfile.TemporaryDirectory() as folder, _progress(played) as advance:
        if own:
            play = _play_against(own, Path(folder), orders, seed, advance, serve=serve)
        else:
            play = _play(Path(folder), orders, seed, advance, serve=serve)
        lines = asyncio.run(play)
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
        own = GatewaySettings(url=gateway.url, token=SecretStr(_TOKEN))
        settings = _settings(folder, STORE, store.url, own)
        around = daemon.Surroundings(clock, random.Random(seed), Notifier({}))
        async with daemon.running(settings, around) as agent:
            output.say(f"store {store.url}, gateway {gateway.url}, agent http://{agent.webhooks}")
            await store.site.until(lambda: scenario.has_webhooks(store), WITHIN_S)
            output.say("the agent has registered its webhooks in the store")
            expected = scenario.stock_up(store)
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
            _print(lines, "nothing lost, nothing doubled")
            await _stay(agent, serve)
    return lines


async def _play_against(
    gateway: GatewaySettings,
    folder: Path,
    orders: int,
    seed: int,
    advance: Callable[[], None],
    *,
    serve: bool,
) -> list[Any]:
    """What somebody's own gateway can be told; what became of it, as far as the agent knows."""
    from agent import daemon
    from agent.cli import demo_gateway
    from agent.demo import scenario, tally
    from agent.demo.store import Store

    clock, rng = SystemClock(), random.Random(seed)
    store_id = f"{STORE}-{secrets.token_hex(4)}"
    await demo_gateway.knock(gateway, store_id, clock)
    output.say(
        f"{gateway.url} gets the events of {orders} orders that nobody placed, and heartbeats, all"
        f" for store {store_id}; they stay there"
    )
    store = Store(clock, consumer_key="ck_demo", consumer_secret="cs_demo", rng=rng)
    async with store.serving():
        settings = _settings(folder, store_id, store.url, gateway)
        around = daemon.Surroundings(clock, random.Random(seed), Notifier({}))
        async with daemon.running(settings, around) as agent:
            output.say(f"store {store.url}, agent http://{agent.webhooks}")
            await store.site.until(lambda: scenario.has_webhooks(store), WITHIN_S)
            output.say("the agent has registered its webhooks in the store")
            scenario.stock_up(store)
            await scenario.take_orders(store, None, rng, orders, told=output.say, advance=advance)
            outbox = await demo_gateway.settled(agent, store, clock)
            found = await demo_gateway.accepted(settings.state.dir)
            lines = tally.known(store, outbox, *found)
            _print(lines, "nothing lost, as far as the agent knows", tally.LEFT_OUT)
            await _stay(agent, serve)
    return lines


async def _stay(agent: Daemon, serve: bool) -> None:
    if serve:
        output.say(f"health: http://{agent.admin}/health; ends with Ctrl-C")
        await asyncio.Event().wait()


async def _quiet(agent: Daemon, store: Any) -> Any:
    """Waits until everything that the store said has been settled; the counts then."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            await store.delivered()
            outbox = await agent.outbox()
            if not outbox["pending"]:
                return outbox
            await asyncio.sleep(_LOOK_S)


def _settings(folder: Path, store_id: str, store_url: str, gateway: GatewaySettings) -> Settings:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        here = f"127.0.0.1:{probe.getsockname()[1]}"
    return Settings.model_validate(
        {
            "store": {
                "id": store_id,
                "url": store_url,
                "consumer_key": "ck_demo",
                "consumer_secret": "cs_demo",
            },
            "webhooks": {
                "listen": here,
                "secret": _SECRET,
                "delivery_url": f"http://{here}/webhooks",
            },
            "gateway": gateway,
            "state": {"dir": str(folder / "state"), "min_free": 0},
            "admin": {"listen": "127.0.0.1:0"},
            "stop_grace": "5s",
        }
    )


def _print(lines: list[Any], well: str, left_out: Sequence[str] = ()) -> None:
    width = max(len(line.what) for line in lines)
    for line in lines:
        print(f"{'ok   ' if line.holds else 'WRONG'} {line.what:<{width}}  {line.found}")
    for what in left_out:
        print(f"left out: {what}")
    print(well if all(line.holds for line in lines) else "NOT as it must be")


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
