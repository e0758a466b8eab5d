"""What the gateway says of itself is honoured, and another instance stops both lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.demo import gateway_checks
from agent.storage import outbox_view
from tests import agents, recordings

if TYPE_CHECKING:
    from tests.flows.shop import Ends

CUSTOMERS = "retail.customer.snapshot.v1"


async def test_what_is_not_accepted_is_kept_and_sent_once_it_is(ends: Ends) -> None:
    others = [kind for kind in gateway_checks.TYPES if kind != CUSTOMERS]
    ends.gateway.accept(*others)
    async with ends.agent() as shop:
        await shop.post(recordings.webhook(12), recordings.webhook(14))
        counts = await shop.until(lambda outbox: not outbox["pending"])
        assert counts["discarded"] == 1
        assert shop.told() == ["order/1022"]
        [customer] = [
            row
            for row in await shop.agent._db.read(outbox_view.rows, outbox_view.Filter(limit=10))
            if row["type"] == CUSTOMERS
        ]
        assert (customer["state"], customer["attempts"]) == ("discarded", 0)
        assert "does not name this type" in customer["last_error"]
    ends.gateway.accept(*others, CUSTOMERS)
    async with ends.agent() as shop:
        await shop.until(lambda _: len(shop.told()) == 2)
        assert shop.told() == ["order/1022", customer["subject"]]
        [event] = [e for e in ends.gateway.events(agents.STORE) if e["type"] == CUSTOMERS]
        assert event["id"] == customer["id"]
        assert "replay" not in event


async def test_another_instance_stops_both_lines_and_health_says_so(ends: Ends) -> None:
    ends.store.add_product("MUG-1", stock=40)
    async with ends.agent() as shop:
        await agents.begun(shop.agent, ends.gateway)
        ours = shop.agent._db.instance
        ends.gateway.faults.refuse_everything(409, code="another_instance", instance=ours)
        await shop.post(recordings.webhook(14))
        ends.gateway.publish(
            agents.STORE,
            {"id": "u-1", "kind": "stock", "sku": "MUG-1", "version": 1, "quantity": 3},
        )
        while (await shop.check("gateway:connection"))["status"] != "fail":
            seen = ends.gateway.site.requests
            await ends.gateway.until(lambda seen=seen: ends.gateway.site.requests > seen)  # type: ignore[misc]
        assert "another_instance" in (await shop.check("gateway:connection"))["output"]
        assert shop.told() == []
        assert ends.gateway.results(agents.STORE) == []
        assert (await shop.agent.outbox())["pending"] >= 1
        assert ends.store.product("MUG-1")["stock_quantity"] == 40
