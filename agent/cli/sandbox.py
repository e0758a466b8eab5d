"""``woo-agent sandbox``: the stand-ins on their own, for people who build a gateway."""

from __future__ import annotations

import asyncio
import random
import signal
import tempfile
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated, Any

import typer

from agent import errors
from agent.cli import output
from agent.clock import SystemClock
from agent.settings import TcpAddress, addresses

app = typer.Typer(help="The stand-ins on their own.", no_args_is_help=True)

KEY, SECRET, TOKEN = "ck_sandbox", "cs_sandbox", "sandbox"
STORE = "sandbox"


@app.command()
def gateway(
    listen: Annotated[str, typer.Option("--listen", help="host:port")] = "127.0.0.1:8090",
    journal: Annotated[
        Path | None, typer.Option("--journal", help="Its SQLite file; default: a new one.")
    ] = None,
    token: Annotated[str, typer.Option("--token", help="What agents must bring.")] = TOKEN,
) -> None:
    """Run a gateway that implements protocol v1 on a SQLite file."""
    from agent.demo.gateway import Gateway  # the daemon starts without the stand-ins

    address = _address(listen)
    with tempfile.TemporaryDirectory() as folder:
        file = journal or Path(folder) / "gateway.db"

        async def serve() -> None:
            stand_in = Gateway(file, SystemClock(), token=token)
            await _until_stopped(
                stand_in.serving(address.host, address.port),
                lambda url: f'[gateway]\nurl = "{url}"\ntoken = "{token}"',
            )

        asyncio.run(serve())


@app.command()
def store(
    listen: Annotated[str, typer.Option("--listen", help="host:port")] = "127.0.0.1:8080",
    products: Annotated[int, typer.Option("--products", min=0, help="Products in it.")] = 20,
) -> None:
    """Run a WooCommerce store that behaves as recordings of a real one show."""
    from agent.demo.store import Store

    address = _address(listen)

    async def serve() -> None:
        stand_in = Store(
            SystemClock(), consumer_key=KEY, consumer_secret=SECRET, rng=random.Random(1)
        )
        for number in range(1, products + 1):
            stand_in.add_product(f"SKU-{number:03d}", price="10.00", stock=100)
        await _until_stopped(
            stand_in.serving(address.host, address.port),
            lambda url: (
                f'[store]\nid = "{STORE}"\nurl = "{url}"\n'
                f'consumer_key = "{KEY}"\nconsumer_secret = "{SECRET}"'
            ),
        )

    asyncio.run(serve())


async def _until_stopped(
    serving: AbstractAsyncContextManager[Any], snippet: Callable[[str], str]
) -> None:
    """Prints what ``snippet`` makes of the URL, then serves until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        async with serving as stand_in:
            output.say("listening; for the agent's configuration:")
            print(snippet(stand_in.url), flush=True)
            await stop.wait()
    except OSError as error:
        raise errors.StartError(
            f"can't listen: {error.strerror or error}", hint="give it another --listen host:port"
        ) from error


def _address(listen: str) -> TcpAddress:
    try:
        return addresses.tcp_address(listen)
    except ValueError as error:
        raise errors.UsageError(
            f"--listen {error}", hint="woo-agent sandbox gateway --listen 127.0.0.1:8090"
        ) from error
