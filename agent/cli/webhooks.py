"""``woo-agent webhooks``: what the store has registered against what it should have."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any

import typer

from agent import errors
from agent.cli import output, state
from agent.clock import SystemClock
from agent.model.registration import Records
from agent.reconcile import repair as repairing
from agent.reconcile import webhooks
from agent.reconcile.webhooks import Topic
from agent.settings import Settings
from agent.storage.registrations import Book
from agent.woo import client as woo
from agent.woo.translate import broken
from agent.woo.webhook_registry import Registry

app = typer.Typer(help="The webhooks that the store has registered.", no_args_is_help=True)

_COLUMNS = ("topic", "id", "status", "url", "finding")
_HINT = "woo-agent webhooks repair"


@app.command()
def status(
    as_json: state.AsJson = False,
    config: state.ConfigFile = None,
    instance: state.Instance = None,
) -> None:
    """Ask the store: exits 0 if all is well, 1 if it does not tell everything, 3 if it is away."""
    of, url = _watched(config, instance)
    topics = asyncio.run(_asked(of, url))
    lost = [one.topic for one in topics if one.is_losing]
    if as_json:
        output.as_json({"delivery_url": url, "webhooks": list(map(_row, topics))})
    else:
        output.table(list(map(_row, topics)), _COLUMNS)
    if lost:
        output.say(f"{len(lost)} to be repaired: {_HINT}")
        raise typer.Exit(1)


@app.command()
def repair(
    as_json: state.AsJson = False,
    config: state.ConfigFile = None,
    instance: state.Instance = None,
) -> None:
    """Do what the daemon does every minute; exits 1 if something could not be repaired."""
    of, url = _watched(config, instance)
    done: list[Topic] = []

    def tell(one: Topic) -> None:
        done.append(one)
        if not as_json:
            print(f"{one.topic}: was {one.found}, put right")

    left = asyncio.run(_repaired(of, url, tell))
    if as_json:
        told = [{"topic": one.topic, "found": one.found} for one in done]
        output.as_json({"delivery_url": url, "repaired": told, "left": left})
    else:
        print(f"{len(done)} repaired, {len(left)} not")
    for topic, why in left.items():
        output.say(f"{topic}: {why}")
    if left:
        raise typer.Exit(1)


def _watched(config: Any, instance: str | None) -> tuple[Settings, str]:
    of = state.settings(config, instance)
    if of.webhooks.delivery_url is None:
        raise errors.ConfigError(
            "webhooks.delivery_url is not set: which webhooks are ours?",
            hint="set it to the address at which the store reaches us: woo-agent config show",
        )
    return of, of.webhooks.delivery_url


async def _asked(of: Settings, url: str) -> Sequence[Topic]:
    clock, rng = SystemClock(), random.SystemRandom()
    async with woo.opened(of.store, clock=clock, rng=rng) as client:
        listed = await Registry(client, of.webhooks).all()
    return webhooks.plan(listed, await _records(of), url, clock.now())


async def _records(of: Settings) -> Records:
    try:
        async with state.opened(of, readonly=True) as opened:
            return await Book(opened, broken.is_its_webhooks_fault, clock=SystemClock()).records()
    except errors.StorageError:  # no daemon has run here yet, or not this version
        return Records({})


async def _repaired(of: Settings, url: str, tell: Callable[[Topic], None]) -> dict[str, str]:
    clock, rng = SystemClock(), random.SystemRandom()
    async with (
        state.opened(of, readonly=False) as opened,
        woo.opened(of.store, clock=clock, rng=rng) as client,
    ):
        registry = Registry(client, of.webhooks)
        book = Book(opened, broken.is_its_webhooks_fault, clock=clock, by=state.who())
        topics = await repairing.look(registry, book, url, clock.now())
        return await repairing.repair(registry, book, topics, tell)


def _row(one: Topic) -> dict[str, Any]:
    told = one.webhook
    return {
        "topic": one.topic,
        "id": told.id if told else None,
        "status": told.status if told else None,
        "url": told.delivery_url if told else None,
        "finding": one.found,
    }
