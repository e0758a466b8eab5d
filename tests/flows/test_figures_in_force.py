"""What is told once more changes no figure that is in force: replays, resends, and a gateway that
was restored from a backup."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from agent.clock import SystemClock
from tests import agents, processes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.clock import SteppedClock
    from tests.flows.shop import Shop

    Figures = tuple[int | None, ...]

COUNTED, UNSEEN, RETURNED, EDITED = SKUS = ("COUNTED", "UNSEEN", "RETURNED", "EDITED")
STOCK = 100
LEFT = 97
SHOWN = (97, 96, 97, 95)
_LOOK_S = 0.005


async def replayed(shop: Shop) -> None:
    """By a person."""
    done = await processes.run(
        *("outbox", "replay", "--since", "2020-01-01"), "--config", str(shop.config)
    )
    assert done.exit_code == 0, done.stderr


async def resent(shop: Shop) -> None:
    """At the gateway's request."""
    shop.gateway.publish(agents.STORE, {"id": "r-1", "kind": "resend", "since_position": 0})


async def restored(shop: Shop) -> None:
    """To what it was before it had the figures' orders."""
    shop.gateway.rewind(agents.STORE, 1)


async def restored_without_head(shop: Shop) -> None:
    """It does not tell how much is left."""
    shop.gateway.faults.hides_head = True
    await restored(shop)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("again", [replayed, resent, restored, restored_without_head])
async def test_what_is_told_again_changes_no_figure(
    shop: Shop, clock: SteppedClock, again: Callable[[Shop], Awaitable[None]]
) -> None:
    await _trade(shop, clock)
    orders = [e for e in shop.gateway.events(agents.STORE) if e["subject"].startswith("order/")]
    async with _watched(shop) as seen:
        shop.gateway.hold_answers()
        batches = len(shop.gateway.batches(agents.STORE))
        await again(shop)
        await shop.gateway.until(lambda: len(shop.gateway.batches(agents.STORE)) > batches)
        await shop.compared(clock)
        shop.gateway.release_answers()
        await shop.until(lambda outbox: not outbox["pending"])
        await shop.compared(clock)
    assert seen == {SHOWN}
    again_ids = {one for b in shop.gateway.batches(agents.STORE)[batches:] for one in b.ids}
    told_again = {event["subject"] for event in orders if event["id"] in again_ids}
    assert told_again == {event["subject"] for event in orders}

    shop.store.place_order([(sku, 1) for sku in SKUS])  # every figure is computed once more
    async with _watched(shop) as seen:
        await shop.deliver()
        await shop.compared(clock)
    assert seen == {tuple(shown - 1 for shown in SHOWN)}

    await shop.update(*shop.figures(SKUS, 3, STOCK))
    assert _shown(shop) == (STOCK,) * len(SKUS)


async def _trade(shop: Shop, clock: SteppedClock) -> None:
    """Orders that the figures count; and after them one that they do not, one that is taken back
    and one that grows."""
    await agents.begun(shop.agent, shop.gateway)
    for sku in SKUS:
        shop.store.add_product(sku, stock=STOCK)
    await shop.deliver()
    await shop.update(*shop.figures(SKUS, 1, STOCK), status="unchanged")
    placed = {sku: shop.store.place_order([(sku, STOCK - LEFT)]) for sku in SKUS}
    await shop.deliver()
    await shop.update(*shop.figures(SKUS, 2, LEFT), status="unchanged")
    shop.store.place_order([(UNSEEN, 1)])
    shop.store.set_status(placed[RETURNED], "cancelled")
    shop.store.edit_line(placed[EDITED], EDITED, 5)
    await shop.deliver()
    await shop.compared(clock)
    assert _shown(shop) == SHOWN


def _shown(shop: Shop) -> Figures:
    return tuple(shop.store.stock(sku) for sku in SKUS)


@asynccontextmanager
async def _watched(shop: Shop) -> AsyncIterator[set[Figures]]:
    """All that the shop shows from entry to exit."""
    seen: set[Figures] = set()

    async def look() -> None:
        while True:
            seen.add(_shown(shop))
            await SystemClock().sleep(_LOOK_S)

    looking = asyncio.create_task(look())
    try:
        yield seen
    finally:
        looking.cancel()
        await asyncio.wait((looking,))
    seen.add(_shown(shop))
