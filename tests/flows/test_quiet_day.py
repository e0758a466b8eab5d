"""What the gateway's answers tell of orders costs the store nothing where they change no figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import agents

if TYPE_CHECKING:
    from collections import Counter

    from tests.clock import SteppedClock
    from tests.flows.shop import Shop

ORDERS = 1000
SKUS = [f"MUG-{number}" for number in range(20)]
STOCK = 500
SOLD = ORDERS // len(SKUS)


async def _asked(shop: Shop, clock: SteppedClock) -> Counter[str]:
    """Requests about products and orders so far, once there are no more."""
    asked = None
    while asked != (asked := shop.store.site.asked.copy()):
        await shop.compared(clock)
    for request in list(asked):
        if "/products" not in request and "/orders" not in request:
            del asked[request]
    return asked


@pytest.mark.timeout(180)
async def test_a_day_of_orders_that_change_no_figure_costs_no_request(
    shop: Shop, clock: SteppedClock
) -> None:
    """The shop takes their units itself: it shows the right figure before they are accepted, after
    that, and when the ERP counts them."""
    await agents.begun(shop.agent, shop.gateway)
    for sku in SKUS:
        shop.store.add_product(sku, stock=STOCK - 1)
    await shop.deliver()
    await shop.update(*shop.figures(SKUS, 1, STOCK))
    await shop.deliver()
    shop.gateway.hold_answers()
    for number in range(ORDERS):
        shop.store.place_order([(SKUS[number % len(SKUS)], 1)])
    await shop.store.deliver_pending()
    await shop.until(lambda outbox: not outbox["unjudged"])
    asked = await _asked(shop, clock)

    shop.gateway.release_answers()
    await shop.until(lambda outbox: not outbox["pending"])
    assert await _asked(shop, clock) == asked
    await shop.update(*shop.figures(SKUS, 2, STOCK - SOLD), status="unchanged")
    assert await _asked(shop, clock) == asked
    assert {shop.store.stock(sku) for sku in SKUS} == {STOCK - SOLD}
