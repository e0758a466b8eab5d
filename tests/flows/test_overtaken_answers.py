"""A figure counts an order whose answer is not there yet: its units are held back for so long, and
no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.demo.site import Fault
from tests import agents

if TYPE_CHECKING:
    from tests.clock import SteppedClock
    from tests.flows.shop import Shop

SKU, STOCK, SOLD = "MUG-1", 100, 2
LEFT = STOCK - SOLD
RIGHT_WITHIN_S = 10


@pytest.mark.timeout(40)
@pytest.mark.parametrize("is_lost", [False, True], ids=["accepted", "duplicate"])
async def test_the_figure_is_right_once_the_answer_is_there(
    shop: Shop, clock: SteppedClock, is_lost: bool
) -> None:
    """A lost one comes when the event was sent again."""
    await agents.begun(shop.agent, shop.gateway)
    shop.store.add_product(SKU, stock=STOCK)
    await shop.deliver()
    await shop.update(*shop.figures([SKU], 1, STOCK), status="unchanged")
    if is_lost:
        shop.gateway.site.misbehave(Fault.DROP, times=1, under="/events")
    shop.gateway.hold_answers()
    subject = f"order/{shop.store.place_order([(SKU, SOLD)])}"
    await shop.store.deliver_pending()
    await shop.gateway.until(lambda: subject in shop.gateway.subjects(agents.STORE))
    await shop.update(*shop.figures([SKU], 2, LEFT))
    await shop.compared(clock)
    assert shop.store.stock(SKU) == LEFT - SOLD  # nobody can know yet that it counts the order

    shop.gateway.release_answers()
    await shop.until(lambda outbox: not outbox["pending"])
    await shop.store.site.until(lambda: shop.store.stock(SKU) == LEFT, timeout=RIGHT_WITHIN_S)
    [order] = [e for e in shop.gateway.events(agents.STORE) if e["subject"] == subject]
    assert order["received"] == 1 + is_lost
