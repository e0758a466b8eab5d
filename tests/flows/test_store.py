"""The store itself, told to the gateway at the start and where it changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.demo.shop.profile import Profile
from agent.model.store import Store
from tests import agents

if TYPE_CHECKING:
    from tests.flows.shop import Ends

VERSIONS = {"10.5": ("10.5.0", "6.9.7"), "8.4": ("8.4.0", "6.4.10")}
TAXES_AND_TABLES = {"10.5": (False, True), "8.4": (True, False)}


def told(ends: Ends) -> list[dict[str, Any]]:
    found = ends.gateway.events(agents.STORE)
    return [event for event in found if event["subject"] == f"store/{agents.STORE}"]


async def test_the_store_is_told_at_the_start_and_where_it_changed_since(
    ends: Ends, profile: Profile
) -> None:
    async with ends.agent():
        await ends.gateway.until(lambda: len(told(ends)) == 1)
    [first] = told(ends)
    assert first["type"] == "retail.store.snapshot.v1"
    shown = Store.model_validate(first["data"])
    gross, tables = TAXES_AND_TABLES[profile.short]
    assert (shown.currency, shown.prices_include_tax, shown.timezone) == ("EUR", gross, "+00:00")
    assert (shown.versions.woocommerce, shown.versions.wordpress) == VERSIONS[profile.short]
    assert (shown.stock.managed, shown.stock.hold_minutes, shown.order_tables) == (True, 60, tables)
    async with ends.agent() as shop:  # nothing changed
        await ends.store.site.until(lambda: ends.store.site.requests >= 5)
        await agents.begun(shop.agent, ends.gateway)
        await shop.until(lambda outbox: not outbox["unjudged"] and not outbox["pending"])
    ends.store.shop.currency = "USD"
    async with ends.agent():
        await ends.gateway.until(lambda: len(told(ends)) == 2)
    assert told(ends)[1]["data"] == first["data"] | {"currency": "USD"}
